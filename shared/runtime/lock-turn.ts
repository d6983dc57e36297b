/** One command to a lock, decided and folded: what a turn adds to its batch for it. */
import { decideLock, type LockDecision } from '../lock/decide-lock.ts'
import { evolveLock } from '../lock/evolve-lock.ts'
import { type AnswerAsker, lockEffectsOf } from '../lock/lock-effects.ts'
import type { LockState } from '../lock/lock-state.ts'
import { messageOf } from '../message/errors.ts'
import { lockEventRecord } from '../message/event-record.ts'
import type { LockCommand } from '../message/lock-command.ts'
import type { LockEnvelope } from '../message/lock-events.ts'
import type { NewRecord } from '../message/record.ts'
import { chained } from './event-chain.ts'

export type LockChange =
  | { readonly kind: 'broken'; readonly reason: 'saga-quarantined'; readonly message: string }
  | Exclude<LockDecision, { kind: 'events' }>
  | {
      readonly kind: 'changed'
      readonly records: readonly NewRecord[]
      readonly after: LockState
      /** Hash of the newest event. */
      readonly chain: string | undefined
      readonly effects: readonly AnswerAsker[]
    }

interface Stamp {
  readonly at: number
  readonly causationId: string
  readonly source: string
  /** Hash of the lock's newest event, where it is remembered. */
  readonly chain?: string | undefined
}

/** Never throws: what cannot be decided stops the lock, and no other. */
export function lockChange(before: LockState, command: LockCommand, stamp: Stamp): LockChange {
  try {
    return changeOf(before, command, stamp)
  } catch (error) {
    return { kind: 'broken', reason: 'saga-quarantined', message: messageOf(error) }
  }
}

function changeOf(before: LockState, command: LockCommand, stamp: Stamp): LockChange {
  const { at, causationId, source } = stamp
  const decision = decideLock(before, command)
  if (decision.kind !== 'events') return decision
  const { lockId } = command
  const envelopes = decision.events.map(
    (event, i): LockEnvelope => ({ lockId, seq: before.seq + i + 1, at, causationId, event }),
  )
  const records = envelopes.map((envelope) => lockEventRecord(envelope, source))
  return {
    kind: 'changed',
    ...chained(records, stamp.chain),
    after: envelopes.reduce(evolveLock, before),
    effects: envelopes.flatMap(lockEffectsOf),
  }
}
