/** What waits for a schema registry, and what does not: an outage costs time and no record. */
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { RegistryBroker } from '../../shared/adapters/registry/registry-broker.ts'
import { RegistryValues } from '../../shared/adapters/registry/registry-values.ts'
import { H } from '../../shared/message/headers.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { parseValue } from '../../shared/message/record-value.ts'
import type { AppendResult, Broker, GroupMember } from '../../shared/ports/broker.ts'
import type { ValueSchema } from '../../shared/ports/value-schemas.ts'
import { FakeRegistry } from '../support/fake-registry.ts'
import { NotedLog, NotedMetrics } from '../support/telemetry-notes.ts'

const schemaOf = (subject: string): ValueSchema => ({ subject, format: 'json', text: '{}' })
const record = (value: string | Uint8Array, subject = 'a'): NewRecord => ({
  key: 'k',
  value,
  headers: [[H.type, subject]],
})
const frame = (id: number, payload = '1') => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), Buffer.from(payload)])

async function world(client = new FakeRegistry(['known']), subjects: readonly string[] = []) {
  const clock = new ManualClock()
  const log = new MemoryLog({ clock })
  const [telemetry, metrics] = [new NotedLog(), new NotedMetrics()]
  const schemas = {
    all: subjects.map(schemaOf),
    of: (headers: NewRecord['headers']) => schemaOf(String(headers.find(([name]) => name === H.type)?.[1])),
  }
  const values = new RegistryValues({ client, schemas, clock, log: telemetry, metrics })
  const inner = log.connect()
  const broker = new RegistryBroker({ inner, values, clock, plainTopics: new Set(['k.events', 'k.dead-letters']) })
  const topics = ['t', 'k.events', 'k.dead-letters'].map((name) => ({
    name,
    partitions: 2,
    retention: 'forever' as const,
  }))
  const made = broker.createTopics(topics)
  await clock.advance(10)
  await made
  return { broker, inner, client, clock, values, telemetry, metrics }
}

type World = Awaited<ReturnType<typeof world>>

const append = (broker: Broker, one: NewRecord, partition = 0) =>
  broker.append([{ topic: 't', partition, records: [one] }]).then(([result]) => result)

/** Time enough for what is at hand, and for no wait. */
const MOMENT_MS = 50

async function stored({ inner, clock }: World, topic = 't', partition = 0): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const reading = (async () => {
    for await (const chunk of inner.read(topic, partition, 0n)) records.push(...chunk)
  })()
  await clock.advance(MOMENT_MS)
  await reading
  return records
}

describe('an append', () => {
  test('waits for a registry that is away, in turn with what comes after it, and is framed when it is back', async () => {
    const all = await world()
    const { broker, client, clock, values, telemetry } = all
    client.isAway = true
    const done: string[] = []
    const first = append(broker, record('1')).then((result) => done.push(`first ${result?.kind}`))
    const second = append(broker, record(Buffer.from('plain'))).then((result) => done.push(`second ${result?.kind}`))
    const elsewhere = append(broker, record(Buffer.from('plain')), 1).then((result) =>
      done.push(`elsewhere ${result?.kind}`),
    )
    await clock.advance(1_000)
    expect(done).toEqual(['elsewhere appended'])
    expect(values.ready).toBe(false)
    client.isAway = false
    await clock.advance(2_000)
    await Promise.all([first, second, elsewhere])
    expect(done).toEqual(['elsewhere appended', 'first appended', 'second appended'])
    expect((await stored(all)).map(({ value }) => Buffer.from(value ?? []).toString('hex'))).toEqual([
      frame(2).toString('hex'),
      Buffer.from('plain').toString('hex'),
    ])
    expect(values.ready).toBe(true)
    expect(telemetry.lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'the schema registry does not give what is needed; what needs it waits'],
      ['info', 'the schema registry gives again what is needed'],
    ])
  })

  test('is answered after a while that it may be tried again, nothing of it stored', async () => {
    const all = await world()
    all.client.isAway = true
    let result: AppendResult | undefined
    void append(all.broker, record('1')).then((answer) => {
      result = answer
    })
    await all.clock.advance(6_000)
    expect(result).toMatchObject({ kind: 'refused', error: { code: 'registry-unreachable', retriable: true } })
    expect(await stored(all)).toEqual([])
    // Seldom, and by one asker: 0.2, 0.4, 0.8 s ...
    await all.clock.advance(54_000)
    expect(all.client.asked).toBeLessThan(15)
    expect(all.metrics.gauges.get('kasaga_registry_waiting')).toBe(1)
  })

  test('goes on as plain JSON with a value that does not fit, and says so once', async () => {
    const all = await world()
    const both = [append(all.broker, record('"misfit"')), append(all.broker, record('"misfit"'))]
    await all.clock.advance(MOMENT_MS)
    expect((await Promise.all(both)).map((result) => result?.kind)).toEqual(['appended', 'appended'])
    expect((await stored(all)).map(({ value }) => Buffer.from(value ?? []).toString())).toEqual([
      '"misfit"',
      '"misfit"',
    ])
    expect(all.metrics.counts.get('kasaga_registry_unframed_total')).toBe(2)
    expect(all.telemetry.lines.map(({ level }) => level)).toEqual(['warn'])
  })

  test('is let go when the broker is closed', async () => {
    const { broker, client, clock } = await world()
    client.isAway = true
    const waiting = append(broker, record('1'))
    await clock.advance(100)
    const closed = broker.close()
    await clock.advance(100)
    await closed
    expect(await waiting).toMatchObject({ kind: 'refused' })
    await clock.advance(60_000)
    expect(client.asked).toBeLessThan(3)
  })
})

describe('a delivery', () => {
  async function joined(all: World) {
    const got: string[] = []
    const listener = {
      assigned: () => {},
      revoked: async () => {},
      records: (_: string, partition: number, records: readonly LogRecord[]) => {
        for (const one of records) {
          const value = parseValue(one)
          got.push(`${partition}:${one.offset} ${value.kind === 'ok' ? JSON.stringify(value.value) : value.fault}`)
        }
      },
      trouble: () => {},
    }
    const joining = all.broker.join({ group: 'g', topics: ['t'] }, listener)
    await all.clock.advance(1_000)
    const member: GroupMember = await joining
    const put = async (value: Uint8Array, partition = 0) => {
      const appended = all.inner.append([{ topic: 't', partition, records: [record(value)] }])
      await all.clock.advance(MOMENT_MS)
      await appended
    }
    return { got, member, put }
  }

  test('is held from a record whose schema is not known, in order, and other partitions go on', async () => {
    const all = await world()
    const { got, member, put } = await joined(all)
    member.open('t', 0, 0n)
    member.open('t', 1, 0n)
    await put(Buffer.from('0'))
    all.client.isAway = true
    await put(frame(1, '1'))
    await put(Buffer.from('2'))
    await put(Buffer.from('3'), 1)
    await all.clock.advance(60_000)
    expect(got).toEqual(['0:0 0', '1:0 3'])
    expect(all.values.ready).toBe(false)
    all.client.isAway = false
    await all.clock.advance(20_000)
    await put(frame(1, '4'))
    await all.clock.advance(1_000)
    expect(got).toEqual(['0:0 0', '1:0 3', '0:1 1', '0:2 2', '0:3 4'])
    expect(all.telemetry.lines.map(({ level }) => level)).toEqual(['error', 'info'])
  })

  test('that is held is forgotten when the partition is opened elsewhere, and waits while its consumer has paused it', async () => {
    const all = await world()
    const { got, member, put } = await joined(all)
    member.open('t', 0, 0n)
    all.client.isAway = true
    await put(frame(1, '0'))
    await put(Buffer.from('1'))
    member.open('t', 0, 1n)
    await all.clock.advance(1_000)
    expect(got).toEqual(['0:1 1'])
    await put(frame(1, '2'))
    member.pause('t', 0)
    all.client.isAway = false
    await all.clock.advance(20_000)
    await put(Buffer.from('3'))
    await all.clock.advance(1_000)
    expect(got).toEqual(['0:1 1'])
    member.resume('t', 0)
    await all.clock.advance(1_000)
    expect(got).toEqual(['0:1 1', '0:2 2', '0:3 3'])
  })

  test('of an id that the registry does not know, or of what does not fit, tells so at once, and asks once in a while', async () => {
    const all = await world()
    const { got, member, put } = await joined(all)
    member.open('t', 0, 0n)
    await put(frame(9))
    await put(frame(9))
    await put(frame(1, '"misfit"'))
    await put(frame(1, '5'))
    expect(got).toEqual(['0:0 unknown-schema', '0:1 unknown-schema', '0:2 schema-mismatch', '0:3 5'])
    expect(all.client.asked).toBe(2)
    await all.clock.advance(31_000)
    await put(frame(9))
    expect(all.client.asked).toBe(3)
    expect(all.values.ready).toBe(true)
    expect(all.telemetry.lines).toEqual([])
  })
})

test('the log and dead letters pass as they are, and a dead letter gets its frame back', async () => {
  const all = await world()
  const plain = ['k.events', 'k.dead-letters'].map((topic) =>
    all.broker.append([{ topic, partition: 0, records: [record('1')] }]),
  )
  await all.clock.advance(MOMENT_MS)
  await Promise.all(plain)
  expect((await stored(all, 'k.events')).map(({ value }) => String(Buffer.from(value ?? [])))).toEqual(['1'])
  const opened = all.values.decode({ ...((await stored(all, 'k.events'))[0] as LogRecord), value: frame(1, '7') })
  expect(opened).toBeUndefined()
  await all.values.learnId({ value: frame(1, '7') } as unknown as LogRecord)
  const read = all.values.decode({ ...((await stored(all, 'k.events'))[0] as LogRecord), value: frame(1, '7') })
  expect(String(Buffer.from(read?.value ?? []))).toBe('7')
  const letter = all.broker.append([{ topic: 'k.dead-letters', partition: 1, records: [record(read?.value ?? '')] }])
  await all.clock.advance(MOMENT_MS)
  await letter
  const [kept] = await stored(all, 'k.dead-letters', 1)
  expect(Buffer.from(kept?.value ?? []).equals(frame(1, '7'))).toBe(true)
})

describe('at the start', () => {
  test('a contract that is refused is told at once', async () => {
    const { values } = await world(new FakeRegistry(), ['a', 'refused.b'])
    await expect(values.prepare()).rejects.toMatchObject({ code: 'contract-refused', retriable: false })
  })

  test('a registry that is away is waited for a while, and then asked on', async () => {
    const client = new FakeRegistry()
    client.isAway = true
    const { values, clock } = await world(client, ['a', 'b'])
    let isPrepared = false
    const preparing = values.prepare().then(() => {
      isPrepared = true
    })
    await clock.advance(4_000)
    expect(isPrepared).toBe(false)
    await clock.advance(2_000)
    await preparing
    expect(values.ready).toBe(false)
    client.isAway = false
    await clock.advance(20_000)
    expect(values.ready).toBe(true)
  })
})
