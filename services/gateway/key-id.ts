/** The saga id of a business key that a caller named. */
import { messageOf } from '../../shared/message/errors.ts'
import { type SagaId, sagaIdOfKey } from '../../shared/message/ids.ts'
import { Problem } from './problem.ts'

/** @throws Problem 400 when definition and key make no id. */
export function idOfKey(definition: string, key: string): SagaId {
  try {
    return sagaIdOfKey(definition, key)
  } catch (error) {
    throw new Problem(400, 'invalid-request', messageOf(error))
  }
}
