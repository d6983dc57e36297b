/** Where a saga stands to its pivot: what a cancel, the deadline and a parent's undo ask. */
import type { Definition } from './definition.ts'
import { type SagaState, stepIn } from './state.ts'

export type PivotStanding = 'ahead' | 'in-flight' | 'unknown' | 'passed'

/** A saga without a pivot never passes one. */
export function pivotStanding(definition: Definition, { root }: SagaState): PivotStanding {
  const pivot = definition.steps.find((step) => step.kind === 'pivot')
  const known = pivot && stepIn(root, pivot.name)
  // While it is held, it is what it was before.
  const status = known?.status === 'held' ? known.before?.status : known?.status
  if (status === 'succeeded') return 'passed'
  if (status === 'armed' || status === 'retrying') return 'in-flight'
  return status === 'given-up' ? 'unknown' : 'ahead'
}
