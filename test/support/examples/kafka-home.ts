/** A home on real servers for examples: topics made anew, an empty database, and both taken away afterwards. */
import '../../../shared/adapters/kafka/kafkajs-timers.ts'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { openKafkaHome } from '../../../services/kafka/home.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import type { RealServers } from '../real-servers/describe-real.ts'
import { withDatabase } from '../real-servers/with-database.ts'
import type { SuiteHome } from './examples-suite.ts'
import type { Example } from './run.ts'

/** Fewer than an installation would have: twelve businesses share one broker here. */
const COUNTS = { partitions: 3, participantPartitions: 2 }
const PREFIX = 'examples'
const LOOK_AGAIN_MS = 50

export async function openKafkaExampleHome(
  { kafka, postgres }: Pick<RealServers, 'kafka' | 'postgres'>,
  examples: readonly Example[],
): Promise<SuiteHome> {
  const participants = participantsOf(new Definitions(examples.flatMap(({ definitions }) => definitions)))
  const own = new Set(topicSpecs(PREFIX, COUNTS, participants).map(({ name }) => name))
  await removeTopics(kafka, own)
  const opened = Promise.withResolvers<string>()
  const closing = Promise.withResolvers<void>()
  const dropped = withDatabase(postgres, async (url) => {
    opened.resolve(url)
    await closing.promise
  })
  dropped.catch(opened.reject)
  const databaseUrl = await opened.promise
  const home = await openKafkaHome({
    kafka: { brokers: kafka.split(','), clientId: 'examples' },
    databaseUrl,
    log: noLog,
  })
  return {
    home: { ...home, ...COUNTS },
    prefix: PREFIX,
    async close() {
      await home.close()
      closing.resolve()
      await dropped
      await removeTopics(kafka, own)
    },
  }
}

async function removeTopics(kafka: string, own: ReadonlySet<string>): Promise<void> {
  const admin = new Kafka({ brokers: kafka.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const topics = await ownTopics(admin, own)
    if (topics.length > 0) await admin.deleteTopics({ topics })
    while ((await ownTopics(admin, own)).length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  } finally {
    await admin.disconnect()
  }
}

async function ownTopics(admin: Admin, own: ReadonlySet<string>): Promise<string[]> {
  return (await admin.listTopics()).filter((name) => own.has(name))
}
