/**
 * A broker whose values are in a schema registry's wire format, for those who read and write JSON.
 *
 * Values are framed as they are appended and opened as they are delivered; plain JSON is taken as well. The log itself
 * and dead letters pass as they are: a dead letter has the value that came, frame and all.
 */
import type { ClaimRule } from '../../message/claim.ts'
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type {
  AppendBatch,
  AppendResult,
  Broker,
  GroupListener,
  GroupMember,
  GroupOptions,
  PartitionOffsets,
  TopicDescription,
  TopicSpec,
} from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { HeldGroup } from '../held-delivery/held-group.ts'
import { decodedAll, framesOpened } from './open-frames.ts'
import type { RegistryValues } from './registry-values.ts'

/** How long an append waits for the registry before it is answered that it may be tried again. */
const APPEND_WAIT_MS = 5_000

export interface RegistryBrokerParts {
  readonly inner: Broker
  readonly values: RegistryValues
  readonly clock: Pick<Clock, 'schedule'>
  /** Topics whose values are never framed: the log, and dead letters. */
  readonly plainTopics: ReadonlySet<string>
}

export class RegistryBroker implements Broker {
  readonly #parts: RegistryBrokerParts
  /** Appends that wait, by topic-partition: later ones to the same place wait behind them. */
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(parts: RegistryBrokerParts) {
    this.#parts = parts
  }

  get claims(): ClaimRule | undefined {
    return this.#parts.inner.claims
  }

  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    if (batches.every((batch) => this.#isReady(batch)))
      return this.#parts.inner.append(batches.map((batch) => this.#encoded(batch)))
    return Promise.all(batches.map((batch) => this.#inTurn(batch)))
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    const { inner, values, plainTopics } = this.#parts
    const group = new HeldGroup(listener, framesOpened(values, plainTopics))
    return group.joined(await inner.join(options, group))
  }

  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]> {
    // Asked for now: the end that counts is that of this moment.
    const records = this.#parts.inner.read(topic, partition, from)
    return this.#parts.plainTopics.has(topic) ? records : this.#openedPages(records)
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#parts.inner.offsets(topic)
  }

  partitions(topic: string): Promise<number> {
    return this.#parts.inner.partitions(topic)
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#parts.inner.createTopics(topics)
  }

  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#parts.inner.describeTopics(names)
  }

  async close(): Promise<void> {
    this.#parts.values.close()
    await this.#parts.inner.close()
  }

  #isReady(batch: AppendBatch): boolean {
    return !this.#tails.has(placeOf(batch)) && this.#missing(batch).length === 0
  }

  #missing({ topic, records }: AppendBatch) {
    return this.#parts.plainTopics.has(topic) ? [] : this.#parts.values.missing(records)
  }

  #encoded(batch: AppendBatch): AppendBatch {
    const { values, plainTopics } = this.#parts
    const to = plainTopics.has(batch.topic) ? values.asTheyCame : values.encode
    return { ...batch, records: batch.records.map((record) => to.call(values, record)) }
  }

  #inTurn(batch: AppendBatch): Promise<AppendResult> {
    const place = placeOf(batch)
    const before = this.#tails.get(place) ?? Promise.resolve()
    const result = before.then(() => this.#appendOnceKnown(batch))
    this.#tails.set(place, result)
    return result.finally(() => {
      if (this.#tails.get(place) === result) this.#tails.delete(place)
    })
  }

  async #appendOnceKnown(batch: AppendBatch): Promise<AppendResult> {
    const { inner, values } = this.#parts
    await this.#inTime(values.learn(this.#missing(batch)))
    const missing = this.#missing(batch)
    if (missing.length > 0) return { kind: 'refused', error: notKnown(missing.map(({ subject }) => subject)) }
    const [result] = await inner.append([this.#encoded(batch)])
    return result ?? { kind: 'unknown', error: notKnown(['an append']) }
  }

  /** Waits for it, but not for longer than an append may. */
  async #inTime(known: Promise<void>): Promise<void> {
    let cancel = () => {}
    const time = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.schedule(APPEND_WAIT_MS, resolve)
    })
    await Promise.race([known, time])
    cancel()
  }

  async *#openedPages(pages: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<readonly LogRecord[]> {
    for await (const records of pages) yield await this.#opened(records)
  }

  async #opened(records: readonly LogRecord[]): Promise<readonly LogRecord[]> {
    const { values } = this.#parts
    for (;;) {
      const opened = decodedAll(values, records)
      if (opened) return opened
      if (values.isClosed) throw notKnown(['what is read'])
      for (const record of records) await values.learnId(record)
    }
  }
}

function placeOf({ topic, partition }: AppendBatch): string {
  return `${topic}/${partition}`
}

function notKnown(what: readonly string[]): OperationalError {
  const message = `the schema registry has not told the schema of ${what.join(', ')}`
  return new OperationalError('registry-unreachable', message, { where: 'registry', retriable: true })
}
