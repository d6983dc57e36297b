/** Which sagas are kept whole after their end, because something may still be asked of them. */
import type { SagaState, ScopeState } from './state.ts'

/**
 * Whether an ended saga may still be asked for: its parent may undo it (of one that was killed it hears that it cannot), or
 * a step of it that was asked for more than once and refused may turn out to have been done at an earlier attempt.
 */
export function mayBeAskedFor(state: SagaState): boolean {
  return state.parent !== undefined || (state.status !== 'failed' && hasDoubtfulStep(state.root))
}

function hasDoubtfulStep(scope: ScopeState): boolean {
  return scope.steps.some(
    (step) =>
      (step.status === 'rejected' && step.attempt >= 2) || [...(step.block?.scopes ?? [])].some(hasDoubtfulStep),
  )
}
