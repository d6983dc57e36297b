/** The claim check between a log in memory and its reader, in virtual time, with a store that fails when told to. */
import { beforeEach, describe, expect, test } from 'vitest'
import { ClaimCheckBroker } from '../../../shared/adapters/claim-check/claim-check-broker.ts'
import { NoPayloadStore } from '../../../shared/adapters/claim-check/no-payload-store.ts'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { MemoryPayloadStore } from '../../../shared/adapters/memory/memory-payload-store.ts'
import { CLAIM_HEADER, claimOf, PAYLOAD_BYTES_MAX } from '../../../shared/message/claim.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import type { AppendResult, Broker, GroupMember } from '../../../shared/ports/broker.ts'
import { payloadIdOf } from '../../../shared/ports/payload-store.ts'
import { FaultyPayloadStore } from '../../support/faulty-payload-store.ts'
import { NotedLog, NotedMetrics } from '../../support/telemetry-notes.ts'

const TOPIC = 'topic'
const RULE = { valueBytesMax: 1_000, payloadBytesMax: PAYLOAD_BYTES_MAX }
const SMALL = 'small'
const LARGE = 'x'.repeat(5_000)
const LARGE_ID = payloadIdOf(Buffer.from(LARGE))

let clock: ManualClock
let log: MemoryLog
let kept: MemoryPayloadStore
let store: FaultyPayloadStore
let lines: NotedLog
let metrics: NotedMetrics
let failing: 'put' | 'get' | undefined

beforeEach(async () => {
  clock = new ManualClock()
  log = new MemoryLog({ clock })
  kept = new MemoryPayloadStore(clock)
  failing = undefined
  store = new FaultyPayloadStore(kept, (call) => call === failing)
  lines = new NotedLog()
  metrics = new NotedMetrics()
  await plain().createTopics([{ name: TOPIC, partitions: 2, retention: 'forever' }])
})

const plain = (): Broker => log.connect()
const claiming = (): Broker => new ClaimCheckBroker(log.connect(), { store, rule: RULE, clock, log: lines, metrics })

function record(value: NewRecord['value']): NewRecord {
  return { key: 'k', value, headers: [['ce_type', 't']] }
}

/** Lets time pass until the promise settles. */
async function inTime<T>(promise: Promise<T>, stepMs = 100): Promise<T> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let i = 0; i < 1_000 && !settled; i++) await clock.advance(stepMs)
  return promise
}

function append(
  broker: Broker,
  values: readonly NewRecord['value'][],
  partition = 0,
): Promise<AppendResult | undefined> {
  return broker.append([{ topic: TOPIC, partition, records: values.map(record) }]).then(([result]) => result)
}

async function collect(source: AsyncIterable<readonly LogRecord[]>): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for await (const records of source) all.push(...records)
  return all
}

function readAll(broker: Broker, partition = 0): Promise<LogRecord[]> {
  return inTime(collect(broker.read(TOPIC, partition, 0n)))
}

const textOf = ({ value }: LogRecord) => (value === null ? null : Buffer.from(value).toString())

/** A listener that keeps the texts of what came. */
async function listen(broker: Broker): Promise<{ got: LogRecord[]; member: GroupMember; troubles: unknown[] }> {
  const got: LogRecord[] = []
  const troubles: unknown[] = []
  const member = await inTime(
    broker.join(
      { group: 'g', topics: [TOPIC] },
      {
        assigned: () => {},
        revoked: async () => {},
        records: (_topic, _partition, records) => void got.push(...records),
        trouble: (error) => void troubles.push(error),
      },
    ),
  )
  await clock.advance(10)
  return { got, member, troubles }
}

describe('on the way into the log', () => {
  test('a large value is stored and its record carries a claim; a small one goes as it is', async () => {
    await inTime(append(claiming(), [SMALL, LARGE, null]))
    const [small, large, none] = await readAll(plain())
    expect(small && textOf(small)).toBe(SMALL)
    expect(none?.value).toBeNull()
    expect(large && claimOf(large)).toEqual({ id: LARGE_ID, bytes: LARGE.length })
    expect((await kept.get(LARGE_ID)).kind).toBe('found')
    expect(metrics.counts.get('kasaga_payloads_stored_total')).toBe(1)
    expect(metrics.counts.get('kasaga_payload_stored_bytes_total')).toBe(LARGE.length)
  })

  test('small values never ask the store', async () => {
    const broker = claiming()
    for (let i = 0; i < 100; i++) await inTime(append(broker, [SMALL]))
    await readAll(broker)
    expect([store.puts, store.gets]).toEqual([0, 0])
  })

  test('appends of one partition keep the order of the calls, and another partition is not held up', async () => {
    const broker = claiming()
    failing = 'put'
    const first = append(broker, [LARGE])
    const second = append(broker, [SMALL])
    const beside = await inTime(append(broker, [SMALL], 1), 1)
    expect(beside).toMatchObject({ kind: 'appended', baseOffset: 0n })
    failing = undefined
    expect(await inTime(first)).toMatchObject({ kind: 'appended', baseOffset: 0n })
    expect(await inTime(second)).toMatchObject({ kind: 'appended', baseOffset: 1n })
    expect((await readAll(broker)).map(textOf)).toEqual([LARGE, SMALL])
  })

  test('an outage is waited out for some seconds; then nothing of the batch is stored, and what waited behind it is', async () => {
    const broker = claiming()
    failing = 'put'
    const refused = append(broker, [SMALL, LARGE])
    const behind = append(broker, ['behind'])
    expect(await inTime(refused)).toMatchObject({ kind: 'refused', error: { retriable: true } })
    expect(await inTime(behind)).toMatchObject({ kind: 'appended', baseOffset: 0n })
    expect((await readAll(plain())).map(textOf)).toEqual(['behind'])
    failing = undefined
    expect(await inTime(append(broker, [LARGE]))).toMatchObject({ kind: 'appended', baseOffset: 1n })
    expect(lines.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: the payload store is in trouble: what needs it waits',
      'info: the payload store answers again',
    ])
  })

  test('a value past the largest payload is refused for good, and nothing of its batch is stored', async () => {
    const broker = claiming()
    const result = await inTime(append(broker, [LARGE, 'x'.repeat(PAYLOAD_BYTES_MAX + 1)]))
    expect(result).toMatchObject({ kind: 'refused', error: { code: 'record-too-large', retriable: false } })
    expect(await readAll(plain())).toEqual([])
    expect(store.puts).toBe(0)
  })

  test('a batch of values that are not quite large fits all the same', async () => {
    const rule = { ...RULE, valueBytesMax: 262_144 }
    const broker = new ClaimCheckBroker(plain(), { store, rule, clock, log: lines, metrics })
    const values = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(200_000))
    expect(await inTime(append(broker, values))).toMatchObject({ kind: 'appended' })
    expect((await readAll(plain())).every((one) => (one.value?.length ?? 0) < 100)).toBe(true)
    expect((await readAll(broker)).map(textOf)).toEqual(values)
  })

  test('a claim that could not be redeemed is appended as it stands, so that a dead letter keeps it', async () => {
    const broker = claiming()
    await inTime(append(broker, [LARGE]))
    await kept.remove(LARGE_ID, Number.MAX_SAFE_INTEGER)
    const [unread] = await readAll(claiming())
    if (!unread) throw new Error('there is a record')
    await inTime(broker.append([{ topic: TOPIC, partition: 1, records: [unread] }]))
    const [copy] = await readAll(plain(), 1)
    expect(copy && claimOf(copy)?.id).toBe(LARGE_ID)
    await kept.put(Buffer.from(LARGE))
    const [again] = await readAll(claiming(), 1)
    expect(again && textOf(again)).toBe(LARGE)
  })
})

describe('on the way out of the log', () => {
  test('what was appended is read back, with nothing left of the claim', async () => {
    await inTime(append(claiming(), [SMALL, LARGE]))
    const records = await readAll(claiming())
    expect(records.map(textOf)).toEqual([SMALL, LARGE])
    expect(records.map((one) => headerOf(one, CLAIM_HEADER))).toEqual([undefined, undefined])
  })

  test('a read waits for the store, and throws after half a minute', async () => {
    await inTime(append(claiming(), [LARGE]))
    failing = 'get'
    const began = clock.now()
    await expect(readAll(claiming())).rejects.toMatchObject({ retriable: true })
    expect(clock.now() - began).toBeGreaterThan(20_000)
    expect(clock.now() - began).toBeLessThan(60_000)
    clock.schedule(1_000, () => {
      failing = undefined
    })
    expect((await readAll(claiming())).map(textOf)).toEqual([LARGE])
  })

  test.each(['missing', 'damaged'] as const)(
    'a payload that is %s leaves its record as it stands in the log',
    async (how) => {
      await inTime(append(claiming(), [LARGE, SMALL]))
      if (how === 'missing') await kept.remove(LARGE_ID, Number.MAX_SAFE_INTEGER)
      else kept.damage(LARGE_ID)
      const records = await readAll(claiming())
      expect(records.map(textOf)).toEqual([`sha256:${LARGE_ID};${LARGE.length}`, SMALL])
      const [line] = lines.lines
      expect(line).toMatchObject({ level: 'error', fields: { payload: LARGE_ID, reason: how } })
      expect(metrics.counts.get('kasaga_payload_fetch_failures_total')).toBe(1)
    },
  )

  test('a claim that lies about the size is not redeemed, nor one that asks for too much', async () => {
    const id = await kept.put(Buffer.from(LARGE))
    for (const bytes of [LARGE.length + 1, 999_999_999]) {
      const text = `sha256:${id};${bytes}`
      await inTime(
        plain().append([
          { topic: TOPIC, partition: 0, records: [{ key: 'k', value: text, headers: [[CLAIM_HEADER, text]] }] },
        ]),
      )
    }
    const gets = store.gets
    expect((await readAll(claiming())).map((one) => one.value?.length)).toEqual([76, 81])
    expect(store.gets - gets).toBe(1)
  })

  test('what one process wrote or read lately is not fetched once more', async () => {
    const broker = claiming()
    await inTime(append(broker, [LARGE]))
    await readAll(broker)
    await readAll(broker)
    expect(store.gets).toBe(0)
    const other = claiming()
    await readAll(other)
    await readAll(other)
    expect(store.gets).toBe(1)
  })
})

describe('without a store', () => {
  const bare = (why: 'none' | 'unset') =>
    new ClaimCheckBroker(log.connect(), { store: new NoPayloadStore(why), clock, log: lines, metrics })

  test('every value goes into the log, and one that is too large for it is refused', async () => {
    const broker = bare('unset')
    expect(broker.claims).toBeUndefined()
    expect(await inTime(append(broker, [LARGE]))).toMatchObject({ kind: 'appended' })
    expect(await inTime(append(broker, ['x'.repeat(1_000_001)]))).toMatchObject({ kind: 'refused' })
    expect((await readAll(plain())).map(textOf)).toEqual([LARGE])
  })

  test('that nobody has named, a claim waits; where somebody has said that there is none, it is left as it stands', async () => {
    await inTime(append(claiming(), [LARGE]))
    await expect(readAll(bare('unset'))).rejects.toMatchObject({ code: 'no-payload-store', retriable: true })
    const waiting = bare('unset')
    const { got, member } = await listen(waiting)
    member.open(TOPIC, 0, 0n)
    await clock.advance(60_000)
    expect(got).toEqual([])
    expect((await readAll(bare('none'))).map(textOf)).toEqual([`sha256:${LARGE_ID};${LARGE.length}`])
    await inTime(waiting.close())
  })
})

describe('delivery', () => {
  test('gives payloads in order, and holds what is behind one while the store is in trouble', async () => {
    await inTime(append(claiming(), ['a', LARGE, 'b']))
    failing = 'get'
    const broker = claiming()
    const { got, member } = await listen(broker)
    member.open(TOPIC, 0, 0n)
    await clock.advance(120_000)
    await inTime(append(plain(), ['c']))
    expect(got).toEqual([])
    failing = undefined
    await clock.advance(10_000)
    expect(got.map(textOf)).toEqual(['a', LARGE, 'b', 'c'])
    expect(lines.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    await inTime(broker.close())
  })

  test('an open drops what waits for the store, and starts anew', async () => {
    await inTime(append(claiming(), ['a', LARGE, 'b']))
    failing = 'get'
    const broker = claiming()
    const { got, member } = await listen(broker)
    member.open(TOPIC, 0, 0n)
    await clock.advance(10_000)
    member.open(TOPIC, 0, 2n)
    await clock.advance(10_000)
    expect(got.map(textOf)).toEqual(['b'])
    failing = undefined
    member.open(TOPIC, 0, 1n)
    await clock.advance(10_000)
    expect(got.map(textOf)).toEqual(['b', LARGE, 'b'])
    await inTime(broker.close())
  })

  test('a pause holds also what was fetched meanwhile, and a resume loses nothing', async () => {
    await inTime(append(claiming(), ['a', LARGE, 'b']))
    failing = 'get'
    const broker = claiming()
    const { got, member } = await listen(broker)
    member.open(TOPIC, 0, 0n)
    await clock.advance(100)
    member.pause(TOPIC, 0)
    failing = undefined
    await clock.advance(60_000)
    expect(got).toEqual([])
    member.resume(TOPIC, 0)
    await clock.advance(1_000)
    expect(got.map(textOf)).toEqual(['a', LARGE, 'b'])
    await inTime(broker.close())
  })

  test('a long backlog behind a payload waits in the log, not in memory, and comes whole', async () => {
    await inTime(append(claiming(), [LARGE]))
    for (let i = 0; i < 30; i++)
      await inTime(
        append(
          plain(),
          Array.from({ length: 100 }, (_, n) => `${i * 100 + n}`),
        ),
      )
    failing = 'get'
    const broker = claiming()
    const { got, member } = await listen(broker)
    member.open(TOPIC, 0, 0n)
    await clock.advance(10_000)
    failing = undefined
    await clock.advance(60_000)
    expect(got.map(textOf)).toEqual([LARGE, ...Array.from({ length: 3_000 }, (_, n) => `${n}`)])
    await inTime(broker.close())
  })

  test('nothing comes after the member has left, whatever was on its way', async () => {
    await inTime(append(claiming(), [LARGE, 'b']))
    failing = 'get'
    const broker = claiming()
    const { got, member } = await listen(broker)
    member.open(TOPIC, 0, 0n)
    await clock.advance(1_000)
    await inTime(member.close())
    failing = undefined
    await clock.advance(60_000)
    expect(got).toEqual([])
    await inTime(broker.close())
  })
})
