/** The Kafka home: the log on Kafka, views and participants' tables on Postgres; as many processes as wanted. */
import { NoPayloadStore } from '../../shared/adapters/claim-check/no-payload-store.ts'
import { FolderPayloadStore } from '../../shared/adapters/folder/folder-payload-store.ts'
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import type { KafkaSettings } from '../../shared/adapters/kafka/kafka-settings.ts'
import { KyselyControlViews } from '../../shared/adapters/postgres/control-views.ts'
import { KyselyPayloadStore } from '../../shared/adapters/postgres/kysely-payload-store.ts'
import type { PayloadTables } from '../../shared/adapters/postgres/payloads-table.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import { KyselyViewBuilds } from '../../shared/adapters/postgres/view-builds.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import type { OpenRegistry } from '../../shared/adapters/registry/open-registry.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import type { WireContracts } from '../../shared/contracts/wire-contracts.ts'
import { PAYLOAD_BYTES_MAX } from '../../shared/message/claim.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { PayloadStore } from '../../shared/ports/payload-store.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import type { ValueSchemas } from '../../shared/ports/value-schemas.ts'
import { type Home, homeOf, openTelemetry, type Telemetry } from '../home.ts'
import { badSetting } from './bad-setting.ts'
import { PAYLOADS_UNSET, type PayloadPlace, type PayloadSettings } from './payload-settings.ts'
import type { RegistryChoice } from './registry-settings.ts'

/** More partitions cost latency; fixed when the topics are made, because keys would move. */
export const KAFKA_PARTITIONS = 12

export interface KafkaHomeOptions {
  readonly kafka: KafkaSettings
  /** `postgres://...`; a process that touches no database needs none. */
  readonly databaseUrl: string | undefined
  readonly payloads?: PayloadSettings | undefined
  readonly log: Log
  /** Values in a schema registry's wire format; absent: plain JSON. */
  readonly framing?: Framing | undefined
}

export interface Framing extends RegistryChoice {
  /** What is written and read here. */
  readonly contracts: WireContracts
  readonly prefix: string
}

/** Connections for payloads: each holds a whole one while it is on its way. */
const PAYLOAD_CONNECTIONS_MAX = 4

/** @throws OperationalError when the brokers cannot be reached, or a registry will not have the contracts. */
export async function openKafkaHome(options: KafkaHomeOptions): Promise<Home> {
  const { kafka, databaseUrl, payloads = PAYLOADS_UNSET, log } = options
  const url = () => {
    if (databaseUrl !== undefined) return databaseUrl
    throw new OperationalError('no-database', 'no database is given: set KASAGA_DATABASE_URL or --database-url', {
      where: 'kafka-home',
      retriable: false,
    })
  }
  const place = payloads.place.kind === 'unset' && databaseUrl !== undefined ? POSTGRES : payloads.place
  const store = payloadStore(place, { url, log })
  const telemetry = openTelemetry()
  const registry = await registryFor(options, telemetry)
  const broker = await openKafkaBroker(kafka, { clock: systemClock, log }).catch((error: unknown) => {
    registry?.close()
    throw error
  })
  const keeps = !(store instanceof NoPayloadStore)
  return homeOf({
    broker,
    payloads: store,
    claims: keeps ? { valueBytesMax: payloads.valueBytesMax, payloadBytesMax: PAYLOAD_BYTES_MAX } : undefined,
    framed: registry?.around,
    notReady: registry?.notReady,
    telemetry,
    log,
    partitions: KAFKA_PARTITIONS,
    participantPartitions: KAFKA_PARTITIONS,
    onShorterLog: 'refuse',
    openDatabase: (participant) => openPostgresDatabase({ url: url(), log, applicationName: participant }),
    async openViews() {
      const onIdleTrouble = (error: Error) => log.warn('an idle Postgres connection broke', { error: error.message })
      const store = openPostgresViewStore<ViewTables>({ connectionString: url(), onIdleTrouble })
      const writer = new KyselyViewWriter(store.db, { onServer: true })
      return {
        store,
        writer,
        builds: new KyselyViewBuilds(store.db, { onServer: true, writer }),
        participants: new KyselyControlViews(store.db),
      }
    },
  })
}

/** @throws OperationalError `bad-setting` for a contract that the format cannot say, `contract-refused` by the registry. */
async function registryFor(
  { framing, log }: KafkaHomeOptions,
  { metrics }: Telemetry,
): Promise<OpenRegistry | undefined> {
  if (!framing) return undefined
  // Its client brings much with it, which those without a registry need not load.
  const { openRegistry } = await import('../../shared/adapters/registry/open-registry.ts')
  const topics = kasagaTopics(framing.prefix)
  return openRegistry({ ...framing, schemas: schemasOf(framing), topics, clock: systemClock, log, metrics })
}

const NO_SCHEMAS: ValueSchemas = { all: [], of: () => undefined }

function schemasOf({ contracts, format, write }: Framing): ValueSchemas {
  if (!write) return NO_SCHEMAS
  try {
    return valueSchemas(contracts, format)
  } catch (error) {
    throw badSetting('KASAGA_REGISTRY_FORMAT', `is ${format}, and ${messageOf(error)}`)
  }
}

const POSTGRES: PayloadPlace = { kind: 'postgres' }

/** @throws OperationalError `no-database` where they are to be in a database, and none is given. */
function payloadStore(place: PayloadPlace, { url, log }: { url: () => string; log: Log }): PayloadStore {
  switch (place.kind) {
    case 'folder':
      return new FolderPayloadStore(place.path)
    case 'postgres': {
      const options = { url: url(), log, applicationName: 'payloads', connectionsMax: PAYLOAD_CONNECTIONS_MAX }
      return new KyselyPayloadStore(openPostgresDatabase<PayloadTables>(options), systemClock)
    }
    default:
      return new NoPayloadStore(place.kind)
  }
}
