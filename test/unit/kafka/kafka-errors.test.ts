import { expect, test } from 'vitest'
import { brokerError, classify, isRefusal } from '../../../shared/adapters/kafka/kafka-errors.ts'
import { tlsOptions } from '../../../shared/adapters/kafka/kafka-settings.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

const NEVER_STORED = [3, 10, 17, 18, 29, 87]
const PERHAPS_STORED = [5, 6, 7, 19, 20, 56, 74, -1]

test.each(NEVER_STORED)('error %d of an append is a refusal', (code) => {
  const error = brokerError(code, 'an append')
  expect(isRefusal(error)).toBe(true)
  expect(error.retriable).toBe(false)
})

test.each(PERHAPS_STORED)('error %d of an append leaves its outcome unknown', (code) => {
  const error = brokerError(code, 'an append')
  expect(isRefusal(error)).toBe(false)
  expect(error.retriable).toBe(true)
})

test('what kafkajs wraps is found by its cause', () => {
  const cause = Object.assign(new Error('rebalancing'), { type: 'REBALANCE_IN_PROGRESS', code: 27 })
  const wrapped = Object.assign(new Error('retries exceeded'), { name: 'KafkaJSNumberOfRetriesExceeded', cause })
  expect(classify(wrapped, 'x')).toMatchObject({ code: 'group-rebalancing', retriable: true, where: 'kafka' })
})

test('connections and time limits are told apart', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  expect(classify(refused, 'x').code).toBe('broker-unreachable')
  const late = Object.assign(new Error('late'), { name: 'KafkaJSRequestTimeoutError' })
  expect(classify(late, 'x').code).toBe('broker-timeout')
  const login = Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError' })
  expect(classify(login, 'x')).toMatchObject({ code: 'broker-login-failed', retriable: false })
})

test('TLS verifies unless the settings name the exception, which is said aloud', () => {
  const settings = { brokers: ['b:9093'], clientId: 'c' }
  const warnings: string[] = []
  const log = { ...noLog, warn: (message: string) => void warnings.push(message) }
  expect(tlsOptions(settings, log)).toBeUndefined()
  expect(tlsOptions({ ...settings, tls: true }, log)).toEqual({ rejectUnauthorized: true })
  expect(warnings).toEqual([])
  expect(tlsOptions({ ...settings, tls: { allowUnverified: true } }, log)).toEqual({ rejectUnauthorized: false })
  expect(warnings).toHaveLength(1)
  const silent = { ca: 'pem', rejectUnauthorized: false }
  expect(() => tlsOptions({ ...settings, tls: silent }, log)).toThrow(
    expect.objectContaining({ code: 'tls-unverified' }),
  )
})
