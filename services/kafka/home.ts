/** The Kafka home: the log on Kafka, views and participants' tables on Postgres; as many processes as wanted. */
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import type { KafkaSettings } from '../../shared/adapters/kafka/kafka-settings.ts'
import { KyselyParticipantViews } from '../../shared/adapters/postgres/participant-views.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { type Home, homeOf } from '../home.ts'

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
  const broker = await openKafkaBroker(kafka, { clock: systemClock, log })
  const url = () => {
    if (databaseUrl !== undefined) return databaseUrl
    throw new OperationalError('no-database', 'no database is given: set KASAGA_DATABASE_URL or --database-url', {
      where: 'kafka-home',
      retriable: false,
    })
  }
  return homeOf({
    broker,
    log,
    partitions: KAFKA_PARTITIONS,
    participantPartitions: KAFKA_PARTITIONS,
    onShorterLog: 'refuse',
    openDatabase: (participant) => openPostgresDatabase({ url: url(), log, applicationName: participant }),
    async openViews() {
      const onIdleTrouble = (error: Error) => log.warn('an idle Postgres connection broke', { error: error.message })
      const store = openPostgresViewStore<ViewTables>({ connectionString: url(), onIdleTrouble })
      return {
        store,
        writer: new KyselyViewWriter(store.db, { onServer: true }),
        participants: new KyselyParticipantViews(store.db),
      }
    },
  })
}
