/**
 * The memory of one partition: the fold of its log and nothing else. Filled by replay, then by each turn before its
 * batch is appended; when the append is not confirmed, all of it is thrown away and read again.
 */

import { FlowBook, type SagaFacts } from '../flow/flow-book.ts'
import type { LockState } from '../lock/lock-state.ts'
import type { AcceptedBatch, BatchHeader } from '../message/batch.ts'
import { InvariantError, messageOf } from '../message/errors.ts'
import type { EventEnvelope } from '../message/events.ts'
import type { LockId, SagaId } from '../message/ids.ts'
import type { LockEnvelope } from '../message/lock-events.ts'
import { keyOf, type LogRecord } from '../message/record.ts'
import { TrackedMap } from '../message/tracked-map.ts'
import type { Known } from '../saga/decide.ts'
import type { Definitions } from '../saga/definition.ts'
import { evolve } from '../saga/evolve.ts'
import { mayBeAskedFor } from '../saga/remembered.ts'
import { type EndedSaga, isLive, type SagaState } from '../saga/state.ts'
import { nextDueAt } from '../saga/timers.ts'
import { DueHeap } from './due-heap.ts'
import { type Link, linkOf, lockLinkOf } from './event-chain.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from './limits.ts'
import { PartitionLocks } from './partition-locks.ts'
import { planOf } from './plan-of.ts'
import type { StateRest, StateTables } from './snapshot/state-tables.ts'
import { WaitingForPlan } from './waiting-for-plan.ts'

/** What has been consumed, as the newest accepted batch says it. */
export interface ConsumedMarks {
  readonly commands: bigint
  readonly replies: bigint
}

export type EndedLimits = Pick<OrchestratorLimits, 'endedSagasMax' | 'endedWholeMax'> &
  Partial<Pick<OrchestratorLimits, 'freeLocksMax'>>

/** Nothing is decided for a saga or lock any more, because a decision of it was broken. */
export interface Stopped {
  readonly why: string
  /** Milliseconds since the epoch. */
  readonly since: number
}

export class PartitionState {
  /** When each live saga is due. */
  readonly due = new DueHeap<SagaId>()
  /** Sagas and locks for which nothing is decided, with the reason: they cannot be folded, or broke a decision. */
  readonly quarantined = new Map<string, string>()
  /** Those of them that a decision stopped, here and now: the log says nothing of it. */
  readonly stopped = new Map<string, Stopped>()
  /** Those of them that the log itself stops: their events cannot be folded, whoever reads it. */
  readonly #unreadable = new TrackedMap<string, string>()
  /** Live sagas whose definition is not here, or is another one: they wait for it, without a timer. */
  readonly withoutPlan = new WaitingForPlan()
  /** Beside the sagas: no lock is one. */
  readonly locks: PartitionLocks
  /** What its sagas have under way at participants, and which steps are held. */
  readonly book = new FlowBook()
  /** Hash of the newest event of each saga and lock that is remembered whole: the next one is chained to it (S24). */
  readonly chains = new TrackedMap<SagaId | LockId, string>()
  readonly #live = new TrackedMap<SagaId, SagaState>()
  /** The oldest end goes first. Whole where something may still be asked of the saga. One that goes on again keeps its place. */
  readonly #ended = new TrackedMap<SagaId, EndedSaga | SagaState>()
  readonly #definitions: Definitions
  /** Those of them that are kept whole, the oldest first. */
  readonly #whole = new TrackedMap<SagaId, true>()
  readonly #limits: EndedLimits
  /** An id that is not known may be one that was: nothing can be said of it. */
  hasForgotten = false
  /** Some are remembered in brief that were whole before: what came after their end changes nothing that is remembered. */
  #hasShortened = false

  constructor(definitions: Definitions, limits: EndedLimits) {
    this.#definitions = definitions
    this.#limits = limits
    const freeMax = limits.freeLocksMax ?? ORCHESTRATOR_LIMITS.freeLocksMax
    this.locks = new PartitionLocks(freeMax, (id) => this.chains.delete(id))
  }

  get liveSagas(): number {
    return this.#live.size - [...this.stopped.keys()].filter((id) => this.#live.has(id as SagaId)).length
  }

  /** All that the log says, one by one, and what is to be known beside it. */
  get tables(): StateTables {
    const { taken, free } = this.locks.tables
    const [live, ended, whole, unreadable] = [this.#live, this.#ended, this.#whole, this.#unreadable]
    return { live, ended, whole, unreadable, taken, free, calls: this.book.entries, chains: this.chains }
  }

  /** How many sagas and locks cannot be folded. */
  get unreadable(): number {
    return this.#unreadable.size
  }

  get rest(): StateRest {
    const { hasForgotten, locks } = this
    return { hasForgotten, hasShortened: this.#hasShortened, forgottenLocks: locks.forgotten }
  }

  /** The tables are filled: the rest is told, or follows. */
  filled({ hasForgotten, hasShortened, forgottenLocks }: StateRest): void {
    this.hasForgotten = hasForgotten
    this.#hasShortened = hasShortened
    this.locks.forgotten = forgottenLocks
    for (const [id, why] of this.#unreadable) this.quarantined.set(id, why)
    for (const state of this.#live.values()) this.#await(state)
  }

  /** What is known of a saga: its state while it is live, and after its end where it may still be asked for. */
  known(id: SagaId): Known {
    return this.quarantined.has(id) ? undefined : (this.#live.get(id) ?? this.#ended.get(id))
  }

  /** The folded state of a saga that may go on of itself. */
  live(id: SagaId): SagaState | undefined {
    return this.quarantined.has(id) ? undefined : this.#live.get(id)
  }

  /** Keeps a saga's new state, the result of folding what was decided, and the hash of its newest event. */
  keep(state: SagaState, chain: string | undefined): void {
    if (chain !== undefined) this.chains.set(state.id, chain)
    if (isLive(state)) {
      this.#live.set(state.id, state)
      this.#await(state)
      return
    }
    this.#live.delete(state.id)
    this.withoutPlan.delete(state.id)
    this.due.set(state.id, undefined)
    if (mayBeAskedFor(state)) {
      this.#ended.set(state.id, state)
      this.#keepWhole(state.id)
    } else this.#shorten(state)
    if (this.#ended.size > this.#limits.endedSagasMax) this.#forgetOldest()
  }

  /** Notes when the saga is due, or that its definition is not here. */
  #await(state: SagaState): void {
    const definition = planOf(this.#definitions, state)
    this.due.set(state.id, dueAt(definition, state))
    if (definition) this.withoutPlan.delete(state.id)
    else this.withoutPlan.add(state)
  }

  /** The same of a lock. */
  keepLock(lock: LockState, chain: string | undefined): void {
    if (chain !== undefined) this.chains.set(lock.id, chain)
    this.locks.keep(lock)
  }

  /** Folds an accepted batch of the log. A saga or lock whose event cannot be folded is quarantined; the others go on (K22). */
  replay(batch: AcceptedBatch): void {
    const { format } = batch.header
    for (const { decoded, record } of batch.events) {
      if (decoded.kind === 'event') this.#fold(decoded.envelope, record, format)
      else if (decoded.kind === 'lock') this.#foldLock(decoded.envelope, record, format)
      else this.#stop(decoded.sagaId, record, decoded.why)
    }
  }

  /** Stops whose event it says to be, and whose its key says: of a record that was changed nobody knows which is right. */
  #stop(id: string | undefined, record: LogRecord, why: string): void {
    for (const one of new Set([id, keyOf(record)])) if (one !== undefined) this.#stopOne(one, why)
  }

  /**
   * Stops one saga or lock here: a decision of it is broken. The log does not say so, and what it says of it is kept as it
   * is: an owner that knows how to decide goes on with it.
   */
  stop(id: string, stopped: Stopped): void {
    this.stopped.set(id, stopped)
    this.#quarantine(id, stopped.why)
  }

  /** Decides again for one that a decision stopped; `false`: it is not that which stops it. */
  tryAgain(id: string): boolean {
    if (!this.stopped.delete(id)) return false
    this.quarantined.delete(id)
    const state = this.#live.get(id as SagaId)
    if (state) this.#await(state)
    this.book.goOn(id as SagaId)
    return true
  }

  #quarantine(id: string, why: string): void {
    this.quarantined.set(id, why)
    this.withoutPlan.delete(id as SagaId)
    this.due.set(id as SagaId, undefined)
    this.book.stop(id as SagaId)
  }

  /** Stops one that cannot be folded: nothing of it is known. */
  #stopOne(id: string, why: string): void {
    this.#quarantine(id, why)
    this.stopped.delete(id)
    this.#unreadable.set(id, why)
    this.#live.delete(id as SagaId)
    this.#ended.delete(id as SagaId)
    this.#whole.delete(id as SagaId)
    this.locks.drop(id)
    this.chains.delete(id as SagaId)
    this.book.forget(id as SagaId)
  }

  #foldLock(envelope: LockEnvelope, record: LogRecord, format: number): void {
    const { lockId: id } = envelope
    if (this.quarantined.has(id)) return
    try {
      const expected = { before: this.chains.get(id), format }
      const chain = holding(lockLinkOf(expected, record, this.locks.standing(id)))
      if (chain !== undefined) this.chains.set(id, chain)
      this.locks.fold(envelope)
    } catch (error) {
      this.#stop(id, record, messageOf(error))
    }
  }

  /** Keeps what an event means for participants, once the state that it led to is kept. */
  note(envelope: EventEnvelope, after: SagaState): void {
    this.book.take(envelope, factsOf(after))
  }

  #fold(envelope: EventEnvelope, record: LogRecord, format: number): void {
    const { sagaId: id, seq } = envelope
    if (this.quarantined.has(id)) return
    try {
      const known = this.known(id)
      if (seq > 1 && (known ? known.status === 'ended' && this.#hasShortened : this.hasForgotten)) return
      const after = evolve(known?.status === 'ended' ? undefined : known, envelope)
      this.keep(after, holding(linkOf({ before: this.chains.get(id), format }, record)))
      this.note(envelope, after)
    } catch (error) {
      this.#stop(id, record, messageOf(error))
    }
  }

  /**
   * One that is kept already keeps its place: a decision is kept at its end, and a replay keeps it event by event. Were
   * the place another, a replay would cut short what the owner decided on whole.
   */
  #keepWhole(id: SagaId): void {
    this.#whole.set(id, true)
    if (this.#whole.size <= this.#limits.endedWholeMax) return
    const [oldest] = this.#whole.keys()
    const state = oldest === undefined ? undefined : this.#ended.get(oldest)
    if (oldest !== undefined) this.#whole.delete(oldest)
    if (state && state.status !== 'ended') this.#shorten(state)
    this.#hasShortened = true
  }

  #shorten(state: SagaState): void {
    this.#ended.set(state.id, inBrief(state))
    this.chains.delete(state.id)
  }

  #forgetOldest(): void {
    const oldest = this.#ended.keys().next()
    if (oldest.done) return
    this.hasForgotten = true
    this.#ended.delete(oldest.value)
    this.#whole.delete(oldest.value)
    this.chains.delete(oldest.value)
  }
}

/** One that cannot be asked is due at once: a decision on it says what is wrong, and stops it and no other. */
function dueAt(...asked: Parameters<typeof nextDueAt>): number | undefined {
  try {
    return nextDueAt(...asked)
  } catch {
    return 0
  }
}

function factsOf({ priority, paused }: SagaState): SagaFacts {
  return { priority, paused: paused !== undefined }
}

function inBrief({ id, definition, inputHash }: SagaState): EndedSaga {
  return { status: 'ended', id, definition, inputHash }
}

/** @throws InvariantError where the event is not the one that was written. */
function holding(link: Link): string | undefined {
  if (link.kind === 'broken') throw new InvariantError(`S24: ${link.why}`)
  return link.chain
}

/** Marks before anything was consumed. */
export const NOTHING_CONSUMED: ConsumedMarks = { commands: 0n, replies: 0n }

export function marksOf({ commands, replies }: BatchHeader): ConsumedMarks {
  return { commands, replies }
}
