import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import { OperationalError } from '../../message/errors.ts'
import type { Log } from '../../ports/telemetry.ts'

export interface KafkaTls {
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string
  /** Certificate and key of this client, PEM, for mutual TLS. */
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
  /** Talks to brokers whose certificate cannot be verified. Said in a warning each time a broker is opened. */
  readonly allowUnverified?: boolean
}

export interface KafkaSettings {
  /** `host:port` of some brokers of the cluster; at least one. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls?: boolean | KafkaTls
  readonly sasl?: SASLOptions
  /** Copies of each partition of the topics that we create. Left out: 3, or as many as there are brokers. */
  readonly replicationFactor?: number
  /** Copies that must have a record before it counts as stored. Left out: 2 with three copies, else 1. */
  readonly minInsyncReplicas?: number
}

/** TLS as Node takes it. Verification stays on, whatever the environment says, unless the settings name the exception. */
export function tlsOptions(settings: KafkaSettings, log: Log): ConnectionOptions | undefined {
  const { tls } = settings
  if (tls === undefined || tls === false) return undefined
  const { allowUnverified = false, ...given } = tls === true ? {} : tls
  if ('rejectUnauthorized' in given) {
    const message = 'rejectUnauthorized is not taken; allowUnverified says the same where it can be seen'
    throw new OperationalError('tls-unverified', message, { where: 'kafka', retriable: false })
  }
  if (allowUnverified) log.warn('the certificates of the Kafka brokers are not verified', { brokers: settings.brokers })
  return { ...given, rejectUnauthorized: !allowUnverified }
}
