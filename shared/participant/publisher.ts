/**
 * Appends replies and dead letters until each is durable.
 *
 * A record is pending -> appended; or, when a reply is refused for good, it turns into the dead letter of its command,
 * pending again. A dead letter is never given up: refused for its size it goes without its value, else it is tried over
 * and over, which holds the partition and shows as lag. Records to one topic-partition keep their order, unless
 * the broker left one of them open: a repeated reply is harmless.
 */
import { type DeadLetterReason, deadLetterRecord, RECORD_TOO_LARGE, withoutValue } from '../message/dead-letter.ts'
import { OperationalError } from '../message/errors.ts'
import { partitionOf } from '../message/murmur2.ts'
import type { LogRecord, NewRecord } from '../message/record.ts'
import type { AppendResult, Broker } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { backoff } from './backoff.ts'

/** Bytes of values that go into one append batch, below Kafka's default for a batch; a larger record goes alone. */
export const PUBLISH_BATCH_BYTES_MAX = 500_000

export interface Outgoing {
  readonly kind: 'reply' | 'dead-letter'
  readonly topic: string
  readonly record: NewRecord
  /** The command's record. */
  readonly source: LogRecord
  /** Set after a batch was refused, to find out which of its records was meant. */
  readonly alone?: boolean
}

export interface PublisherPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export interface PublisherNames {
  readonly group: string
  readonly service: string
  readonly deadLetters: string
}

interface Placed {
  readonly partition: number
  readonly topic: string
  bytes: number
  readonly items: Outgoing[]
}

export class Publisher {
  readonly #ports: PublisherPorts
  readonly #names: PublisherNames
  readonly #trouble: OngoingTrouble

  constructor(ports: PublisherPorts, names: PublisherNames) {
    this.#ports = ports
    this.#names = names
    this.#trouble = new OngoingTrouble(ports, { met: 'an append did not succeed', over: 'appends succeed again' })
  }

  /** The dead letter of a record. */
  deadLetter(source: LogRecord, why: Pick<DeadLetterReason, 'reason' | 'message'>): Outgoing {
    const { group, service, deadLetters } = this.#names
    const record = deadLetterRecord(source, { ...why, group, service, at: this.#ports.clock.now() })
    this.#ports.metrics.count('kasaga_dead_letters_total', { service, reason: why.reason })
    this.#ports.log.warn('a record became a dead letter', {
      ...why,
      topic: source.topic,
      partition: source.partition,
      offset: String(source.offset),
    })
    return { kind: 'dead-letter', topic: deadLetters, record, source }
  }

  /** Answers true when everything is durable, false when the signal fired first. */
  async publish(outgoing: readonly Outgoing[], giveUp: AbortSignal): Promise<boolean> {
    let pending = outgoing
    for (let attempt = 0; pending.length > 0; attempt++) {
      if (attempt > 0) await backoff(this.#ports.clock, attempt - 1, giveUp)
      if (giveUp.aborted) return false
      pending = await this.#round(pending)
    }
    return true
  }

  /** Appends one record once, and does not mind when it fails. Answers true when it is durable. */
  async tell({ topic, record }: Pick<Outgoing, 'topic' | 'record'>): Promise<boolean> {
    const partitions = await this.#partitions(topic)
    if (partitions instanceof OperationalError) return false
    const partition = partitionOf(record.key ?? '', partitions)
    const [result] = await this.#ports.broker.append([{ topic, partition, records: [record] }])
    return result?.kind === 'appended'
  }

  /** Appends once; answers what has to be tried again. */
  async #round(pending: readonly Outgoing[]): Promise<readonly Outgoing[]> {
    const again: Outgoing[] = []
    const batches: Placed[] = []
    for (const [topic, items] of Map.groupBy(pending, (item) => item.topic)) {
      const partitions = await this.#partitions(topic)
      if (partitions instanceof OperationalError) again.push(...items.map((item) => this.#next(item, partitions)))
      else batches.push(...batchesOf(items, partitions))
    }
    if (batches.length === 0) return again
    const results = await this.#ports.broker.append(
      batches.map(({ topic, partition, items }) => ({ topic, partition, records: items.map((item) => item.record) })),
    )
    for (const [index, batch] of batches.entries()) again.push(...this.#settle(batch.items, results[index]))
    return again
  }

  #settle(items: readonly Outgoing[], result: AppendResult | undefined): readonly Outgoing[] {
    if (result?.kind === 'appended') {
      this.#trouble.over()
      return []
    }
    const error = result?.error ?? unanswered()
    this.#trouble.met(error.code, { topic: items[0]?.topic, records: items.length, error })
    if (result?.kind === 'refused' && !error.retriable && items.length > 1)
      return items.map((item) => ({ ...item, alone: true }))
    return items.map((item) => (result?.kind === 'refused' ? this.#next(item, error) : item))
  }

  /** What is tried next in place of an item that was refused. */
  #next(item: Outgoing, error: OperationalError): Outgoing {
    if (error.retriable) return item
    if (item.kind === 'reply')
      return this.deadLetter(item.source, { reason: 'reply-refused', message: `${item.topic}: ${error.message}` })
    return error.code === RECORD_TOO_LARGE ? { ...item, record: withoutValue(item.record) } : item
  }

  async #partitions(topic: string): Promise<number | OperationalError> {
    try {
      return await this.#ports.broker.partitions(topic)
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      this.#ports.log.warn('a topic could not be looked up', { topic, error })
      return error
    }
  }
}

function unanswered(): OperationalError {
  return new OperationalError('no-answer', 'the broker gave no answer to a batch', {
    where: 'participant',
    retriable: true,
  })
}

function batchesOf(items: readonly Outgoing[], partitions: number): readonly Placed[] {
  const batches: Placed[] = []
  const open = new Map<number, Placed>()
  for (const item of items) {
    const partition = partitionOf(item.record.key ?? '', partitions)
    const bytes = item.record.value?.length ?? 0
    const last = open.get(partition)
    if (last && !item.alone && last.bytes + bytes <= PUBLISH_BATCH_BYTES_MAX) {
      last.items.push(item)
      last.bytes += bytes
      continue
    }
    const batch = { topic: item.topic, partition, bytes, items: [item] }
    batches.push(batch)
    open.set(partition, batch)
    if (item.alone) open.delete(partition)
  }
  return batches
}
