/**
 * The memory of one partition: the fold of its log and nothing else. Filled by replay, then by each turn before its
 * batch is appended; when the append is not confirmed, all of it is thrown away and read again.
 */

import { FlowBook, type SagaFacts } from '../flow/flow-book.ts'
import type { AcceptedBatch, BatchHeader } from '../message/batch.ts'
import { messageOf } from '../message/errors.ts'
import type { EventEnvelope } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import type { Known } from '../saga/decide.ts'
import type { Definitions } from '../saga/definition.ts'
import { evolve } from '../saga/evolve.ts'
import { mayBeAskedFor } from '../saga/remembered.ts'
import { type EndedSaga, isLive, type SagaState } from '../saga/state.ts'
import { nextDueAt } from '../saga/timers.ts'
import { DueHeap } from './due-heap.ts'
import type { OrchestratorLimits } from './limits.ts'
import { planOf } from './plan-of.ts'
import { WaitingForPlan } from './waiting-for-plan.ts'

/** What has been consumed, as the newest accepted batch says it. */
export interface ConsumedMarks {
  readonly commands: bigint
  readonly replies: bigint
}

export type EndedLimits = Pick<OrchestratorLimits, 'endedSagasMax' | 'endedWholeMax'>

export class PartitionState {
  /** When each live saga is due. */
  readonly due = new DueHeap<SagaId>()
  /** Sagas whose events cannot be folded, with the reason. Nothing is decided for them. */
  readonly quarantined = new Map<string, string>()
  /** Live sagas whose definition is not here, or is another one: they wait for it, without a timer. */
  readonly withoutPlan = new WaitingForPlan()
  /** What its sagas have under way at participants, and which steps are held. */
  readonly book = new FlowBook()
  readonly #live = new Map<SagaId, SagaState>()
  /** The oldest end goes first. Whole where something may still be asked of the saga. One that goes on again keeps its place. */
  readonly #ended = new Map<SagaId, EndedSaga | SagaState>()
  readonly #definitions: Definitions
  /** Those of them that are kept whole, the oldest first. */
  readonly #whole = new Set<SagaId>()
  readonly #limits: EndedLimits
  /** An id that is not known may be one that was: nothing can be said of it. */
  hasForgotten = false
  /** Some are remembered in brief that were whole before: what came after their end changes nothing that is remembered. */
  #hasShortened = false

  constructor(definitions: Definitions, limits: EndedLimits) {
    this.#definitions = definitions
    this.#limits = limits
  }

  get liveSagas(): number {
    return this.#live.size
  }

  /** What is known of a saga: its state while it is live, and after its end where it may still be asked for. */
  known(id: SagaId): Known {
    return this.#live.get(id) ?? this.#ended.get(id)
  }

  /** The folded state of a saga that may go on of itself. */
  live(id: SagaId): SagaState | undefined {
    return this.#live.get(id)
  }

  /** Keeps a saga's new state: the result of folding what was decided. */
  keep(state: SagaState): void {
    if (isLive(state)) {
      this.#live.set(state.id, state)
      const definition = planOf(this.#definitions, state)
      this.due.set(state.id, nextDueAt(definition, state))
      if (definition) this.withoutPlan.delete(state.id)
      else this.withoutPlan.add(state)
      return
    }
    this.#live.delete(state.id)
    this.withoutPlan.delete(state.id)
    this.due.set(state.id, undefined)
    const whole = mayBeAskedFor(state)
    this.#ended.set(state.id, whole ? state : inBrief(state))
    if (whole) this.#keepWhole(state.id)
    if (this.#ended.size > this.#limits.endedSagasMax) this.#forgetOldest()
  }

  /** Folds an accepted batch of the log. A saga whose event cannot be folded is quarantined; the others go on (K22). */
  replay(batch: AcceptedBatch): void {
    for (const { decoded } of batch.events) {
      if (decoded.kind === 'event') this.#fold(decoded.envelope)
      else if (decoded.sagaId !== undefined) this.quarantine(decoded.sagaId, decoded.why)
    }
  }

  /** Stops one saga: nothing is decided for it any more. */
  quarantine(id: string, why: string): void {
    this.quarantined.set(id, why)
    this.#live.delete(id as SagaId)
    this.withoutPlan.delete(id as SagaId)
    this.#ended.delete(id as SagaId)
    this.#whole.delete(id as SagaId)
    this.due.set(id as SagaId, undefined)
    this.book.forget(id as SagaId)
  }

  /** Keeps what an event means for participants, once the state that it led to is kept. */
  note(envelope: EventEnvelope, after: SagaState): void {
    this.book.take(envelope, factsOf(after))
  }

  #fold(envelope: EventEnvelope): void {
    if (this.quarantined.has(envelope.sagaId)) return
    try {
      const known = this.known(envelope.sagaId)
      if (envelope.seq > 1 && (known ? known.status === 'ended' && this.#hasShortened : this.hasForgotten)) return
      const after = evolve(known?.status === 'ended' ? undefined : known, envelope)
      this.keep(after)
      this.note(envelope, after)
    } catch (error) {
      this.quarantine(envelope.sagaId, messageOf(error))
    }
  }

  /**
   * One that is kept already keeps its place: a decision is kept at its end, and a replay keeps it event by event. Were
   * the place another, a replay would cut short what the owner decided on whole.
   */
  #keepWhole(id: SagaId): void {
    this.#whole.add(id)
    if (this.#whole.size <= this.#limits.endedWholeMax) return
    const [oldest] = this.#whole
    const state = oldest === undefined ? undefined : this.#ended.get(oldest)
    if (oldest !== undefined) this.#whole.delete(oldest)
    if (state && state.status !== 'ended') this.#ended.set(state.id, inBrief(state))
    this.#hasShortened = true
  }

  #forgetOldest(): void {
    const oldest = this.#ended.keys().next()
    if (oldest.done) return
    this.hasForgotten = true
    this.#ended.delete(oldest.value)
    this.#whole.delete(oldest.value)
  }
}

function factsOf({ priority, paused }: SagaState): SagaFacts {
  return { priority, paused: paused !== undefined }
}

function inBrief({ id, definition, inputHash }: SagaState): EndedSaga {
  return { status: 'ended', id, definition, inputHash }
}

/** Marks before anything was consumed. */
export const NOTHING_CONSUMED: ConsumedMarks = { commands: 0n, replies: 0n }

export function marksOf({ commands, replies }: BatchHeader): ConsumedMarks {
  return { commands, replies }
}
