/** The Kafka home: the log on Kafka, views and participants' tables on Postgres; as many processes as wanted. */
import type { Kysely } from 'kysely'
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import type { KafkaSettings } from '../../shared/adapters/kafka/kafka-settings.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import type { Home } from '../home.ts'

/** More partitions cost latency; fixed when the topics are made, because keys would move. */
export const KAFKA_PARTITIONS = 12

export interface KafkaHomeOptions {
  readonly kafka: KafkaSettings
  /** `postgres://...`; a process that touches no database needs none. */
  readonly databaseUrl: string | undefined
  readonly log: Log
}

/** @throws OperationalError when the brokers cannot be reached. */
export async function openKafkaHome({ kafka, databaseUrl, log }: KafkaHomeOptions): Promise<Home> {
  const clock = systemClock
  const broker = await openKafkaBroker(kafka, { clock, log })
  const databases = new Map<string, Kysely<unknown>>()
  const url = () => {
    if (databaseUrl !== undefined) return databaseUrl
    throw new OperationalError('no-database', 'no database is given: set KASAGA_DATABASE_URL or --database-url', {
      where: 'kafka-home',
      retriable: false,
    })
  }
  const openViews = async () => {
    const onIdleTrouble = (error: Error) => log.warn('an idle Postgres connection broke', { error: error.message })
    const store = openPostgresViewStore<ViewTables>({ connectionString: url(), onIdleTrouble })
    return { store, writer: new KyselyViewWriter(store.db, { onServer: true }) }
  }
  let views: ReturnType<typeof openViews> | undefined
  return {
    broker,
    clock,
    random: systemRandom,
    ids: systemIds,
    log,
    partitions: KAFKA_PARTITIONS,
    participantPartitions: KAFKA_PARTITIONS,
    onShorterLog: 'refuse',
    views() {
      views ??= openViews()
      return views
    },
    participantDatabase<Tables>(participant: string) {
      const database =
        databases.get(participant) ?? openPostgresDatabase<unknown>({ url: url(), log, applicationName: participant })
      databases.set(participant, database)
      return database as Kysely<Tables>
    },
    async close() {
      await (await views)?.store.close()
      for (const database of databases.values()) await database.destroy()
      await broker.close()
    },
  }
}
