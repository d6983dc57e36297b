import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { OperationalError } from '../../shared/message/errors.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import type { Broker } from '../../shared/ports/broker.ts'

const DAY_MS = 86_400_000
const OWNER = new URL('../support/sqlite-owner.ts', import.meta.url).pathname

let directory = ''
let brokers: Broker[] = []
let children: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kasaga-log-'))
})
afterEach(async () => {
  for (const broker of brokers) await broker.close()
  for (const child of children) await killed(child)
  brokers = []
  children = []
  rmSync(directory, { recursive: true })
})

async function opened(options: Partial<Parameters<typeof openSqliteLog>[0]> = {}): Promise<Broker> {
  const broker = await openSqliteLog({ clock: systemClock, directory, ...options })
  brokers.push(broker)
  return broker
}

async function withTopic(options: Partial<Parameters<typeof openSqliteLog>[0]> = {}): Promise<Broker> {
  const broker = await opened(options)
  await broker.createTopics([{ name: 't', partitions: 1, retention: 'forever' }])
  return broker
}

const record = (value: string): NewRecord => ({ key: 'k', value, headers: [['name', 'text']] })
const append = async (broker: Broker, ...values: string[]) =>
  (await broker.append([{ topic: 't', partition: 0, records: values.map(record) }]))[0]

async function valuesOf(broker: Broker, from = 0n): Promise<string[]> {
  const all: string[] = []
  for await (const records of broker.read('t', 0, from)) {
    for (const r of records) all.push(Buffer.from(r.value ?? '').toString())
  }
  return all
}

function startOwner(): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [OWNER, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

test('a second owner is refused with a sentence that names the folder, in this process and from another', async () => {
  const { child, lines } = startOwner()
  expect((await lines.next()).value).toBe('owner')
  await expect(opened()).rejects.toMatchObject({
    name: 'OperationalError',
    code: 'log-owned',
    message: expect.stringContaining(directory),
  })
  await killed(child)
  await opened()
  await expect(opened()).rejects.toMatchObject({ code: 'log-owned' })
})

test('after kill -9 the next owner waits a little, and every acknowledged record is there, no batch cut', async () => {
  const { child, lines } = startOwner()
  await lines.next()
  let acknowledged = 0n
  while (acknowledged < 300n) acknowledged = BigInt((await lines.next()).value)
  const opening = opened({ waitForOwnerMs: 5_000 })
  child.kill('SIGKILL')
  for (let line = await lines.next(); !line.done; line = await lines.next()) acknowledged = BigInt(line.value)
  const broker = await opening
  const values = await valuesOf(broker)
  expect(BigInt(values.length)).toBeGreaterThanOrEqual(acknowledged)
  expect(values.length % 3).toBe(0)
  expect(values).toEqual(values.map((_, i) => `${Math.floor(i / 3)}.${i % 3}`))
  expect(await append(broker, 'next')).toEqual({ kind: 'appended', baseOffset: BigInt(values.length) })
})

async function damaged(statement: string): Promise<Broker> {
  const before = await withTopic()
  for (const v of ['a', 'b', 'c']) await append(before, v, `${v}2`)
  await before.close()
  const db = new DatabaseSync(join(directory, 'log.db'))
  expect(db.prepare(statement).run().changes).toBe(1)
  db.close()
  return opened()
}

test.each([
  ['bytes that changed', "update batch set bytes = cast(bytes || x'00' as blob) where base = 2"],
  ['bytes that are gone', "update batch set bytes = x'' where base = 2"],
  ['a text in place of its bytes', "update batch set bytes = 'text' where base = 2"],
  ['a number in place of its bytes', 'update batch set bytes = 7 where base = 2'],
  ['another time', 'update batch set timestamp = timestamp + 1 where base = 2'],
  ['a batch that is missing', 'delete from batch where base = 2'],
])('damage is found on reading and never skipped: %s', async (_, statement) => {
  const broker = await damaged(statement)
  const where = { code: 'log-corrupt', message: expect.stringMatching(/t\/0, offset 2\b/) }
  await expect(valuesOf(broker)).rejects.toMatchObject(where)
  expect(await valuesOf(broker, 4n)).toEqual(['c', 'c2'])
  const troubles: OperationalError[] = []
  const got: bigint[] = []
  const member = await broker.join(
    { group: 'g', topics: ['t'] },
    {
      assigned: (p) => member.open('t', p, 2n),
      revoked: async () => {},
      records: (_topic, _partition, records) => got.push(...records.map((r) => r.offset)),
      trouble: (error) => troubles.push(error),
    },
  )
  await expect.poll(() => troubles).toMatchObject([where])
  expect(got).toEqual([])
})

test('a file that is no log is told from a log', async () => {
  writeFileSync(join(directory, 'log.db'), 'this is not a database, but it is long enough to look like one'.repeat(20))
  await expect(opened()).rejects.toMatchObject({ name: 'OperationalError', code: 'log-corrupt' })
  rmSync(join(directory, 'log.db'))
  const other = new DatabaseSync(join(directory, 'log.db'))
  other.exec('pragma user_version = 99')
  other.close()
  await expect(opened()).rejects.toMatchObject({ code: 'log-version' })
})

test('a full log refuses appends and commits whole, keeps what it has, and goes on', async () => {
  const broker = await withTopic({ bytesMax: 400_000 })
  await append(broker, 'kept')
  const large = 'x'.repeat(300_000)
  const [small, tooMuch] = await Promise.all([append(broker, 'with it'), append(broker, large, large)])
  expect(tooMuch).toMatchObject({ kind: 'refused', error: { code: 'log-full', retriable: true } })
  expect(small).toMatchObject({ kind: 'refused', error: { code: 'log-full' } })
  expect(await append(broker, 'after')).toEqual({ kind: 'appended', baseOffset: 1n })
  expect(await valuesOf(broker)).toEqual(['kept', 'after'])
})

test('records whose time is over are removed, but never the last batch, so offsets go on', async () => {
  const clock = new ManualClock()
  const broker = await openSqliteLog({ clock, directory })
  await broker.createTopics([
    { name: 't', partitions: 1, retention: { days: 1 } },
    { name: 'kept', partitions: 1, retention: 'forever' },
  ])
  const appendNow = async (value: string) => {
    const result = append(broker, value)
    const kept = broker.append([{ topic: 'kept', partition: 0, records: [record(value)] }])
    await clock.advance(0)
    await kept
    return result
  }
  await appendNow('old')
  await appendNow('old too')
  await clock.advance(2 * DAY_MS)
  expect(await broker.offsets('t')).toEqual([{ partition: 0, start: 1n, end: 2n }])
  expect(await broker.offsets('kept')).toEqual([{ partition: 0, start: 0n, end: 2n }])
  expect(await appendNow('new')).toEqual({ kind: 'appended', baseOffset: 2n })
  await clock.advance(DAY_MS / 2)
  expect(await broker.offsets('t')).toEqual([{ partition: 0, start: 2n, end: 3n }])
  await broker.close()
})

test('makes the folders that are missing, and says so when it cannot, instead of trying for ever', async () => {
  const nested = join(directory, 'a', 'b')
  const broker = await opened({ directory: nested })
  expect(await broker.describeTopics(['t'])).toEqual([])
  // The system's own folder answers "not found" to whoever makes one in it.
  await expect(openSqliteLog({ clock: systemClock, directory: '/proc/kasaga/data' })).rejects.toMatchObject({
    code: 'log-unreachable',
  })
})

test('a compacted topic takes the room of its newest records, whatever was written before', async () => {
  const clock = new ManualClock()
  const broker = await openSqliteLog({ clock, directory })
  await broker.createTopics([{ name: 't', partitions: 1, retention: 'compacted' }])
  const appendNow = async (...records: NewRecord[]) => {
    const result = broker.append([{ topic: 't', partition: 0, records }])
    await clock.advance(0)
    return (await result)[0]
  }
  const large = (key: string): NewRecord => ({ key, value: 'x'.repeat(50_000), headers: [] })
  for (let i = 0; i < 40; i++) await appendNow(large('a'), large('b'))
  expect(await appendNow({ key: 'b', value: null, headers: [] })).toEqual({ kind: 'appended', baseOffset: 80n })
  await appendNow(large('c'))
  const rows = () => {
    const file = new DatabaseSync(join(directory, 'log.db'), { readOnly: true })
    const { batches, bytes } = file
      .prepare('select count(*) as batches, sum(length(bytes)) as bytes from batch')
      .get() as {
      batches: number
      bytes: number
    }
    file.close()
    return { batches, isSmall: bytes < 200_000 }
  }
  expect(rows()).toEqual({ batches: 3, isSmall: true })
  // What says that a key is gone goes too, after a day, and is not what tells where the next record begins.
  await clock.advance(2 * DAY_MS)
  expect(rows()).toEqual({ batches: 2, isSmall: true })
  expect(await broker.offsets('t')).toEqual([{ partition: 0, start: 0n, end: 82n }])
  await broker.close()
})

test('a file from before there were compacted topics takes them', async () => {
  const broker = await withTopic()
  await append(broker, 'a')
  await broker.close()
  const file = new DatabaseSync(join(directory, 'log.db'))
  file.exec('drop table compacted; drop table newest')
  file.close()
  const again = await opened()
  expect(await valuesOf(again)).toEqual(['a'])
  await again.createTopics([{ name: 'kept', partitions: 1, retention: 'compacted' }])
  await again.append([{ topic: 'kept', partition: 0, records: [record('1'), record('2')] }])
  const read: LogRecord[] = []
  for await (const records of again.read('kept', 0, 0n)) read.push(...records)
  expect(read.map(({ offset }) => offset)).toEqual([1n])
})
