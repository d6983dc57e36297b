/**
 * What a saga has done, folded from its history in the views. An owner remembers of most sagas that have ended only that
 * they have, and never reads its log within a turn: who goes on from such a saga reads it here.
 */
import type { HistoryEvent } from '../../shared/adapters/postgres/view-queries.ts'
import { InvariantError } from '../../shared/message/errors.ts'
import { decodeEvent } from '../../shared/message/event-record.ts'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { Problem } from './problem.ts'
import type { SagaReads } from './saga-reads.ts'

/** Events of one saga that are read; its answer has to come in time. */
export const ORIGIN_EVENTS_MAX = 100_000
/** Events that are in memory at a time, before they are folded. */
export const PAGE_EVENTS = 1_000

/** Whether a saga's history can be read at all. */
export function isShort({ seq }: { readonly seq: number | null }): boolean {
  return (seq ?? 0) <= ORIGIN_EVENTS_MAX
}

export interface History {
  readonly reads: Pick<SagaReads, 'events' | 'forked'>
  /** Where the views leave out what is too long for them. */
  readonly broker: Pick<Broker, 'read'>
}

/**
 * The saga as its history says; `undefined`: the views know nothing of it.
 * `see` is shown each of its events.
 * @throws Problem `saga-quarantined` where an event cannot be read, `history-too-long` past so many events.
 */
export async function stateOf(
  id: SagaId,
  { reads, broker }: History,
  see: (envelope: EventEnvelope) => void = () => {},
): Promise<SagaState | undefined> {
  let state: SagaState | undefined
  for (let seq = 0; seq < ORIGIN_EVENTS_MAX; seq += PAGE_EVENTS) {
    const rows = await reads.events(id, seq, PAGE_EVENTS)
    for (const row of rows) {
      const envelope = await envelopeOf(row, broker)
      state = folded(state, envelope)
      see(envelope)
    }
    if (rows.length < PAGE_EVENTS) return state
  }
  const why = `saga ${id} has more than ${ORIGIN_EVENTS_MAX} events: what it did is too much to be read here`
  throw new Problem(422, 'history-too-long', why)
}

/** The event by which a saga was forked under that request. */
export async function forkOf(
  id: SagaId,
  requestId: string,
  { reads, broker }: History,
): Promise<EventEnvelope | undefined> {
  const row = await reads.forked(id, requestId)
  return row && envelopeOf(row, broker)
}

function folded(state: SagaState | undefined, envelope: EventEnvelope): SagaState {
  try {
    return evolve(state, envelope)
  } catch (error) {
    if (error instanceof InvariantError) throw unreadable(envelope.sagaId)
    throw error
  }
}

/** @throws Problem `saga-quarantined` where the event cannot be read. */
export async function envelopeOf(row: HistoryEvent, broker: History['broker']): Promise<EventEnvelope> {
  const { seq, at, causation_id: causationId, type } = row
  const sagaId = row.saga_id as SagaId
  if (isOmitted(row.data)) return wholeEvent(row, broker)
  const event = { ...(row.data as object), type } as SagaEvent
  return { sagaId, seq, at: at ?? 0, causationId: causationId ?? '', event }
}

function isOmitted(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'kasaga:omitted' in data
}

/** An event whose data is too long for the views, from its place in the log: one record, and no more of it. */
async function wholeEvent(row: HistoryEvent, broker: History['broker']): Promise<EventEnvelope> {
  const { topic, partition, offset } = row
  if (topic !== null && partition !== null)
    for await (const [record] of broker.read(topic, partition, BigInt(offset))) {
      const decoded = record && decodeEvent(record)
      if (decoded?.kind !== 'event' || decoded.envelope.sagaId !== row.saga_id) break
      return decoded.envelope
    }
  throw unreadable(row.saga_id)
}

function unreadable(id: string): Problem {
  return new Problem(409, 'saga-quarantined', `an event of saga ${id} cannot be read: nothing can go on from it`)
}
