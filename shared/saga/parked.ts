/** What waits for a person: a list by path, and how many in each scope, so that no scope has to be searched for. */
import type { StepError } from '../message/events.ts'
import { scopesOutward } from '../message/step-path.ts'
import type { SagaState } from './state.ts'
import { withScope } from './tree.ts'

/** Whether the step, or the saga's output (`null`), waits for a person. */
export function isParked(state: SagaState, path: string | null): boolean {
  return state.parked.length > 0 && state.parked.some(({ step }) => step === path)
}

/** The state with one more, or with another error for one that is parked already. */
export function park(state: SagaState, step: string | null, error: StepError): SagaState {
  const isNew = !isParked(state, step)
  const others = isNew ? state.parked : state.parked.filter((parked) => parked.step !== step)
  const after = { ...state, parked: [...others, { step, error }] }
  return isNew ? counted(after, step, 1) : after
}

/** The state with one less, if it was parked. */
export function unpark(state: SagaState, step: string | null): SagaState {
  if (!isParked(state, step)) return state
  return counted({ ...state, parked: state.parked.filter((parked) => parked.step !== step) }, step, -1)
}

/** The state with none. */
export function unparkAll(state: SagaState): SagaState {
  const none: SagaState = { ...state, parked: [] }
  return state.parked.reduce((next, { step }) => counted(next, step, -1), none)
}

/** Counts it in the scope of the step and in all around it. */
function counted(state: SagaState, step: string | null, by: 1 | -1): SagaState {
  if (step === null) return state
  return scopesOutward(step).reduce((next, scope) => withHeld(next, scope, by), state)
}

function withHeld(state: SagaState, scope: string, by: 1 | -1): SagaState {
  return withScope(state, scope, (before) => ({ ...before, held: before.held + by }))
}

/** The state without what is parked on the way forward in a scope that turns back: it is asked for no more. */
export function unparkForward(state: SagaState, isDropped: (step: string | null) => boolean): SagaState {
  const dropped = state.parked.filter(({ step }) => isDropped(step))
  return dropped.reduce((next, { step }) => unpark(next, step), state)
}
