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
import { type Clock, type Random, sleep } from '../../shared/ports/clock.ts'

export type Fault = 'unanswered' | 'lost' | 'late' | 'twice' | 'refused'

const FAULTS: readonly Fault[] = ['unanswered', 'lost', 'late', 'twice', 'refused']
const LATE_MS_MAX = 400

export interface FaultyOptions {
  readonly clock: Clock
  readonly random: Random
  /** Share of the appends that meet a fault; read at each append, so that it can be turned off. */
  readonly faultShare: () => number
  /** Longest time that an append, or its answer, is on its way. */
  readonly travelMsMax: number
  /** Told of each fault. */
  readonly onFault: (fault: Fault, topic: string) => void
}

/** A connection that can be cut. */
export type Cuttable = Broker & { drop(): void }

export class FaultyBroker implements Broker {
  readonly #inner: Cuttable
  readonly #groups: Cuttable
  readonly #options: FaultyOptions
  #unaware = false

  /** Appends and reads through `inner`, joins groups through `groups`: one can be cut and the other go on. */
  constructor(inner: Cuttable, groups: Cuttable, options: FaultyOptions) {
    this.#inner = inner
    this.#groups = groups
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

  /** Takes its time on the way there and on the way back, so that others come in between. */
  async #land(batch: AppendBatch): Promise<AppendResult> {
    await this.#travel()
    const [result] = await this.#inner.append([batch])
    await this.#travel()
    return result ?? unknown()
  }

  #travel(): Promise<void> {
    const { clock, random, travelMsMax } = this.#options
    return sleep(clock, Math.floor(random.next() * travelMsMax))
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    const member = await this.#groups.join(options, listener)
    return {
      open: (...place) => member.open(...place),
      pause: (...place) => member.pause(...place),
      resume: (...place) => member.resume(...place),
      commit: (...checkpoint) => member.commit(...checkpoint),
      committed: (...place) => member.committed(...place),
      owns: (partition) => this.#unaware || member.owns(partition),
      close: () => member.close(),
    }
  }

  /** Kill -9: nothing more is appended; what is on its way may still land. */
  kill(): void {
    this.#inner.drop()
    this.#groups.drop()
  }

  /** A process that was paused through a take-over and wakes up: others own what it believes to own, and it appends. */
  pauseThroughTakeOver(): void {
    this.#unaware = true
    this.#groups.drop()
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

  async close(): Promise<void> {
    await this.#groups.close()
    await this.#inner.close()
  }
}

function unknown(): AppendResult {
  return { kind: 'unknown', error: trouble('no answer') }
}

function trouble(message: string): OperationalError {
  return new OperationalError('planted-fault', message, { where: 'test', retriable: true })
}
