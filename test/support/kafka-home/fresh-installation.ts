/** An installation of its own on shared servers: an empty database, and topics made anew. */
import '../../../shared/adapters/kafka/kafkajs-timers.ts'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { definitions } from '../../../services/orders/definitions.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { type PartitionCounts, participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { openTestKafka } from '../open-test-kafka.ts'
import type { RealServers } from '../real-servers/describe-real.ts'
import { withDatabase } from '../real-servers/with-database.ts'

/** What processes are told of where they are. */
export interface Surroundings {
  readonly kafka: string
  readonly prefix: string
  /** Absent: they touch no database. */
  readonly databaseUrl?: string
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>
  /** Other files to run than a service's own `main.ts`, by service. */
  readonly mains?: Readonly<Record<string, string>>
  /** What each process writes is kept there too, a file each. */
  readonly logFolder?: string
}

export interface Installation extends Surroundings {
  readonly databaseUrl: string
}

const COUNTS: PartitionCounts = { partitions: 12, participantPartitions: 12 }
const PARTICIPANTS = participantsOf(definitions)
const LOOK_AGAIN_MS = 50

/**
 * Opens one; `close` takes it away again. The participants' topics carry no prefix, so servers have one installation at
 * a time.
 */
export async function openInstallation(
  { kafka, postgres }: Pick<RealServers, 'kafka' | 'postgres'>,
  prefix: string,
): Promise<Installation & { close(): Promise<void> }> {
  await withAdmin(kafka, (admin) => removeTopics(admin, prefix))
  await makeTopics(kafka, prefix)
  const opened = Promise.withResolvers<string>()
  const closing = Promise.withResolvers<void>()
  const dropped = withDatabase(postgres, async (url) => {
    opened.resolve(url)
    await closing.promise
  })
  dropped.catch(opened.reject)
  return {
    kafka,
    prefix,
    databaseUrl: await opened.promise,
    async close() {
      closing.resolve()
      await dropped
      await withAdmin(kafka, (admin) => removeTopics(admin, prefix))
    },
  }
}

async function withAdmin(kafka: string, use: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = new Kafka({ brokers: kafka.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await use(admin)
  } finally {
    await admin.disconnect()
  }
}

async function removeTopics(admin: Admin, prefix: string): Promise<void> {
  const own = new Set(topicSpecs(prefix, COUNTS, PARTICIPANTS).map(({ name }) => name))
  const there = async () => (await admin.listTopics()).filter((name) => own.has(name))
  const topics = await there()
  if (topics.length > 0) await admin.deleteTopics({ topics })
  while ((await there()).length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
}

async function makeTopics(kafka: string, prefix: string): Promise<void> {
  const broker = await openTestKafka(kafka)
  try {
    await broker.createTopics(topicSpecs(prefix, COUNTS, PARTICIPANTS))
    await broker.offsets(kasagaTopics(prefix).events)
  } finally {
    await broker.close()
  }
}
