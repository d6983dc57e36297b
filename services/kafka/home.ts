/** The Kafka home: the log on Kafka, views and participants' tables on Postgres; as many processes as wanted. */
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import type { KafkaSettings } from '../../shared/adapters/kafka/kafka-settings.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { openRegistry } from '../../shared/adapters/registry/open-registry.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import type { WireContracts } from '../../shared/contracts/wire-contracts.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { ValueSchemas } from '../../shared/ports/value-schemas.ts'
import { type Home, homeOf } from '../home.ts'
import { badSetting } from './bad-setting.ts'
import type { RegistryChoice } from './registry-settings.ts'

/** More partitions cost latency; fixed when the topics are made, because keys would move. */
export const KAFKA_PARTITIONS = 12

export interface KafkaHomeOptions {
  readonly kafka: KafkaSettings
  /** `postgres://...`; a process that touches no database needs none. */
  readonly databaseUrl: string | undefined
  readonly log: Log
  /** Values in a schema registry's wire format; absent: plain JSON. */
  readonly framing?: Framing | undefined
}

export interface Framing extends RegistryChoice {
  /** What is written and read here. */
  readonly contracts: WireContracts
  readonly prefix: string
  readonly metrics?: Metrics | undefined
}

/** @throws OperationalError when the brokers cannot be reached, or a registry will not have the contracts. */
export async function openKafkaHome({ kafka, databaseUrl, log, framing }: KafkaHomeOptions): Promise<Home> {
  const schemas = framing && schemasOf(framing)
  const plain = await openKafkaBroker(kafka, { clock: systemClock, log })
  const { broker, ready } =
    framing && schemas ? await framedBroker(plain, { ...framing, schemas, log }) : { broker: plain, ready: undefined }
  const url = () => {
    if (databaseUrl !== undefined) return databaseUrl
    throw new OperationalError('no-database', 'no database is given: set KASAGA_DATABASE_URL or --database-url', {
      where: 'kafka-home',
      retriable: false,
    })
  }
  return homeOf({
    broker,
    ready,
    log,
    partitions: KAFKA_PARTITIONS,
    participantPartitions: KAFKA_PARTITIONS,
    onShorterLog: 'refuse',
    openDatabase: (participant) => openPostgresDatabase({ url: url(), log, applicationName: participant }),
    async openViews() {
      const onIdleTrouble = (error: Error) => log.warn('an idle Postgres connection broke', { error: error.message })
      const store = openPostgresViewStore<ViewTables>({ connectionString: url(), onIdleTrouble })
      return { store, writer: new KyselyViewWriter(store.db, { onServer: true }) }
    },
  })
}

function schemasOf({ contracts, format }: Framing): ValueSchemas {
  try {
    return valueSchemas(contracts, format)
  } catch (error) {
    throw badSetting('KASAGA_REGISTRY_FORMAT', `is ${format}, and ${messageOf(error)}`)
  }
}

function framedBroker(
  inner: Broker,
  { prefix, ...options }: Framing & { readonly schemas: ValueSchemas; readonly log: Log },
) {
  return openRegistry(inner, { ...options, topics: kasagaTopics(prefix), clock: systemClock })
}
