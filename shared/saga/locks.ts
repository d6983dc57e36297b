/** Which locks a saga holds or waits for: a short list, so that its end can free them without a look at its steps. */
import type { HeldLock, SagaState, StepState } from './state.ts'

/** The state with one more step that asks for it. */
export function withAsk(state: SagaState, resource: string): SagaState {
  return counted(state, resource, 1)
}

/** The state without the ask of that step; `state` itself when it has none. */
export function withoutAsk(state: SagaState, { lock }: Pick<StepState, 'lock'>): SagaState {
  return lock ? counted(state, lock.resource, -1) : state
}

function counted(state: SagaState, resource: string, by: 1 | -1): SagaState {
  const index = state.locks.findIndex((held) => held.resource === resource)
  const asks = (state.locks[index]?.asks ?? 0) + by
  if (index < 0) return asks > 0 ? { ...state, locks: [...state.locks, { resource, asks }] } : state
  const held: HeldLock = { resource, asks }
  return { ...state, locks: asks > 0 ? state.locks.with(index, held) : state.locks.toSpliced(index, 1) }
}

/** What the end of the saga says of its locks: nothing, where there are none. */
export function freesOf({ locks }: SagaState): { readonly frees?: readonly string[] } {
  return locks.length === 0 ? {} : { frees: locks.map(({ resource }) => resource) }
}
