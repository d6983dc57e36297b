/**
 * Writes one saga out of an installation's log as lines, in the form of an exported log: a log of its own, in which every batch
 * that had events of the saga has only those, numbered anew. What the batches say of inputs and of what was sent stays true of it.
 */
import { type AcceptedBatch, BatchReader, batchRecord } from '../../message/batch.ts'
import { decodeEvent } from '../../message/event-record.ts'
import { H } from '../../message/headers.ts'
import { commandId, type SagaId } from '../../message/ids.ts'
import { partitionOf } from '../../message/murmur2.ts'
import { headerOf, keyOf, type LogRecord, type NewRecord } from '../../message/record.ts'
import { kasagaTopics, participantTopic } from '../../message/topics.ts'
import type { PartitionOffsets } from '../../ports/broker.ts'
import { effectsOf } from '../../saga/effects.ts'
import { EXPORT_VERSION, type ExportHead, recordLine, type Section, sectionLine } from './export-lines.ts'
import { type ExportOptions, participantIn } from './export-log.ts'

/** Lines without their ends; what is of the saga is in memory meanwhile. */
export async function* exportSaga(id: SagaId, options: ExportOptions): AsyncGenerator<string> {
  yield* new SagaExporter(id, options).lines()
}

class SagaExporter {
  readonly #id: SagaId
  readonly #options: ExportOptions
  #records = 0

  constructor(id: SagaId, options: ExportOptions) {
    this.#id = id
    this.#options = options
  }

  async *lines(): AsyncGenerator<string> {
    const { prefix, engine, now, commands } = this.#options
    const { events, deadLetters, commands: asked, replies } = kasagaTopics(prefix)
    const at = new Date(now).toISOString()
    yield JSON.stringify({
      kasaga: 'log',
      version: EXPORT_VERSION,
      prefix,
      engine,
      at,
      saga: this.#id,
    } satisfies ExportHead)
    const log = await this.#offsets(events)
    const own = partitionOf(this.#id, log.length)
    const records = await this.#log(events, log[own])
    for (const { partition } of log)
      yield* this.#section({ topic: events, partition, start: 0n }, partition === own ? records : [])
    for (const topic of [asked, replies])
      for (const { partition, start, end } of await this.#offsets(topic))
        yield sectionLine({ topic, partition, start, end, without: true })
    yield* this.#others(deadLetters, () => true)
    // What was asked for since the log was read is not in it.
    const ids = new Set(records.flatMap(commandIdsIn))
    const participants = commands ? new Set(records.flatMap((record) => participantIn(record) ?? [])) : []
    for (const one of participants)
      yield* this.#others(participantTopic(one), (record) => ids.has(headerOf(record, H.id) ?? ''))
    yield JSON.stringify({ records: this.#records })
  }

  async #offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    const [found] = await this.#options.broker.describeTopics([topic])
    return found ? this.#options.broker.offsets(topic) : []
  }

  *#section(place: Pick<Section, 'topic' | 'partition' | 'start'>, records: readonly LogRecord[]): Generator<string> {
    const { start } = place
    yield sectionLine({ ...place, end: start + BigInt(records.length), without: false })
    for (const [i, record] of records.entries()) yield recordLine({ ...plainRecord(record), offset: start + BigInt(i) })
    this.#records += records.length
  }

  /** The saga's batches, numbered anew. */
  async #log(topic: string, offsets: PartitionOffsets | undefined): Promise<LogRecord[]> {
    if (!offsets) return []
    const { partition, start, end } = offsets
    const reader = new BatchReader(undefined, (record) => keyOf(record) === this.#id)
    const numbers: number[] = []
    const records: LogRecord[] = []
    for await (const page of this.#options.broker.read(topic, partition, start)) {
      for (const record of page) {
        const batch = record.offset < end ? reader.read(record) : undefined
        if (batch && batch.events.length > 0) records.push(...batchAnew(batch, { topic, partition }, numbers))
      }
      const next = (page.at(-1)?.offset ?? start) + 1n
      this.#options.onProgress?.({ records: Number(next - start), recordsTotal: Number(end - start) })
    }
    return records
  }

  async *#others(topic: string, isMeant: (record: LogRecord) => boolean): AsyncGenerator<string> {
    for (const { partition, start } of await this.#offsets(topic)) {
      const found: LogRecord[] = []
      for await (const page of this.#options.broker.read(topic, partition, start))
        found.push(...page.filter((record) => keyOf(record) === this.#id && isMeant(record)))
      // One that is not kept whole says so still.
      yield* this.#section({ topic, partition, start: start > 0n ? 1n : 0n }, found)
    }
  }
}

/** A record may be a view of more than itself. */
function plainRecord({ topic, partition, offset, timestamp, key, value, headers }: LogRecord): LogRecord {
  return { topic, partition, offset, timestamp, key, value, headers }
}

/** `numbers`: those that its batches had, in their order. */
function batchAnew(
  { header, at, events }: AcceptedBatch,
  place: Pick<LogRecord, 'topic' | 'partition'>,
  numbers: number[],
): LogRecord[] {
  numbers.push(header.number)
  const sentThrough = numbers.filter((number) => number <= header.sentThrough).length
  const [first] = events
  // Dead letters and what was ignored may be of other sagas.
  const inputs = { ...header.inputs, deadLettered: 0, ignored: {} }
  const anew = { ...header, number: numbers.length, count: events.length, sentThrough, inputs }
  const source = (first && headerOf(first.record, H.source)) ?? ''
  const written = asRead(batchRecord(anew, at, source), { ...place, offset: 0n, timestamp: at })
  return [written, ...events.map(({ record }) => plainRecord(record))]
}

const encoder = new TextEncoder()
const bytesOf = (value: string | Uint8Array) => (typeof value === 'string' ? encoder.encode(value) : value)

function asRead(
  { key, value, headers }: NewRecord,
  place: Pick<LogRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>,
): LogRecord {
  return {
    ...place,
    key: key === null ? null : bytesOf(key),
    value: value === null ? null : bytesOf(value),
    headers: headers.map(([name, text]) => [name, bytesOf(text)] as const),
  }
}

/** Ids of the commands that an event asks for. */
function commandIdsIn(record: LogRecord): string[] {
  const decoded = decodeEvent(record)
  if (decoded.kind !== 'event') return []
  return effectsOf(decoded.envelope).flatMap((effect) =>
    effect.kind === 'send' ? [commandId(effect.command, effect.command.attempt)] : [],
  )
}
