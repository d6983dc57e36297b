/** The next version of a generated definition: steps added, left out and renamed, an undo dropped, and the way over to it. */
import { planFaults } from '../../../shared/saga/check-plan.ts'
import type { Definition, Migration, StepDefinition } from '../../../shared/saga/definition.ts'
import { isBlock } from '../../../shared/saga/plan-tree.ts'
import type { Choices } from './choices.ts'
import type { Faults } from './faults.ts'
import { commandStep } from './steps.ts'

interface Draft {
  readonly version: number
  steps: StepDefinition[]
  readonly renames: Record<string, string>
  readonly outputs: Record<string, { n: number }>
}

type Change = (draft: Draft, choices: Choices, faults: Faults) => void

const CHANGES: readonly [readonly [number, Change], ...(readonly [number, Change])[]] = [
  [4, add],
  [3, rename],
  [3, leaveOut],
  [1, dropUndo],
]

/** `undefined`: what came out is no plan. */
export function nextVersion(definition: Definition, choices: Choices, faults: Faults): Definition | undefined {
  const version = definition.version + 1
  const draft: Draft = { version, steps: [...definition.steps], renames: {}, outputs: {} }
  const count = choices.below(4)
  for (let i = 0; i < count; i++) choices.weighted(CHANGES)(draft, choices, faults)
  const { steps, renames, outputs } = draft
  if (steps.length === 0 || planFaults({ steps }).length > 0) return undefined
  const migration: Migration = { from: definition.version, renames, keeps: [], map: () => ({ outputs }) }
  return { ...definition, version, steps, migrations: [migration] }
}

/** A command more, anywhere before the pivot or after it; some give it an output on the way over. */
function add(draft: Draft, choices: Choices, faults: Faults): void {
  const { steps, version } = draft
  const at = choices.below(steps.length + 1)
  const pivot = steps.findIndex(({ kind }) => kind === 'pivot')
  const isLate = pivot >= 0 && at > pivot
  const name = `n${version}${steps.length}`
  const before = steps.slice(0, at).map((step) => step.name)
  const after = isLate ? [steps[pivot]?.name ?? ''] : choices.some(before)
  const making = { choices, faults, left: { steps: 1, runs: 1 }, isChild: false }
  const kind = isLate ? 'retriable' : 'compensatable'
  const step = commandStep(making, { name, kind, after, needs: after.length, when: undefined })
  const rest = steps.slice(at).map((later) => {
    const waits = later.kind === 'pivot' ? !isLate : choices.percent(30) && later.kind === kind
    return waits ? { ...later, after: [...later.after, name], needs: later.needs + 1 } : later
  })
  draft.steps = [...steps.slice(0, at), step, ...rest]
  if (choices.percent(40)) draft.outputs[name] = { n: choices.below(9) }
}

function rename(draft: Draft, choices: Choices): void {
  const step = draft.steps[choices.below(draft.steps.length)]
  if (!step || isBlock(step) || Object.values(draft.renames).includes(step.name)) return
  const to = `r${draft.version}${step.name}`
  const renamed = (name: string) => (name === step.name ? to : name)
  draft.renames[step.name] = to
  if (draft.outputs[step.name]) {
    draft.outputs[to] = draft.outputs[step.name] ?? { n: 0 }
    delete draft.outputs[step.name]
  }
  draft.steps = draft.steps.map((one) => ({ ...one, name: renamed(one.name), after: one.after.map(renamed) }))
}

function leaveOut(draft: Draft, choices: Choices): void {
  const gone = draft.steps[choices.below(draft.steps.length)]
  if (!gone || gone.kind === 'pivot') return
  const pivot = draft.steps.find(({ kind }) => kind === 'pivot')?.name
  for (const [from, to] of Object.entries(draft.renames)) if (to === gone.name) delete draft.renames[from]
  delete draft.outputs[gone.name]
  draft.steps = draft.steps
    .filter((step) => step !== gone)
    .map((step) => {
      if (!step.after.includes(gone.name)) return step
      const left = step.after.filter((name) => name !== gone.name)
      const after = left.length === 0 && step.kind === 'retriable' && pivot ? [pivot] : left
      return { ...step, after, needs: Math.min(step.needs, after.length) }
    })
}

function dropUndo(draft: Draft, choices: Choices): void {
  const at = choices.below(draft.steps.length)
  const step = draft.steps[at]
  if (step?.type === 'command') draft.steps[at] = { ...step, undo: undefined, byHand: undefined }
}
