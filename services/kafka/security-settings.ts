/** How a process proves to Kafka who it is, and knows whom it talks to. Files are read once, at the start. */
import { readFileSync } from 'node:fs'
import type { KafkaSettings } from '../../shared/adapters/kafka/kafka-settings.ts'
import { messageOf } from '../../shared/message/errors.ts'
import { badSetting, type Environment } from './bad-setting.ts'

export type KafkaSecurity = Pick<KafkaSettings, 'tls' | 'sasl'>

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
type Mechanism = (typeof MECHANISMS)[number]

/** @throws OperationalError `bad-setting` that names the variable and what it should be. */
export function kafkaSecurityFrom(env: Environment): KafkaSecurity {
  const tls = tlsFrom(env)
  const sasl = saslFrom(env)
  if (sasl?.mechanism === 'plain' && tls === undefined)
    throw badSetting('KASAGA_KAFKA_SASL_MECHANISM', 'plain sends the password as it is: set KASAGA_KAFKA_TLS=1 too')
  return { ...(tls !== undefined && { tls }), ...(sasl !== undefined && { sasl }) }
}

function tlsFrom(env: Environment): KafkaSecurity['tls'] {
  const tls = env.KASAGA_KAFKA_TLS ?? '0'
  const caFile = env.KASAGA_KAFKA_CA_FILE
  if (tls !== '0' && tls !== '1') throw badSetting('KASAGA_KAFKA_TLS', 'is 1, or 0 or not set')
  if (tls === '1') return caFile === undefined ? true : { ca: textOf('KASAGA_KAFKA_CA_FILE', caFile) }
  if (caFile !== undefined) throw badSetting('KASAGA_KAFKA_CA_FILE', 'has no use without KASAGA_KAFKA_TLS=1')
  return undefined
}

function saslFrom(env: Environment): KafkaSecurity['sasl'] {
  const mechanism = env.KASAGA_KAFKA_SASL_MECHANISM?.toLowerCase()
  const username = env.KASAGA_KAFKA_SASL_USERNAME
  const password = passwordFrom(env)
  if (mechanism === undefined) {
    if (username === undefined && password === undefined) return undefined
    throw badSetting('KASAGA_KAFKA_SASL_MECHANISM', `is not set beside a name or password: ${MECHANISMS.join(', ')}`)
  }
  if (!isMechanism(mechanism)) throw badSetting('KASAGA_KAFKA_SASL_MECHANISM', `is none of ${MECHANISMS.join(', ')}`)
  if (username === undefined || username === '') throw badSetting('KASAGA_KAFKA_SASL_USERNAME', 'is not set')
  if (password === undefined || password === '')
    throw badSetting('KASAGA_KAFKA_SASL_PASSWORD_FILE', 'is not set or empty, nor is KASAGA_KAFKA_SASL_PASSWORD set')
  return { mechanism, username, password }
}

function isMechanism(text: string): text is Mechanism {
  return (MECHANISMS as readonly string[]).includes(text)
}

function passwordFrom(env: Environment): string | undefined {
  const file = env.KASAGA_KAFKA_SASL_PASSWORD_FILE
  const password = env.KASAGA_KAFKA_SASL_PASSWORD
  if (file === undefined) return password
  if (password !== undefined)
    throw badSetting('KASAGA_KAFKA_SASL_PASSWORD', 'and KASAGA_KAFKA_SASL_PASSWORD_FILE are both set: keep one')
  // Whatever wrote the file has ended its line.
  return textOf('KASAGA_KAFKA_SASL_PASSWORD_FILE', file).replace(/\r?\n$/, '')
}

function textOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw badSetting(name, `names a file that cannot be read: ${messageOf(cause)}`)
  }
}
