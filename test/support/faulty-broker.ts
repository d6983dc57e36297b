/** A broker port that lies as a network does: appends that land and are not answered, land late, land twice, or never. */

import { OperationalError } from '../../shared/message/errors.ts'
import type { LogRecord } from '../../shared/message/record.ts'
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
} from '../../shared/ports/broker.ts'
import type { Clock, Random } from '../../shared/ports/clock.ts'

export type Fault = 'unanswered' | 'lost' | 'late' | 'twice' | 'refused'

const FAULTS: readonly Fault[] = ['unanswered', 'lost', 'late', 'twice', 'refused']
const LATE_MS_MAX = 3_000

export interface FaultyOptions {
  readonly clock: Clock
  readonly random: Random
  /** Share of the appends that meet a fault; read at each append, so that it can be turned off. */
  readonly faultShare: () => number
  /** Told of each fault. */
  readonly onFault: (fault: Fault, topic: string) => void
}

export class FaultyBroker implements Broker {
  readonly #inner: Broker
  readonly #options: FaultyOptions

  constructor(inner: Broker, options: FaultyOptions) {
    this.#inner = inner
    this.#options = options
  }

  async append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    return Promise.all(batches.map((batch) => this.#one(batch)))
  }

  async #one(batch: AppendBatch): Promise<AppendResult> {
    const { random, faultShare, onFault, clock } = this.#options
    if (random.next() >= faultShare()) return this.#land(batch)
    const fault = FAULTS[Math.floor(random.next() * FAULTS.length)] ?? 'lost'
    onFault(fault, batch.topic)
    switch (fault) {
      case 'unanswered':
        await this.#land(batch)
        return unknown()
      case 'lost':
        return unknown()
      case 'late':
        clock.schedule(Math.floor(random.next() * LATE_MS_MAX), () => void this.#land(batch))
        return unknown()
      case 'twice': {
        const first = await this.#land(batch)
        await this.#land(batch)
        return first
      }
      case 'refused':
        return { kind: 'refused', error: trouble('refused') }
    }
  }

  async #land(batch: AppendBatch): Promise<AppendResult> {
    const [result] = await this.#inner.append([batch])
    return result ?? unknown()
  }

  join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    return this.#inner.join(options, listener)
  }

  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]> {
    return this.#inner.read(topic, partition, from)
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#inner.offsets(topic)
  }

  partitions(topic: string): Promise<number> {
    return this.#inner.partitions(topic)
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#inner.createTopics(topics)
  }

  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#inner.describeTopics(names)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

function unknown(): AppendResult {
  return { kind: 'unknown', error: trouble('no answer') }
}

function trouble(message: string): OperationalError {
  return new OperationalError('planted-fault', message, { where: 'test', retriable: true })
}
