/** What the events of a lock ask to be sent: the answers to those that asked. From the events alone, as for sagas. */
import { type LockId, resourceOf } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { Asker, LockEnvelope } from '../message/lock-events.ts'

/** A lock's answer to a step of a saga. */
export interface AnswerAsker {
  readonly kind: 'answer-asker'
  readonly lock: LockId
  readonly asker: Asker
  readonly outcome: 'success' | 'rejected' | 'failed'
  /** `{ resource, token }`, or `{ code, message }`. */
  readonly body: Json
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
}

export function lockEffectsOf({ lockId: lock, at, event }: LockEnvelope): readonly AnswerAsker[] {
  switch (event.type) {
    case 'lock-granted': {
      const { token, saga, step, attempt } = event
      const body = { resource: resourceOf(lock), token }
      return [{ kind: 'answer-asker', lock, asker: { saga, step, attempt }, outcome: 'success', body, at }]
    }
    case 'lock-refused': {
      const { outcome, code, message, saga, step, attempt } = event
      return [{ kind: 'answer-asker', lock, asker: { saga, step, attempt }, outcome, body: { code, message }, at }]
    }
    default:
      return []
  }
}
