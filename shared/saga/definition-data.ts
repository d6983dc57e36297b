/** A definition as JSON: what can be written down, compared with the next version, and drawn, without running any of it. */
import type { Json } from '../message/json.ts'
import type { CommandStep, Definition, PlannedCommand, StepDefinition, StepKind } from './definition.ts'
import type { RetryPolicy } from './retry-policy.ts'

export interface CommandData {
  /** `payment.charge.v1` */
  readonly command: string
  readonly timeoutMs: number
  readonly retry: RetryPolicy
}

/** What a step does, and with which figures. Mappings and conditions are code: only that they are there is told. */
export type StepData = {
  readonly name: string
  readonly kind: StepKind
  /** It has a condition. */
  readonly conditional: boolean
} & (
  | ({ readonly type: 'command'; readonly undo: CommandData | null } & CommandData)
  | { readonly type: 'local' }
  /** `null`: the time comes from the saga. */
  | { readonly type: 'sleep'; readonly durationMs: number | null }
  | {
      readonly type: 'signal'
      readonly signal: string
      readonly deadlineMs: number | null
      readonly onDeadline: 'turn-back' | 'go-on'
    }
)

export interface DefinitionData {
  readonly name: string
  readonly version: number
  readonly deadlineMs: number | null
  /** In the order that they run. */
  readonly steps: readonly StepData[]
}

/** The plan of a definition, and nothing of its code. */
export function definitionData({ name, version, deadlineMs, steps }: Definition): DefinitionData {
  return { name, version, deadlineMs: deadlineMs ?? null, steps: steps.map(stepData) }
}

function stepData(step: StepDefinition): StepData {
  const { name, kind } = step
  const place = { name, kind, conditional: step.when !== undefined }
  switch (step.type) {
    case 'command':
      return { ...place, type: 'command', ...commandData(step.forward), undo: undoData(step) }
    case 'local':
      return { ...place, type: 'local' }
    case 'sleep':
      return { ...place, type: 'sleep', durationMs: typeof step.until === 'number' ? step.until : null }
    case 'signal': {
      const { signal, deadlineMs, onDeadline } = step
      return { ...place, type: 'signal', signal: signal.name, deadlineMs: deadlineMs ?? null, onDeadline }
    }
  }
}

function commandData({ command, timeoutMs, retry }: PlannedCommand): CommandData {
  return { command: command.type, timeoutMs, retry }
}

function undoData({ undo }: CommandStep): CommandData | null {
  return undo ? commandData(undo) : null
}

/** One difference between two plans: where, and what stands there in each; `undefined`: nothing. */
export interface DefinitionChange {
  /** `deadlineMs`, `steps`, or a step's name and field: `charge.timeoutMs`. */
  readonly path: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** What differs between two plans, field by field; nothing when they are the same. Name and version are not compared. */
export function changesBetween(before: DefinitionData, after: DefinitionData): readonly DefinitionChange[] {
  const order = (data: DefinitionData) => data.steps.map((step) => step.name)
  const names = [...new Set([...order(before), ...order(after)])]
  return [
    ...differences('deadlineMs', before.deadlineMs, after.deadlineMs),
    ...differences('steps', order(before), order(after)),
    ...names.flatMap((name) => stepChanges(name, stepOf(before, name), stepOf(after, name))),
  ]
}

function stepOf(data: DefinitionData, name: string): Fields | undefined {
  return data.steps.find((step) => step.name === name) as Fields | undefined
}

type Fields = { readonly [field: string]: Json }

function stepChanges(name: string, before: Fields | undefined, after: Fields | undefined): DefinitionChange[] {
  // A step that only one of them has is told by the order of the steps.
  if (!before || !after) return []
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return fields.flatMap((field) => differences(`${name}.${field}`, before[field], after[field]))
}

function differences(path: string, before: Json | undefined, after: Json | undefined): DefinitionChange[] {
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }]
}
