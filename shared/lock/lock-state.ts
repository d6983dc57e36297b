/**
 * A lock's state: the fold of its events and nothing else. A lock is known by its resource, lets in as many sagas as it
 * has permits, and the others wait in the order in which they asked.
 *
 *     (free) --asked--> waiting --granted--> held --freed, left, taken away--> (free)
 *                          |                                                     ^
 *                          +------------- freed, left, taken away ---------------+
 *
 * Asks arrive at least once, and an old copy may come when its saga has long gone on: of an ask that is over some memory
 * stays, so that it is never granted to somebody who will not free it.
 */
import type { LockId, SagaId } from '../message/ids.ts'
import type { Asker } from '../message/lock-events.ts'

/** An ask that is not over. */
export interface Ask extends Asker {
  readonly askedAt: number
  /** When it was taken, milliseconds since the epoch. */
  readonly since: number
  /** It holds the lock, under this token; `undefined`: it waits. */
  readonly token: number | undefined
  /** Since when it holds it. */
  readonly grantedAt: number | undefined
}

/** An ask that is over; without a step: every ask of that saga is. */
export interface Over {
  readonly saga: SagaId
  readonly step: string | undefined
  readonly attempt: number | undefined
  readonly askedAt: number
}

export interface LockState {
  readonly id: LockId
  readonly seq: number
  /** The highest token that was given. */
  readonly token: number
  /** How many sagas may hold it at the same time: what those say that have asked and are not over. */
  readonly permits: number
  /** In the order that they came. */
  readonly asks: readonly Ask[]
  /** The oldest first; at most `OVER_MAX`. */
  readonly over: readonly Over[]
  /** What was asked at or before it may be over without being in `over`. */
  readonly overThrough: number
  /** Request ids of what persons asked; the newest `ACTS_MAX`. Repeated, they have no second effect. */
  readonly acts: readonly string[]
}

/** Request ids that one lock remembers. */
export const ACTS_MAX = 20
/** Asks that are over which one lock remembers one by one. */
export const OVER_MAX = 200
/** Asks that one lock takes; one more is refused. */
export const ASKS_MAX = 1_000

/** What is left of locks that are forgotten. */
export interface Forgotten {
  /** None of their sequences went further. */
  readonly seq: number
  /** None of their tokens was higher. */
  readonly token: number
  /** What was asked of them after it is not over. */
  readonly overThrough: number
}

export const NOTHING_FORGOTTEN: Forgotten = { seq: 0, token: 0, overThrough: Number.NEGATIVE_INFINITY }

/** A lock of which nothing is known, among others that were forgotten: its numbers begin after theirs. */
export function freeLock(id: LockId, { seq, token, overThrough }: Forgotten): LockState {
  return { id, seq, token, permits: 0, asks: [], over: [], overThrough, acts: [] }
}

/** Whether nobody holds it or waits for it. */
export function isFree(lock: LockState): boolean {
  return lock.asks.length === 0
}

/** What must outlive the lock when it is forgotten. */
export function forgetting(before: Forgotten, { seq, token, over, overThrough }: LockState): Forgotten {
  return {
    seq: Math.max(before.seq, seq),
    token: Math.max(before.token, token),
    overThrough: over.reduce((max, { askedAt }) => Math.max(max, askedAt), Math.max(before.overThrough, overThrough)),
  }
}

export function isOf(ask: Asker, { saga, step, attempt }: Asker): boolean {
  return ask.saga === saga && ask.step === step && ask.attempt === attempt
}

/** Whether the ask is known to be over. */
export function isOver({ over }: LockState, { saga, step, attempt }: Asker): boolean {
  return over.some(
    (one) => one.saga === saga && (one.step === undefined || (one.step === step && one.attempt === attempt)),
  )
}
