/** Steps that were renamed while commands of theirs were out: participants answer under the name that they were sent. */
import type { SagaState } from './state.ts'

/** Where a step is now that was sent under this path. Only steps of the saga's own scope are ever renamed. */
export function presentPath({ root }: SagaState, path: string): string {
  return root.steps.find((step) => step.sentAs === path)?.name ?? path
}
