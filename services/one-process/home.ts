/** The home that a command line names: a data folder, or Kafka and Postgres. */
import { contractsOf } from '../../shared/contracts/wire-contracts.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { isEmbeddedHome, openEmbeddedHome } from '../embedded/home.ts'
import type { Home } from '../home.ts'
import { openKafkaHome } from '../kafka/home.ts'
import type { PayloadSettings } from '../kafka/payload-settings.ts'
import type { RegistryChoice } from '../kafka/registry-settings.ts'
import type { KafkaSecurity } from '../kafka/security-settings.ts'
import { brokersOf } from '../kafka/settings.ts'
import { definitions } from '../orders/definitions.ts'

export interface HomeChoice {
  /** Data folder of the embedded home. */
  readonly dataDir?: string | undefined
  /** `host:port` of brokers, separated by commas. */
  readonly kafka?: string | undefined
  readonly databaseUrl?: string | undefined
  /** How to talk to the brokers; asked only where there are any. */
  readonly kafkaSecurity?: () => KafkaSecurity
  /** Where large values are kept; asked only where there are brokers: a data folder has its own place for them. */
  readonly payloads?: () => PayloadSettings
  /** The registry that values on Kafka are written for; asked only there. */
  readonly registry?: () => RegistryChoice | undefined
  /** Of the topics; `kasaga` unless told otherwise. */
  readonly prefix?: string | undefined
  /** The data folder must have been used before: nothing is made. */
  readonly mustExist?: boolean
  /** Nothing but the log is used: on Kafka no database need be named, but for large values that are kept there. */
  readonly logOnly?: boolean
}

/** @throws OperationalError when both homes are named, or half of one, or it cannot be opened. */
export async function openHome(choice: HomeChoice, log: Log): Promise<Home> {
  const {
    dataDir,
    kafka,
    databaseUrl,
    kafkaSecurity = () => ({}),
    payloads,
    mustExist = false,
    logOnly = false,
  } = choice
  if (kafka !== undefined) {
    if (dataDir !== undefined) throw unclear('either --data-dir or --kafka, not both')
    if (databaseUrl === undefined && !logOnly)
      throw unclear('--kafka needs --database-url: the views and tables live in Postgres')
    const framing = choice.registry?.()
    return openKafkaHome({
      framing: framing && { ...framing, contracts: contractsOf(definitions), prefix: choice.prefix ?? 'kasaga' },
      kafka: { ...kafkaSecurity(), brokers: brokersOf(kafka), clientId: 'kasaga' },
      databaseUrl,
      payloads: payloads?.(),
      log,
    })
  }
  if (databaseUrl !== undefined) throw unclear('--database-url goes with --kafka')
  if (dataDir === undefined) throw unclear('name a --data-dir, or --kafka and --database-url')
  if (mustExist && !isEmbeddedHome(dataDir))
    throw new OperationalError('no-data', `there is no data in ${dataDir}`, { where: 'settings', retriable: false })
  return openEmbeddedHome({ directory: dataDir, log })
}

function unclear(message: string): OperationalError {
  return new OperationalError('bad-setting', message, { where: 'settings', retriable: false })
}
