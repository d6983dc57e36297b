/** What processes take from their environment, and what they say of what they cannot take. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settingsFrom } from '../../services/kafka/settings.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kasaga-settings-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const KAFKA = { KASAGA_KAFKA: 'a:9092,b:9092' }
const security = (env: Record<string, string>) => settingsFrom({ ...KAFKA, ...env }).security

test('what is left out is the default: this machine, no TLS, no login', () => {
  expect(settingsFrom(KAFKA)).toEqual({
    brokers: ['a:9092', 'b:9092'],
    security: {},
    registry: undefined,
    prefix: 'kasaga',
    databaseUrl: undefined,
    payloads: { place: { kind: 'unset' }, valueBytesMax: 262_144 },
    port: undefined,
    listen: '127.0.0.1',
    insecureAllowAnonymous: false,
    rollout: {},
    inboxRetention: 'forever',
    snapshotEvery: 20_000,
    liveSagasMax: 100_000,
    logLevel: 'info',
  })
})

test('an inbox remembers for a time, or for ever', () => {
  const retention = (text: string) => settingsFrom({ ...KAFKA, KASAGA_INBOX_RETENTION: text }).inboxRetention
  expect(retention('60 days')).toBe(60 * 86_400_000)
  expect(retention('forever')).toBe('forever')
})

test('snapshots are written each so many records, or not at all', () => {
  const every = (text: string) => settingsFrom({ ...KAFKA, KASAGA_SNAPSHOT_EVERY: text }).snapshotEvery
  expect(every('5000')).toBe(5_000)
  expect(every('0')).toBe(0)
  for (const text of ['', ' ', '99', '-1', '1e99', '2.5', 'often'])
    expect(() => every(text)).toThrow('KASAGA_SNAPSHOT_EVERY is a number of records from 100, or 0')
})

test('so many sagas of a partition live at a time', () => {
  const most = (text: string) => settingsFrom({ ...KAFKA, KASAGA_LIVE_SAGAS_MAX: text }).liveSagasMax
  expect(most('100')).toBe(100)
  expect(most('250000')).toBe(250_000)
  for (const text of ['', ' ', '0', '99', '-1', '1e5', '10000001', '2.5', 'many'])
    expect(() => most(text)).toThrow('KASAGA_LIVE_SAGAS_MAX is a number of sagas from 100 to 10000000')
})

test('large values are kept in a folder, in Postgres, or nowhere, from a size on', () => {
  const payloads = (env: Record<string, string>) => settingsFrom({ ...KAFKA, ...env }).payloads
  expect(payloads({ KASAGA_PAYLOADS: 'folder:/srv/payloads' }).place).toEqual({ kind: 'folder', path: '/srv/payloads' })
  expect(payloads({ KASAGA_PAYLOADS: 'postgres' }).place).toEqual({ kind: 'postgres' })
  expect(payloads({ KASAGA_PAYLOADS: 'none' }).place).toEqual({ kind: 'none' })
  expect(payloads({ KASAGA_CLAIM_CHECK_BYTES: '65536' }).valueBytesMax).toBe(65_536)
  for (const text of ['', 'folder:', 's3:bucket', 'None'])
    expect(() => payloads({ KASAGA_PAYLOADS: text })).toThrow('KASAGA_PAYLOADS is none of')
  for (const text of ['', '10', '4095', '900001', '256k', '5000.5'])
    expect(() => payloads({ KASAGA_CLAIM_CHECK_BYTES: text })).toThrow(
      'KASAGA_CLAIM_CHECK_BYTES is not a number of bytes',
    )
})

test('TLS trusts the system, or the authorities of a file', async () => {
  expect(security({ KASAGA_KAFKA_TLS: '1' })).toEqual({ tls: true })
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, 'PEM\n')
  expect(security({ KASAGA_KAFKA_TLS: '1', KASAGA_KAFKA_CA_FILE: ca })).toEqual({ tls: { ca: 'PEM\n' } })
})

test('a login has its password from a file or from the environment', async () => {
  const file = join(folder, 'password')
  await writeFile(file, 'p w\n')
  const login = { KASAGA_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KASAGA_KAFKA_SASL_USERNAME: 'ann' }
  const sasl = { mechanism: 'scram-sha-512', username: 'ann', password: 'p w' }
  expect(security({ ...login, KASAGA_KAFKA_SASL_PASSWORD_FILE: file })).toEqual({ sasl })
  expect(security({ ...login, KASAGA_KAFKA_SASL_PASSWORD: 'p w' })).toEqual({ sasl })
  const plain = { ...login, KASAGA_KAFKA_SASL_MECHANISM: 'plain', KASAGA_KAFKA_SASL_PASSWORD: 'p w' }
  expect(security({ ...plain, KASAGA_KAFKA_TLS: '1' })).toEqual({ tls: true, sasl: { ...sasl, mechanism: 'plain' } })
})

const LOGIN = {
  KASAGA_KAFKA_SASL_MECHANISM: 'scram-sha-256',
  KASAGA_KAFKA_SASL_USERNAME: 'ann',
  KASAGA_KAFKA_SASL_PASSWORD: 'secret-word',
}

describe('names what cannot be used', () => {
  test.each<[string, Record<string, string>]>([
    ['KASAGA_KAFKA is not set', { KASAGA_KAFKA: '' }],
    ['KASAGA_PREFIX', { KASAGA_PREFIX: 'No!' }],
    ['KASAGA_PORT', { KASAGA_PORT: '70000' }],
    ['KASAGA_INBOX_RETENTION', { KASAGA_INBOX_RETENTION: 'long' }],
    ['KASAGA_LOG_LEVEL', { KASAGA_LOG_LEVEL: 'loud' }],
    ['KASAGA_KAFKA_TLS is 1, or 0', { KASAGA_KAFKA_TLS: 'yes' }],
    ['KASAGA_KAFKA_CA_FILE has no use without', { KASAGA_KAFKA_CA_FILE: '/ca.pem' }],
    ['KASAGA_KAFKA_CA_FILE names a file', { KASAGA_KAFKA_TLS: '1', KASAGA_KAFKA_CA_FILE: '/nowhere/ca.pem' }],
    ['KASAGA_KAFKA_SASL_MECHANISM is not set', { KASAGA_KAFKA_SASL_USERNAME: 'ann' }],
    ['KASAGA_KAFKA_SASL_MECHANISM is none of', { ...LOGIN, KASAGA_KAFKA_SASL_MECHANISM: 'magic' }],
    ['KASAGA_KAFKA_SASL_MECHANISM plain sends', { ...LOGIN, KASAGA_KAFKA_SASL_MECHANISM: 'plain' }],
    ['KASAGA_KAFKA_SASL_USERNAME', { ...LOGIN, KASAGA_KAFKA_SASL_USERNAME: '' }],
    ['KASAGA_KAFKA_SASL_PASSWORD_FILE is not set', { ...LOGIN, KASAGA_KAFKA_SASL_PASSWORD: '' }],
    ['are both set', { ...LOGIN, KASAGA_KAFKA_SASL_PASSWORD_FILE: '/nowhere/password' }],
  ])('%s', (what, env) => {
    const reading = () => settingsFrom({ ...KAFKA, ...env })
    expect(reading).toThrow(what)
    expect(reading).toThrow(expect.objectContaining({ code: 'bad-setting', retriable: false }))
    expect(reading).not.toThrow('secret-word')
  })
})

test('a rollout gives shares to versions', () => {
  const rollout = (text: string) => settingsFrom({ ...KAFKA, KASAGA_ROLLOUT: text }).rollout
  expect(rollout('a@2=10%, a@3=0.25%,b@1=100%')).toEqual({ a: { 2: '10%', 3: '0.25%' }, b: { 1: '100%' } })
  for (const text of ['a', 'a@2', 'a@2=10', 'a@0=1%', 'A@1=1%', 'a@1=0.001%'])
    expect(() => rollout(text)).toThrow('KASAGA_ROLLOUT')
})

describe('a schema registry', () => {
  const URL_ = { KASAGA_REGISTRY_URL: 'https://registry.example:8081/apis/ccompat/v7' }
  const registry = (env: Record<string, string>) => settingsFrom({ ...KAFKA, ...env }).registry

  test('is one with a URL; the rest has defaults', async () => {
    const plain = { url: URL_.KASAGA_REGISTRY_URL, compatibility: 'BACKWARD_TRANSITIVE', register: true }
    expect(registry(URL_)).toEqual({ format: 'json', write: true, settings: plain })
    const file = join(folder, 'password')
    await writeFile(file, 'p w\n')
    const all = {
      ...URL_,
      KASAGA_REGISTRY_FORMAT: 'avro',
      KASAGA_REGISTRY_COMPATIBILITY: 'FULL',
      KASAGA_REGISTRY_REGISTER: '0',
      KASAGA_REGISTRY_WRITE: '0',
      KASAGA_REGISTRY_USERNAME: 'ann',
      KASAGA_REGISTRY_PASSWORD_FILE: file,
      KASAGA_REGISTRY_CA_FILE: file,
    }
    expect(registry(all)).toEqual({
      format: 'avro',
      write: false,
      settings: {
        ...plain,
        compatibility: 'FULL',
        register: false,
        auth: { username: 'ann', password: 'p w' },
        ca: 'p w\n',
      },
    })
  })

  test.each<[string, Record<string, string>]>([
    ['KASAGA_REGISTRY_URL', { KASAGA_REGISTRY_URL: 'registry:8081' }],
    ['KASAGA_REGISTRY_URL', { KASAGA_REGISTRY_URL: 'http://ann:secret-word@registry:8081' }],
    ['KASAGA_REGISTRY_URL', { KASAGA_REGISTRY_USERNAME: 'ann', KASAGA_REGISTRY_PASSWORD: 'secret-word' }],
    ['KASAGA_REGISTRY_FORMAT', { ...URL_, KASAGA_REGISTRY_FORMAT: 'protobuf' }],
    ['KASAGA_REGISTRY_COMPATIBILITY', { ...URL_, KASAGA_REGISTRY_COMPATIBILITY: 'backward' }],
    ['KASAGA_REGISTRY_REGISTER', { ...URL_, KASAGA_REGISTRY_REGISTER: 'no' }],
    ['KASAGA_REGISTRY_WRITE', { ...URL_, KASAGA_REGISTRY_WRITE: 'no' }],
    ['KASAGA_REGISTRY_USERNAME', { ...URL_, KASAGA_REGISTRY_PASSWORD: 'secret-word' }],
    ['KASAGA_REGISTRY_PASSWORD_FILE', { ...URL_, KASAGA_REGISTRY_USERNAME: 'ann' }],
    ['KASAGA_REGISTRY_CA_FILE', { ...URL_, KASAGA_REGISTRY_CA_FILE: '/nowhere/ca.pem' }],
  ])('%s is told when it cannot be used, and no secret with it', (name, env) => {
    let told = ''
    try {
      registry(env)
    } catch (error) {
      told = String(error)
    }
    expect(told).toContain(`${name} `)
    expect(told).not.toContain('secret-word')
  })
})
