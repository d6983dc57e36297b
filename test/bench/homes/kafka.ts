/** The Kafka home: a real broker of this machine, orchestrators and participants as processes, the load in this one. */
import { audit } from '../../../services/auditor/audit.ts'
import type { Home } from '../../../services/home.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { Fleet } from '../../support/kafka-home/fleet.ts'
import type { BenchInstallation } from '../measure/measure-installation.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { Load } from '../work/load.ts'
import { KafkaLog } from './kafka-log.ts'
import { viewsReached } from './reached.ts'
import { benchPostgres } from './servers.ts'

export interface KafkaBenchOptions {
  /** Participants keep inbox and tables in Postgres, and a projector follows the log there. */
  readonly postgres?: boolean
  /** The log is synced to disk for each batch, before it is acknowledged. */
  readonly fsync?: boolean
  readonly orchestrators?: number
  readonly partitions?: number
}

const PARTITIONS = 12

/** The processes that run the measured saga, in place of the shop's. */
export const BENCH_MAINS = {
  orchestrator: 'test/bench/processes/orchestrator.ts',
  inventory: 'test/bench/processes/participants.ts',
}

export async function openKafka(options: KafkaBenchOptions = {}): Promise<BenchInstallation> {
  const { postgres = false, fsync = false, orchestrators = 1, partitions = PARTITIONS } = options
  const log = await KafkaLog.open(partitions)
  if (fsync) await log.syncEachBatch()
  const database = postgres ? await benchPostgres() : undefined
  const { topics, prefix } = log
  const fleet = new Fleet({
    ...{ kafka: log.address, prefix, mains: BENCH_MAINS },
    ...(database && { databaseUrl: database.address }),
  })
  const home = await log.home(database?.address)
  await fleet.start(...Array.from({ length: orchestrators }, () => 'orchestrator' as const), 'inventory')
  if (postgres) await fleet.start('projector')
  const client = sagaClient({ ...home, topics, source: '/bench' })
  const load = await Load.open({ broker: home.broker, client, topics })
  return {
    load,
    log: () => log.size(home),
    audit: () => audited(home, topics, postgres),
    async close() {
      await load.close()
      await fleet.end()
      await home.close()
      await Promise.all([log.close(), database?.stop()])
    },
  }
}

async function audited(home: Home, topics: KasagaTopics, postgres: boolean) {
  const checks = { topics, commands: true, definitions: BENCH_DEFINITIONS, participants: [] }
  if (!postgres) return audit({ broker: home.broker, log: noLog, ...checks, atRest: { now: home.clock.now() } })
  await viewsReached(home, topics)
  return verifyHome(home, { ...checks, atRest: true })
}
