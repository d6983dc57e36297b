/** Where a saga stands to its pivot: what a cancel, the deadline and a parent's undo ask. */
import type { Definition } from './definition.ts'
import { type SagaState, stepIn } from './state.ts'

export type PivotStanding = 'ahead' | 'in-flight' | 'unknown' | 'passed'

/** A saga without a pivot never passes one. */
export function pivotStanding(definition: Definition, state: SagaState): PivotStanding {
  return standingTo(state, pivotOf(definition))
}

/** Name of the step that is the pivot; `null`: there is none. */
export function pivotOf({ steps }: Definition): string | null {
  return steps.find(({ kind }) => kind === 'pivot')?.name ?? null
}

/** Where a saga stands whose pivot has that name. */
export function standingTo({ root }: SagaState, pivot: string | null): PivotStanding {
  const known = pivot === null ? undefined : stepIn(root, pivot)
  // While it is held, it is what it was before.
  const status = known?.status === 'held' ? known.before?.status : known?.status
  if (status === 'succeeded') return 'passed'
  // Its origin may have skipped it.
  if (status === 'given') return known?.output === undefined ? 'ahead' : 'passed'
  if (status === 'armed' || status === 'retrying') return 'in-flight'
  return status === 'given-up' ? 'unknown' : 'ahead'
}
