/** Kafka's and kafkajs's errors, classified once. */
import { messageOf, OperationalError } from '../../message/errors.ts'

/** What Kafka's error codes are called here; the ones that are not listed are `kafka-<number>` and retriable. */
const CODES: Readonly<Record<number, readonly [code: string, retriable: boolean]>> = {
  1: ['offset-out-of-range', false],
  2: ['record-corrupt', false],
  3: ['topic-missing', false],
  5: ['leader-missing', true],
  6: ['leader-moved', true],
  7: ['broker-timeout', true],
  10: ['record-too-large', false],
  15: ['coordinator-missing', true],
  16: ['coordinator-moved', true],
  17: ['topic-invalid', false],
  18: ['record-too-large', false],
  19: ['replicas-too-few', true],
  20: ['replicas-too-few', true],
  22: ['group-generation-old', true],
  23: ['group-protocol-other', false],
  25: ['group-member-unknown', true],
  27: ['group-rebalancing', true],
  29: ['topic-forbidden', false],
  30: ['group-forbidden', false],
  31: ['cluster-forbidden', false],
  32: ['record-invalid', false],
  44: ['policy-violated', false],
  56: ['broker-disk', true],
  87: ['record-invalid', false],
}

/** Codes with which a broker says that it took nothing of a batch and never will. */
const REFUSALS: ReadonlySet<string> = new Set([
  'record-corrupt',
  'topic-missing',
  'partition-missing',
  'record-too-large',
  'topic-invalid',
  'topic-forbidden',
  'cluster-forbidden',
  'record-invalid',
  'policy-violated',
])

/** The error of a code that a broker answered; `what` says what was asked. */
export function brokerError(errorCode: number, what: string): OperationalError {
  const [code, retriable] = CODES[errorCode] ?? [`kafka-${errorCode}`, true]
  return new OperationalError(code, `Kafka answered ${errorCode} (${code}) to ${what}`, { where: 'kafka', retriable })
}

/**
 * What one node answers about a topic. One that has not heard of a topic yet calls it missing; that it is, only the
 * cluster's description is taken for.
 */
export function nodeError(error: unknown, what: string): OperationalError {
  const known = classify(error, what)
  if (known.code !== 'topic-missing') return known
  const message = `${known.message}; the node does not know the topic now`
  return new OperationalError('leader-missing', message, { where: 'kafka', retriable: true, cause: error })
}

/** Whether an append that ended with this error is certain to be stored nowhere, now or later. */
export function isRefusal(error: OperationalError): boolean {
  return REFUSALS.has(error.code)
}

interface KafkajsError {
  readonly code?: unknown
  readonly type?: unknown
  readonly name?: unknown
  readonly cause?: unknown
}

/** Classifies whatever kafkajs threw: a broker's code where there is one, else trouble with the connection. */
export function classify(error: unknown, what: string): OperationalError {
  if (error instanceof OperationalError) return error
  const known = kafkajsErrorIn(error)
  if (known !== undefined) {
    const { code, retriable } = brokerError(known, what)
    return new OperationalError(code, `${what}: ${messageOf(error)}`, { where: 'kafka', retriable, cause: error })
  }
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : ''
  const options = { where: 'kafka', retriable: true, cause: error }
  if (name === 'KafkaJSSASLAuthenticationError') {
    const message = `${what}: ${messageOf(error)}`
    return new OperationalError('broker-login-failed', message, { ...options, retriable: false })
  }
  const code = name === 'KafkaJSRequestTimeoutError' ? 'broker-timeout' : 'broker-unreachable'
  return new OperationalError(code, `${what}: ${messageOf(error)}`, options)
}

const CAUSES_MAX = 5

function kafkajsErrorIn(error: unknown): number | undefined {
  let at = error
  for (let depth = 0; depth < CAUSES_MAX && typeof at === 'object' && at !== null; depth++) {
    const { code, type, cause }: KafkajsError = at
    if (typeof code === 'number' && typeof type === 'string' && code > 0) return code
    at = cause
  }
  return undefined
}
