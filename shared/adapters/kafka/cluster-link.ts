/**
 * Connections to the cluster and what is known of it: which node leads which partition.
 *
 *     closed ── connect, at the first use ──▶ open ── close ──▶ closed for good
 *
 * What is known goes stale when a leader moves; whoever notices says so, and the next one who asks refreshes it.
 */
import { OperationalError } from '../../message/errors.ts'
import { classify } from './kafka-errors.ts'
import type { KafkajsCluster, KafkaNode } from './kafkajs-internals.ts'

export class ClusterLink {
  readonly #cluster: KafkajsCluster
  #connecting: Promise<void> | undefined
  #refreshing: Promise<void> | undefined
  #stale = false
  #closed = false

  constructor(cluster: KafkajsCluster) {
    this.#cluster = cluster
  }

  /** Makes the next question about leaders ask the cluster. */
  distrust(): void {
    this.#stale = true
  }

  /** Number of partitions of a topic that was asked for before, or `undefined`. */
  knownPartitions(topic: string): number | undefined {
    if (this.#stale || !this.#cluster.targetTopics.has(topic)) return undefined
    const count = this.#metadata(topic).length
    return count === 0 ? undefined : count
  }

  /** Number of partitions; throws `topic-missing`. Fresh where it had gone stale. */
  async partitions(topic: string): Promise<number> {
    await this.connect()
    try {
      if (this.#stale) await this.#refresh()
      if (!this.#cluster.targetTopics.has(topic)) await this.#cluster.addMultipleTargetTopics([topic])
    } catch (error) {
      this.#stale = true
      throw classify(error, `asking for topic ${topic}`)
    }
    const count = this.#metadata(topic).length
    if (count > 0) return count
    this.#cluster.targetTopics.delete(topic)
    const message = `there is no topic ${topic}`
    throw new OperationalError('topic-missing', message, { where: 'kafka', retriable: false })
  }

  /** The node that leads a partition, as far as is known. */
  leader(topic: string, partition: number): number | undefined {
    const known = this.#metadata(topic).find((metadata) => metadata.partitionId === partition)
    return known === undefined || known.leader < 0 ? undefined : known.leader
  }

  async node(nodeId: number): Promise<KafkaNode> {
    await this.connect()
    return this.#cluster.findBroker({ nodeId })
  }

  async coordinator(groupId: string): Promise<KafkaNode> {
    await this.connect()
    if (this.#stale) await this.#refresh()
    return this.#cluster.findGroupCoordinator({ groupId })
  }

  /** No more than a close of connections: what is under way is rejected. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connecting?.catch(() => {})
    await this.#cluster.disconnect()
  }

  /** Connects to one of the brokers, which the first question does by itself. */
  async connect(): Promise<void> {
    if (this.#closed) {
      const message = 'the broker has been closed'
      throw new OperationalError('broker-closed', message, { where: 'kafka', retriable: false })
    }
    this.#connecting ??= this.#cluster.connect().catch((error: unknown) => {
      this.#connecting = undefined
      throw classify(error, 'connecting to Kafka')
    })
    return this.#connecting
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshTopics().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refreshTopics(): Promise<void> {
    try {
      await this.#cluster.refreshMetadata()
    } catch (error) {
      // One topic that is gone makes kafkajs refuse the answer for all: ask for each alone, and forget that one.
      if (classify(error, 'metadata').code !== 'topic-missing') throw error
      const topics = [...this.#cluster.targetTopics]
      this.#cluster.targetTopics.clear()
      for (const topic of topics) await this.#cluster.addMultipleTargetTopics([topic]).catch(ignoreMissing)
    }
    this.#stale = false
  }

  #metadata(topic: string) {
    try {
      return this.#cluster.findTopicPartitionMetadata(topic)
    } catch {
      // kafkajs throws before the first answer: nothing is known then.
      return []
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (classify(error, 'metadata').code !== 'topic-missing') throw error
}
