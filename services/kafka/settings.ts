/** What a process on Kafka is told by its environment. */

import { INBOX_RETENTION } from '../../shared/participant/inbox-pruner.ts'
import type { Rollout } from '../../shared/saga/rollout.ts'
import { badSetting, type Environment } from './bad-setting.ts'
import { type InboxRetention, inboxRetentionFrom } from './inbox-retention-setting.ts'
import { liveSagasMaxFrom } from './live-sagas-setting.ts'
import { type PayloadSettings, payloadsFrom } from './payload-settings.ts'
import { type RegistryChoice, registryFrom } from './registry-settings.ts'
import { rolloutFrom } from './rollout-setting.ts'
import { type KafkaSecurity, kafkaSecurityFrom } from './security-settings.ts'
import { snapshotEveryFrom } from './snapshot-setting.ts'

export interface ProcessSettings {
  /** `host:port`, at least one. KASAGA_KAFKA, separated by commas. */
  readonly brokers: readonly string[]
  /** KASAGA_KAFKA_TLS, _CA_FILE, _SASL_*; neither unless told otherwise. */
  readonly security: KafkaSecurity
  /** KASAGA_REGISTRY_*: values in a schema registry's wire format; plain JSON unless told otherwise. */
  readonly registry: RegistryChoice | undefined
  /** KASAGA_PREFIX; `kasaga` unless told otherwise. */
  readonly prefix: string
  /** KASAGA_DATABASE_URL. */
  readonly databaseUrl: string | undefined
  /** KASAGA_PAYLOADS, KASAGA_CLAIM_CHECK_BYTES */
  readonly payloads: PayloadSettings
  /** KASAGA_PORT: of the gateway, or of another service's health and metrics. 0 takes a free one. */
  readonly port: number | undefined
  /** KASAGA_LISTEN; this machine only unless told otherwise. */
  readonly listen: string
  /** KASAGA_INSECURE_ALLOW_ANONYMOUS=1 */
  readonly insecureAllowAnonymous: boolean
  /** KASAGA_ROLLOUT: which version starts take that name none. `fulfil-order@2=10%`, separated by commas. */
  readonly rollout: Rollout
  /** KASAGA_INBOX_RETENTION: how long a participant remembers what it answered; for ever unless told otherwise. */
  readonly inboxRetention: InboxRetention
  /** KASAGA_SNAPSHOT_EVERY: records of a partition's log between two snapshots; 0: none are read or written. */
  readonly snapshotEvery: number
  /** KASAGA_LIVE_SAGAS_MAX: sagas of a partition that have not ended; at the limit its commands wait. */
  readonly liveSagasMax: number
  /** KASAGA_LOG_LEVEL */
  readonly logLevel: LogLevel
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text)
}

const PREFIX = /^[a-z][a-z0-9-]{0,63}$/

/** Addresses that stand in one text, separated by commas. */
export function brokersOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')
}

/** @throws OperationalError `bad-setting` that names the variable and what it should be. */
export function settingsFrom(env: Environment): ProcessSettings {
  const brokers = brokersOf(env.KASAGA_KAFKA ?? '')
  if (brokers.length === 0)
    throw badSetting('KASAGA_KAFKA', 'is not set: host:port of a broker, several separated by commas')
  const prefix = env.KASAGA_PREFIX ?? 'kasaga'
  if (!PREFIX.test(prefix)) throw badSetting('KASAGA_PREFIX', 'has small letters, digits and -, a letter first')
  const port = env.KASAGA_PORT === undefined ? undefined : Number(env.KASAGA_PORT)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw badSetting('KASAGA_PORT', 'is not a port: 0 to 65535')
  const logLevel = env.KASAGA_LOG_LEVEL ?? 'info'
  if (!isLogLevel(logLevel)) throw badSetting('KASAGA_LOG_LEVEL', `is none of ${LOG_LEVELS.join(', ')}`)
  return {
    brokers,
    security: kafkaSecurityFrom(env),
    registry: registryFrom(env),
    prefix,
    databaseUrl: env.KASAGA_DATABASE_URL,
    payloads: payloadsFrom(env),
    port,
    listen: env.KASAGA_LISTEN ?? '127.0.0.1',
    insecureAllowAnonymous: env.KASAGA_INSECURE_ALLOW_ANONYMOUS === '1',
    rollout: rolloutFrom(env.KASAGA_ROLLOUT ?? ''),
    inboxRetention: inboxRetentionFrom(env.KASAGA_INBOX_RETENTION ?? INBOX_RETENTION),
    snapshotEvery: snapshotEveryFrom(env),
    liveSagasMax: liveSagasMaxFrom(env),
    logLevel,
  }
}
