/**
 * One saga as the log alone tells it: its partition is read from the start, and of that only the saga's own records are decoded.
 * What follows an event that cannot be read, does not fit the one before it, or is not legal there says nothing any more.
 */
import { BatchReader, type PlacedEvent } from '../message/batch.ts'
import { messageOf } from '../message/errors.ts'
import type { SagaId } from '../message/ids.ts'
import { partitionOf } from '../message/murmur2.ts'
import type { LogRecord } from '../message/record.ts'
import type { Broker } from '../ports/broker.ts'
import { evolve } from '../saga/evolve.ts'
import type { SagaState } from '../saga/state.ts'
import type { LogEvent } from '../view/projection.ts'
import { linkOf } from './event-chain.ts'

/** An event, and the state that it leads to. */
export interface HistoryMoment {
  readonly event: LogEvent
  readonly state: SagaState
}

export interface SagaHistory {
  readonly id: SagaId
  readonly topic: string
  readonly partition: number
  readonly moments: readonly HistoryMoment[]
  /** Where it ends before its time, and why. */
  readonly broken: { readonly offset: bigint; readonly why: string } | undefined
}

export interface HistorySource {
  readonly broker: Pick<Broker, 'read' | 'offsets'>
  /** The events' topic. */
  readonly topic: string
  onProgress?(far: { readonly records: number; readonly recordsTotal: number }): void
}

/** Reads a saga's history; one without moments: the log knows no such saga. */
export async function sagaHistory(id: SagaId, source: HistorySource): Promise<SagaHistory> {
  const { broker, topic } = source
  const offsets = await broker.offsets(topic)
  const partition = partitionOf(id, offsets.length)
  const { start = 0n, end = 0n } = offsets.find((one) => one.partition === partition) ?? {}
  const fold = new HistoryFold({ topic, partition })
  const key = new TextEncoder().encode(id)
  const reader = new BatchReader(undefined, (record) => isSame(record.key, key))
  for await (const records of broker.read(topic, partition, 0n)) {
    for (const record of records) {
      const batch = reader.read(record)
      for (const event of batch?.events ?? []) fold.take(event, batch?.header.format ?? 0)
    }
    const next = (records.at(-1)?.offset ?? start) + 1n
    source.onProgress?.({ records: Number(next - start), recordsTotal: Number(end - start) })
  }
  return { id, topic, partition, moments: fold.moments, broken: fold.broken }
}

function isSame(key: LogRecord['key'], own: Uint8Array): boolean {
  if (key?.length !== own.length) return false
  for (let i = own.length - 1; i >= 0; i--) if (key[i] !== own[i]) return false
  return true
}

class HistoryFold {
  readonly moments: HistoryMoment[] = []
  broken: SagaHistory['broken']
  readonly #source: { readonly topic: string; readonly partition: number }
  #chain: string | undefined

  constructor(source: { readonly topic: string; readonly partition: number }) {
    this.#source = source
  }

  take({ offset, record, decoded }: PlacedEvent, format: number): void {
    if (this.broken) return
    const link = linkOf({ before: this.#chain, format }, record)
    if (link.kind === 'broken') this.#break(offset, link.why)
    else if (decoded.kind === 'unreadable') this.#break(offset, decoded.why)
    else if (decoded.kind === 'event') {
      this.#chain = link.chain
      this.#fold({ ...decoded.envelope, ...this.#source, offset })
    }
  }

  #fold(event: LogEvent): void {
    try {
      this.moments.push({ event, state: evolve(this.moments.at(-1)?.state, event) })
    } catch (error) {
      this.#break(event.offset, messageOf(error))
    }
  }

  #break(offset: bigint, why: string): void {
    this.broken = { offset, why }
  }
}

/** A point in a saga's life: after so many events, when everything up to a time had happened, or up to a place in the log. */
export type SagaPoint =
  | { readonly at: 'newest' }
  | { readonly at: 'seq'; readonly seq: number }
  | { readonly at: 'time'; readonly ms: number }
  | { readonly at: 'place'; readonly partition: number; readonly offset: bigint }

/** The moments up to the first one that is past a point; none: it had not begun. */
export function momentsUpTo({ moments }: SagaHistory, point: SagaPoint): readonly HistoryMoment[] {
  const past = moments.findIndex(({ event }) => isPast(event, point))
  return past < 0 ? moments : moments.slice(0, past)
}

function isPast(event: LogEvent, point: SagaPoint): boolean {
  switch (point.at) {
    case 'newest':
      return false
    case 'seq':
      return event.seq > point.seq
    case 'time':
      return event.at > point.ms
    case 'place':
      return event.offset > point.offset
  }
}
