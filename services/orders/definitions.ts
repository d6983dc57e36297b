/** The sagas that these services run. */
import { Definitions } from '../../shared/saga/definition.ts'
import type { Rollout } from '../../shared/saga/rollout.ts'
import { fulfilOrder } from './fulfil-order.ts'

export const definitions = new Definitions([fulfilOrder])

/** The same, with shares of the starts that name no version. */
export function definitionsWith(rollout: Rollout): Definitions {
  return new Definitions(definitions.all, { rollout })
}
