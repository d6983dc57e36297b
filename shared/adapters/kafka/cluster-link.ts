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

/** Answers in a row that leave a topic out, or call it missing: the node that answers may not have heard of it yet. */
const LOOKS_MAX = 3
const LOOK_AGAIN_MS = 50

export class ClusterLink {
  readonly #cluster: KafkajsCluster
  #connecting: Promise<void> | undefined
  #asking: Promise<unknown> = Promise.resolve()
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

  /** Number of partitions; throws `topic-missing` when the cluster says so. Fresh where it had gone stale. */
  async partitions(topic: string): Promise<number> {
    await this.connect()
    return this.knownPartitions(topic) ?? this.#alone(() => this.#learn(topic))
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
    if (this.#stale) await this.#alone(async () => void (this.#stale && (await this.#refresh())))
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

  /**
   * One question about topics at a time. kafkajs answers one that is asked during another with the answer to that other,
   * in which a new topic is left out.
   */
  #alone<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.#asking.then(ask)
    this.#asking = answer.catch(() => {})
    return answer
  }

  /** That a topic is not there only the cluster can say, several times: the node that answers may lag behind. */
  async #learn(topic: string): Promise<number> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      try {
        if (this.#stale) await this.#refresh()
        if (!this.#cluster.targetTopics.has(topic)) await this.#add(topic)
      } catch (error) {
        this.#stale = true
        if (!isTopicMissing(error) || looks === LOOKS_MAX - 1) throw classify(error, `asking for topic ${topic}`)
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
        continue
      }
      const count = this.#metadata(topic).length
      if (count > 0) return count
      this.#stale = true
    }
    const message = `the cluster says nothing of topic ${topic} now`
    throw new OperationalError('leader-missing', message, { where: 'kafka', retriable: true })
  }

  async #add(topic: string): Promise<void> {
    try {
      await this.#cluster.addMultipleTargetTopics([topic])
    } catch (error) {
      if (!isTopicMissing(error)) throw error
      // It may be another one that is gone.
      await this.#addEach([...this.#cluster.targetTopics, topic])
      if (!this.#cluster.targetTopics.has(topic)) throw error
    }
  }

  async #refresh(): Promise<void> {
    this.#stale = false
    try {
      await this.#cluster.refreshMetadata()
    } catch (error) {
      this.#stale = true
      if (!isTopicMissing(error)) throw error
      await this.#addEach([...this.#cluster.targetTopics])
      this.#stale = false
    }
  }

  /** One topic that is gone makes kafkajs refuse the answer for all: asks for each alone, and forgets that one. */
  async #addEach(topics: readonly string[]): Promise<void> {
    this.#cluster.targetTopics.clear()
    for (const topic of topics) await this.#cluster.addMultipleTargetTopics([topic]).catch(unlessTopicMissing)
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

function isTopicMissing(error: unknown): boolean {
  return classify(error, 'metadata').code === 'topic-missing'
}

function unlessTopicMissing(error: unknown): void {
  if (!isTopicMissing(error)) throw error
}
