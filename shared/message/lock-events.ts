/** The facts of a lock: what its state is folded from. Extended only by adding. */
import type { LockId, SagaId } from './ids.ts'

/** Who asks for a lock: one attempt of a step of a saga. No two asks are of the same. */
export interface Asker {
  readonly saga: SagaId
  readonly step: string
  readonly attempt: number
}

export type LockEvent =
  /** The ask is in the queue; where there is room it is granted at once. */
  | ({
      readonly type: 'lock-asked'
      /** How many sagas may hold it at the same time, as all that ask must say. */
      readonly permits: number
      /** When the saga decided to ask, milliseconds since the epoch. */
      readonly askedAt: number
    } & Asker)
  /** The saga holds it. `token`: higher than all that were given for this lock before, but for the saga's own. */
  | ({ readonly type: 'lock-granted'; readonly token: number } & Asker)
  /** The ask is not taken. `failed`: another attempt may be. */
  | ({
      readonly type: 'lock-refused'
      readonly askedAt: number
      readonly outcome: 'rejected' | 'failed'
      readonly code: string
      readonly message: string
    } & Asker)
  /** One ask is over, whether it held or waited. It was undone, or is waited for no more. */
  | ({ readonly type: 'lock-freed'; readonly askedAt: number } & Asker)
  /** The saga has ended: all its asks are over, and it has none from here on. */
  | { readonly type: 'lock-left'; readonly saga: SagaId; readonly askedAt: number }
  /** A person has taken it from a saga, which does not know. */
  | {
      readonly type: 'lock-taken-away'
      readonly saga: SagaId
      readonly requestId: string
      readonly actor: string
      readonly reason: string
    }

export type LockEventType = LockEvent['type']

const TYPES: Record<LockEventType, true> = {
  'lock-asked': true,
  'lock-granted': true,
  'lock-refused': true,
  'lock-freed': true,
  'lock-left': true,
  'lock-taken-away': true,
}

/** Whether this version of Kasaga knows the event type; an unknown one stops its lock, not the partition. */
export function isLockEventType(text: string): text is LockEventType {
  return Object.hasOwn(TYPES, text)
}

/** Every type of event of a lock that this version writes. */
export const LOCK_EVENT_TYPES: readonly LockEventType[] = Object.keys(TYPES).filter(isLockEventType)

/** An event of a lock in its place. */
export interface LockEnvelope {
  readonly lockId: LockId
  /** Grows over the lock; without a gap while anything of it is remembered. */
  readonly seq: number
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
  /** Id of the record that it answers. */
  readonly causationId: string
  readonly event: LockEvent
}
