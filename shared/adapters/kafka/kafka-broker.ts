/**
 * The broker port on Apache Kafka.
 *
 * Appends, reads and each group have connections of their own, so that a long fetch of one never delays another.
 */
import { Kafka, logLevel } from 'kafkajs'
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
  TopicDrift,
  TopicSpec,
} from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/telemetry.ts'
import { Appender } from './appender.ts'
import { ClusterLink } from './cluster-link.ts'
import { joinKafkaGroup, type KafkaGroup } from './kafka-group.ts'
import { kafkajsLog } from './kafka-log.ts'
import { type KafkaSettings, tlsOptions } from './kafka-settings.ts'
import { KafkaTopics } from './kafka-topics.ts'
import { type ClusterOptions, kafkajsCluster } from './kafkajs-internals.ts'
import { readPartition } from './partition-reader.ts'
import { SeenEnds } from './seen-ends.ts'

const CONNECT_MS = 3_000
const REQUEST_MS = 10_000
/** A node that takes a group's question and does not answer is given up soon. Only a join waits for others; see kafkajs. */
const GROUP_REQUEST_MS = 7_000
const METADATA_AGE_MAX_MS = 60_000
const RETRY = { retries: 2, initialRetryTime: 50, maxRetryTime: 500 }

export interface KafkaSurroundings {
  readonly log: Log
  /** Stamps the records. */
  readonly clock: Pick<Clock, 'now'>
}

/** Opens the port on a cluster; throws `broker-unreachable` or `broker-login-failed` when it cannot be reached. */
export async function openKafkaBroker(settings: KafkaSettings, surroundings: KafkaSurroundings): Promise<KafkaBroker> {
  const { log, clock } = surroundings
  const creator = kafkajsLog(log)
  const options: ClusterOptions = {
    brokers: settings.brokers,
    clientId: settings.clientId,
    ssl: tlsOptions(settings, log),
    sasl: settings.sasl,
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    metadataMaxAge: METADATA_AGE_MAX_MS,
    retry: RETRY,
  }
  const { ssl, sasl, metadataMaxAge: _metadataMaxAge, ...client } = options
  const kafka = new Kafka({
    ...client,
    brokers: [...settings.brokers],
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    logLevel: logLevel.WARN,
    logCreator: creator,
  })
  const link = (requestTimeout = REQUEST_MS) => new ClusterLink(kafkajsCluster({ ...options, requestTimeout }, creator))
  const reading = link()
  const broker = new KafkaBroker({ log, clock, link, reading, topics: new KafkaTopics(kafka, reading, settings) })
  try {
    await broker.connect()
    return broker
  } catch (error) {
    await broker.close()
    throw error
  }
}

interface KafkaParts extends KafkaSurroundings {
  readonly topics: KafkaTopics
  readonly reading: ClusterLink
  readonly link: (requestTimeoutMs?: number) => ClusterLink
}

export class KafkaBroker implements Broker {
  readonly #parts: KafkaParts
  readonly #appender: Appender
  readonly #reading: ClusterLink
  readonly #groups = new Set<KafkaGroup>()
  readonly #partitions = new Map<string, number>()
  readonly #seen = new SeenEnds()

  constructor(parts: KafkaParts) {
    this.#parts = parts
    this.#appender = new Appender(parts.link, () => parts.clock.now())
    this.#reading = parts.reading
  }

  connect(): Promise<void> {
    return this.#reading.connect()
  }

  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    return Promise.all(batches.map((batch) => this.#append(batch)))
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    const link = this.#parts.link(GROUP_REQUEST_MS)
    try {
      const group = await joinKafkaGroup({ ...options, link, log: this.#parts.log }, listener)
      this.#groups.add(group)
      return group
    } catch (error) {
      await link.close()
      throw error
    }
  }

  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]> {
    return readPartition(this.#reading, { topic, partition, from, seen: this.#seen })
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#parts.topics.offsets(topic)
  }

  async partitions(topic: string): Promise<number> {
    const known = this.#partitions.get(topic) ?? (await this.#parts.topics.partitions(topic))
    this.#partitions.set(topic, known)
    return known
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#parts.topics.create(topics)
  }

  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#parts.topics.describe(names)
  }

  topicDrift(topics: readonly TopicSpec[]): Promise<readonly TopicDrift[]> {
    return this.#parts.topics.drift(topics)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#groups].map((group) => group.close()))
    await this.#appender.close()
    await Promise.all([this.#reading.close(), this.#parts.topics.close()])
  }

  async #append(batch: AppendBatch): Promise<AppendResult> {
    const result = await this.#appender.append(batch)
    if (result.kind === 'appended') {
      this.#seen.saw(batch.topic, batch.partition, result.baseOffset + BigInt(batch.records.length))
    }
    return result
  }
}
