/** Topics: creating, describing, and the offsets of their partitions, through kafkajs's admin client. */
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { OperationalError } from '../../message/errors.ts'
import type { PartitionOffsets, TopicDescription, TopicDrift, TopicSpec } from '../../ports/broker.ts'
import type { ClusterLink } from './cluster-link.ts'
import { classify } from './kafka-errors.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { topicOffsets } from './partition-offsets.ts'
import { driftOf, settingsOf } from './topic-drift.ts'

const COPIES_WANTED = 3
const ANSWERS_WITHIN_MS = 15_000
const ANSWER_PAUSE_MS = 50
const ALREADY_EXISTS = 36

export type Durability = Pick<KafkaSettings, 'replicationFactor' | 'minInsyncReplicas'>

export class KafkaTopics {
  readonly #kafka: Kafka
  readonly #link: ClusterLink
  readonly #durability: Durability
  #admin: Promise<Admin> | undefined

  /** The link is closed by whoever opened it. */
  constructor(kafka: Kafka, link: ClusterLink, durability: Durability) {
    this.#kafka = kafka
    this.#link = link
    this.#durability = durability
  }

  async create(topics: readonly TopicSpec[]): Promise<void> {
    const existing = await this.describe(topics.map((topic) => topic.name))
    for (const topic of topics) checkPartitions(topic, existing)
    const missing = topics.filter((topic) => !existing.some(({ name }) => name === topic.name))
    if (missing.length === 0) return
    const replicas = await this.#replicas()
    await this.#run('creating topics', (admin) =>
      admin
        .createTopics({ waitForLeaders: false, topics: missing.map((topic) => creation(topic, replicas)) })
        .catch(unlessAllExist),
    )
    await this.#untilAnswering(missing)
  }

  async describe(names: readonly string[]): Promise<readonly TopicDescription[]> {
    const described = await Promise.all(names.map((name) => this.#describeOne(name)))
    return described.filter((topic) => topic !== undefined)
  }

  async drift(topics: readonly TopicSpec[]): Promise<readonly TopicDrift[]> {
    const there = new Set((await this.describe(topics.map(({ name }) => name))).map(({ name }) => name))
    const own = topics.filter(({ name }) => there.has(name))
    if (own.length === 0) return []
    const { inSync } = await this.#replicas()
    const asked = own.map(({ name }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name }))
    const { resources } = await this.#run('reading the settings of topics', (admin) =>
      admin.describeConfigs({ resources: asked, includeSynonyms: false }),
    )
    const entries = new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]))
    return own.flatMap((spec) => {
      const found = (entries.get(spec.name) ?? []).map(({ configName, configValue }) => ({
        name: configName,
        value: configValue,
      }))
      return driftOf(spec, inSync, found)
    })
  }

  async partitions(topic: string): Promise<number> {
    const [described] = await this.describe([topic])
    if (described === undefined) throw topicMissing(topic)
    return described.partitions
  }

  /** Not through the admin client: it keeps every topic asked for in mind, and fails for good once one is deleted. */
  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return topicOffsets(this.#link, topic)
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined)
    await admin?.disconnect()
  }

  async #describeOne(name: string): Promise<TopicDescription | undefined> {
    try {
      const { topics } = await this.#run(`describing ${name}`, (admin) => admin.fetchTopicMetadata({ topics: [name] }))
      const partitions = topics.find((topic) => topic.name === name)?.partitions.length ?? 0
      return partitions === 0 ? undefined : { name, partitions }
    } catch (error) {
      if (error instanceof OperationalError && error.code === 'topic-missing') return undefined
      throw error
    }
  }

  async #replicas(): Promise<{ factor: number; inSync: number }> {
    const { brokers } = await this.#run('counting the brokers', (admin) => admin.describeCluster())
    const factor = this.#durability.replicationFactor ?? Math.min(COPIES_WANTED, brokers.length)
    return { factor, inSync: this.#durability.minInsyncReplicas ?? (factor >= COPIES_WANTED ? 2 : 1) }
  }

  /** A topic just created is unknown or without leaders for a moment. */
  async #untilAnswering(topics: readonly TopicSpec[]): Promise<void> {
    const deadline = Date.now() + ANSWERS_WITHIN_MS
    for (const topic of topics) {
      while (!(await this.offsets(topic.name).catch(() => undefined))) {
        if (Date.now() > deadline) throw unanswered(topic.name)
        await new Promise((resolve) => setTimeout(resolve, ANSWER_PAUSE_MS))
      }
    }
    for (const topic of topics) checkPartitions(topic, await this.describe([topic.name]))
  }

  async #run<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connect()
    const admin = this.#admin
    try {
      return await work(await admin)
    } catch (error) {
      const known = classify(error, what)
      // A client that lost its connection is not trusted with the next question.
      if (this.#admin === admin && known.code.startsWith('broker-')) {
        this.#admin = undefined
        void admin.then((lost) => lost.disconnect()).catch(() => {})
      }
      throw known
    }
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin({ retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 200 } })
    await admin.connect()
    return admin
  }
}

function creation(topic: TopicSpec, replicas: { factor: number; inSync: number }) {
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: replicas.factor,
    configEntries: [...settingsOf(topic, replicas.inSync)],
  }
}

/** Somebody else may have created them in the meantime; the check after it compares the partitions. */
function unlessAllExist(error: unknown): void {
  const errors: unknown[] = error instanceof AggregateError || hasErrors(error) ? error.errors : [error]
  const exists = (one: unknown) =>
    typeof one === 'object' && one !== null && 'code' in one && one.code === ALREADY_EXISTS
  if (!errors.every(exists)) throw errors.find((one) => !exists(one)) ?? error
}

function hasErrors(error: unknown): error is { errors: unknown[] } {
  return typeof error === 'object' && error !== null && 'errors' in error && Array.isArray(error.errors)
}

function checkPartitions(topic: TopicSpec, existing: readonly TopicDescription[]): void {
  const found = existing.find(({ name }) => name === topic.name)
  if (found === undefined || found.partitions === topic.partitions) return
  const message = `${topic.name} has ${found.partitions} partitions, not ${topic.partitions}`
  throw new OperationalError('topic-mismatch', message, { where: 'kafka', retriable: false })
}

export function topicMissing(topic: string): OperationalError {
  return new OperationalError('topic-missing', `there is no topic ${topic}`, { where: 'kafka', retriable: false })
}

function unanswered(topic: string): OperationalError {
  const message = `${topic} was created, but did not answer within ${ANSWERS_WITHIN_MS} ms`
  return new OperationalError('topic-unanswering', message, { where: 'kafka', retriable: true })
}
