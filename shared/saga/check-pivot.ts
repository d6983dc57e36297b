/**
 * The pivot's rules, on the outermost plan. Before it all may be undone; past it nothing is. So all that may be undone is
 * done when it begins, and all that goes forward only waits for it: nothing that can fail runs beside it.
 */
import type { StepDefinition } from './definition.ts'
import { surelyBefore } from './plan-graph.ts'
import { isSending } from './plan-tree.ts'

export interface PivotFault {
  /** The name of the step. */
  readonly step: string
  readonly message: string
}

export function pivotFaults(steps: readonly StepDefinition[]): readonly PivotFault[] {
  const [pivot, ...others] = steps.filter(({ kind }) => kind === 'pivot')
  const retriable = steps.filter(({ kind }) => kind === 'retriable')
  if (!pivot) {
    const message = 'it goes forward only, and there is no pivot that it could follow'
    return retriable.map(({ name }) => ({ step: name, message }))
  }
  const before = surelyBefore(steps)
  return [
    ...others.map(({ name }) => ({ step: name, message: `there is a pivot before it: ${pivot.name}` })),
    ...ownFaults(pivot).map((message) => ({ step: pivot.name, message })),
    ...steps
      .filter(({ kind, name }) => kind === 'compensatable' && !before.get(pivot.name)?.has(name))
      .map(({ name }) => ({ step: name, message: beside(pivot.name) })),
    ...retriable
      .filter(({ name }) => !before.get(name)?.has(pivot.name))
      .map(({ name }) => ({ step: name, message: tooEarly(pivot.name) })),
  ]
}

function ownFaults(pivot: StepDefinition): string[] {
  return [
    ...(isSending(pivot) ? [] : ['the pivot is a step that sends a command']),
    ...(pivot.when ? ['the pivot has no condition: it is never skipped'] : []),
  ]
}

function beside(pivot: string): string {
  return `it could need to be undone past the pivot: ${pivot} has to wait for it`
}

function tooEarly(pivot: string): string {
  return `it goes forward only, and could begin while the saga may still turn back: it has to wait for the pivot ${pivot}`
}
