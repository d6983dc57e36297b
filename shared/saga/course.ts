/** The course of a saga: the next step forward, the turn, the next step back. Every ending goes through here. */
import type { CompensationCause, SagaEvent } from '../message/events.ts'
import { begin } from './begin.ts'
import { type CommandStep, commandStepNamed, type Definition } from './definition.ts'
import { apply } from './evolve.ts'
import type { Moment } from './input.ts'
import { request, runMapping } from './request.ts'
import { type SagaState, type StepState, stepState } from './state.ts'

export interface Course {
  readonly definition: Definition
  readonly moment: Moment
}

/** The events, followed by what `next` decides in the state that they lead to. */
export function followedBy(
  state: SagaState,
  events: readonly SagaEvent[],
  next: (state: SagaState) => readonly SagaEvent[],
): SagaEvent[] {
  const after = events.reduce<SagaState>((s, event) => apply(s, event, s.id), state)
  return [...events, ...next(after)]
}

/** Events after which a step is done without anything having been sent or waited for. */
const DONE_AT_ONCE: ReadonlySet<SagaEvent['type'] | undefined> = new Set([
  'step-skipped',
  'step-computed',
  'wait-ended',
])

/** The next step forward, or the end when all are done (S4: a step begins when those before it are done or skipped). */
export function proceed(course: Course, state: SagaState): SagaEvent[] {
  const { definition, moment } = course
  const next = definition.steps.find((step) => !isDone(stepState(state, step.name)))
  if (!next) return complete(definition, state)
  const events = begin(state, { definition, step: next }, moment)
  if (!DONE_AT_ONCE.has(events.at(-1)?.type)) return events
  return followedBy(state, events, (after) => proceed(course, after))
}

function isDone(step: StepState | undefined): boolean {
  return step?.status === 'succeeded' || step?.status === 'skipped'
}

function complete(definition: Definition, state: SagaState): SagaEvent[] {
  const output = runMapping(definition.output, state)
  if (output.kind === 'threw') return [{ type: 'saga-stuck', step: null, error: output.error }]
  return [{ type: 'saga-completed', output: output.value }]
}

/** Turns the saga back: the one way into compensation, whatever the cause. */
export function turnBack(course: Course, state: SagaState, cause: CompensationCause): SagaEvent[] {
  return followedBy(state, [{ type: 'compensation-started', cause }], (after) => undoNext(course, after))
}

/** The next compensation against the order of the steps (S6), or the end when nothing is left to undo (S5). */
export function undoNext(course: Course, state: SagaState): SagaEvent[] {
  const { definition, moment } = course
  const step = nextToUndo(definition, state)
  if (!step) return [{ type: 'saga-compensated' }]
  const known = stepState(state, step.name)
  const again = known?.status === 'undo-failed' || known?.status === 'undo-retrying'
  const attempt = again ? known.attempt + 1 : 1
  return request(state, { definition, step, direction: 'compensation', attempt }, moment)
}

/** Steps whose effect is done or unknown; an undo may wait to be tried again when its mapping threw and the saga was parked. */
const TO_UNDO: ReadonlySet<StepState['status']> = new Set(['succeeded', 'given-up', 'undo-failed', 'undo-retrying'])

/** The last armed step whose effect is done or unknown, and that has a compensation. */
function nextToUndo(definition: Definition, state: SagaState): CommandStep | undefined {
  for (const step of state.steps.toReversed()) {
    const planned = TO_UNDO.has(step.status) ? commandStepNamed(definition, step.name) : undefined
    if (planned?.undo) return planned
  }
  return undefined
}

export type PivotStanding = 'ahead' | 'in-flight' | 'unknown' | 'passed'

/** Where a saga stands to its pivot: what cancel and the deadline ask. A saga without a pivot never passes one. */
export function pivotStanding(definition: Definition, state: SagaState): PivotStanding {
  const pivot = definition.steps.find((step) => step.kind === 'pivot')
  const status = pivot && stepState(state, pivot.name)?.status
  if (status === 'succeeded') return 'passed'
  if (status === 'armed' || status === 'retrying') return 'in-flight'
  return status === 'given-up' ? 'unknown' : 'ahead'
}
