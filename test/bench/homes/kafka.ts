/** The Kafka home: a real broker of this machine, orchestrators and participants as processes, the load in this one. */
import { Kafka, logLevel } from 'kafkajs'
import type { RunningServer } from '../../../infra/servers/server.ts'
import { audit } from '../../../services/auditor/audit.ts'
import type { Home } from '../../../services/home.ts'
import { openKafkaHome } from '../../../services/kafka/home.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { Fleet } from '../../support/kafka-home/fleet.ts'
import type { BenchInstallation } from '../measure/measure-installation.ts'
import { Load } from '../work/load.ts'
import { BENCH_DEFINITIONS } from '../work/order.ts'
import { logRecords, viewsReached } from './reached.ts'
import { benchKafka, benchPostgres } from './servers.ts'

export interface KafkaBenchOptions {
  /** Participants keep inbox and tables in Postgres, and a projector follows the log there. */
  readonly postgres?: boolean
  /** The log is synced to disk for each batch, before it is acknowledged. */
  readonly fsync?: boolean
  readonly orchestrators?: number
  readonly partitions?: number
}

const PREFIX = 'kasaga'
const topics = kasagaTopics(PREFIX)
const PARTITIONS = 12

export async function openKafka(options: KafkaBenchOptions = {}): Promise<BenchInstallation> {
  const { postgres = false, fsync = false, orchestrators = 1, partitions = PARTITIONS } = options
  const kafka = await benchKafka()
  const database = postgres ? await benchPostgres() : undefined
  const fleet = new Fleet({
    ...{ kafka: kafka.address, prefix: PREFIX },
    ...(database && { databaseUrl: database.address }),
    mains: { orchestrator: 'test/bench/processes/orchestrator.ts', inventory: 'test/bench/processes/participants.ts' },
  })
  const home = await openKafkaHome({
    kafka: { brokers: [kafka.address], clientId: 'bench' },
    databaseUrl: database?.address,
    log: noLog,
  })
  const participants = participantsOf(BENCH_DEFINITIONS)
  await home.broker.createTopics(topicSpecs(PREFIX, { partitions, participantPartitions: partitions }, participants))
  if (fsync) await syncEachBatch(kafka)
  await fleet.start(...Array.from({ length: orchestrators }, () => 'orchestrator' as const), 'inventory')
  if (postgres) await fleet.start('projector')
  const client = sagaClient({ ...home, topics, source: '/bench' })
  const load = await Load.open({ broker: home.broker, client, topics })
  return {
    load,
    log: async () => ({ records: await logRecords(home, topics), bytes: undefined }),
    audit: () => audited(home, postgres),
    async close() {
      await load.close()
      await fleet.end()
      await home.close()
      await Promise.all([kafka.stop(), database?.stop()])
    },
  }
}

async function audited(home: Home, postgres: boolean) {
  const checks = { topics, commands: true, definitions: BENCH_DEFINITIONS, participants: [] }
  if (!postgres) return audit({ broker: home.broker, log: noLog, ...checks, atRest: { now: home.clock.now() } })
  await viewsReached(home, topics)
  return verifyHome(home, { ...checks, atRest: true })
}

async function syncEachBatch({ address }: RunningServer): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const configEntries = [{ name: 'flush.messages', value: '1' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topics.events, configEntries }] })
  } finally {
    await admin.disconnect()
  }
}
