import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { InProcessBroker } from '../../shared/adapters/in-process/in-process-broker.ts'
import { InProcessLog } from '../../shared/adapters/in-process/in-process-log.ts'
import type { SyncMoment } from '../../shared/adapters/in-process/log-store.ts'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { LogFile } from '../../shared/adapters/sqlite/log-file.ts'
import { SqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { OperationalError } from '../../shared/message/errors.ts'
import type { NewRecord } from '../../shared/message/record.ts'

const place = { topic: 't', partition: 0 }
const ioError = () => Object.assign(new Error('disk I/O error'), { errcode: 10 })
const full = () => Object.assign(new Error('database or disk is full'), { errcode: 13 })

/** A file whose steps can be made to fail as a disk does. */
class FaultyFile extends LogFile {
  fault: 'none' | 'before-commit' | 'commit-lost' | 'commit-landed' | 'full' | 'sync' = 'none'
  isUnreadable = false

  override insertBatch(row: Parameters<LogFile['insertBatch']>[0]): void {
    super.insertBatch(row)
    if (this.fault === 'before-commit') throw ioError()
  }

  override commit(): void {
    if (this.fault === 'commit-lost') throw ioError()
    if (this.fault === 'full') throw full()
    super.commit()
    if (this.fault === 'commit-landed') throw ioError()
  }

  override async sync(moment: SyncMoment): Promise<void> {
    if (this.fault === 'sync') throw ioError()
    await super.sync(moment)
  }

  override syncAnew(): void {
    if (this.fault === 'sync') throw ioError()
    super.syncAnew()
  }

  override touch(): void {
    if (this.fault !== 'none') throw ioError()
    super.touch()
  }

  override checkpoint(...place: Parameters<LogFile['checkpoint']>): number | undefined {
    if (this.isUnreadable) throw Object.assign(new Error('database disk image is malformed'), { errcode: 11 })
    return super.checkpoint(...place)
  }

  override bounds(topic: number, part: number): { start: number; end: number } {
    if (this.isUnreadable) throw ioError()
    return super.bounds(topic, part)
  }
}

let directory = ''
let file: FaultyFile
let store: SqliteStore
let told: (string | undefined)[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kasaga-log-'))
  file = new FaultyFile(join(directory, 'log.db'), undefined)
  told = []
  const onWrite = (trouble: OperationalError | undefined) => void told.push(trouble?.code)
  store = new SqliteStore({ file, clock: systemClock, endsPath: join(directory, 'log.ends'), onWrite })
  store.createTopic({ name: 't', partitions: 1, retention: 'forever' })
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true })
})

const record = (value: string): NewRecord => ({ key: null, value, headers: [] })
const write = (value: string) => {
  const checkpoint = { group: 'g', ...place, next: 9n }
  return store.write({ writes: [{ ...place, records: [record(value)] }], checkpoints: [checkpoint] })
}

test('a write that fails before its commit is refused, and nothing of it is kept', () => {
  file.fault = 'before-commit'
  expect(write('a')).toMatchObject({ kind: 'refused', error: { code: 'log-io', retriable: true } })
  file.fault = 'none'
  expect(store.end(place)).toBe(0n)
  expect(store.checkpoint('g', place)).toBeUndefined()
  expect(write('b')).toMatchObject({ kind: 'stored', stored: [{ base: 0n }] })
})

test('a commit that fails has an unknown outcome, and what the file says afterwards holds: lost', () => {
  file.fault = 'commit-lost'
  expect(write('a')).toMatchObject({ kind: 'unknown', error: { code: 'log-io' } })
  file.fault = 'none'
  expect(store.end(place)).toBe(0n)
  expect(store.checkpoint('g', place)).toBeUndefined()
  expect(write('b')).toMatchObject({ kind: 'stored', stored: [{ base: 0n }] })
})

test('a commit that fails has an unknown outcome, and what the file says afterwards holds: landed', () => {
  file.fault = 'commit-landed'
  expect(write('a')).toMatchObject({ kind: 'unknown', error: { code: 'log-io' } })
  file.fault = 'none'
  expect(store.end(place)).toBe(1n)
  expect(store.checkpoint('g', place)).toBe(9n)
  expect(write('b')).toMatchObject({ kind: 'stored', stored: [{ base: 1n }] })
  expect(store.read(place, 0n).map((r) => Buffer.from(r.value ?? '').toString())).toEqual(['a', 'b'])
})

test('a checkpoint that cannot be read is trouble of the log, as all else of a damaged file is', () => {
  file.isUnreadable = true
  expect(() => store.checkpoint('g', place)).toThrow(
    expect.objectContaining({ name: 'OperationalError', code: 'log-corrupt', retriable: false }),
  )
})

test('a number that nobody can have written is damage', () => {
  write('a')
  const db = new DatabaseSync(join(directory, 'log.db'))
  db.exec('update checkpoint set next = 9223372036854775807')
  db.close()
  expect(() => store.checkpoint('g', place)).toThrow(
    expect.objectContaining({ name: 'OperationalError', code: 'log-corrupt' }),
  )
})

test('a commit that finds no room is refused: its end was never written', async () => {
  file.fault = 'full'
  expect(write('a')).toMatchObject({ kind: 'refused', error: { code: 'log-full', retriable: true } })
  file.fault = 'none'
  expect(store.end(place)).toBe(0n)
  expect(write('b')).toMatchObject({ kind: 'stored', stored: [{ base: 0n }] })
  await store.sync({ isIdle: false })
  expect(told).toEqual(['log-full', undefined])
})

test('what could not be read again after a failed commit is read before the next write', () => {
  file.fault = 'commit-landed'
  file.isUnreadable = true
  expect(write('a').kind).toBe('unknown')
  file.fault = 'none'
  expect(write('b')).toMatchObject({ kind: 'refused', error: { code: 'log-io', retriable: true } })
  file.isUnreadable = false
  expect(write('c')).toMatchObject({ kind: 'stored', stored: [{ base: 1n }] })
  expect(store.read(place, 0n).map((r) => Buffer.from(r.value ?? '').toString())).toEqual(['a', 'c'])
})

test('a disk that takes something again is found out without anybody who writes', () => {
  store.probe()
  expect(told).toEqual([])
  file.fault = 'commit-lost'
  write('a')
  store.probe()
  file.fault = 'none'
  store.probe()
  store.probe()
  expect(told).toEqual(['log-io', 'log-io', undefined])
})

test('what landed with an unknown outcome is delivered, in order with what comes after', async () => {
  const clock = new ManualClock()
  const broker = new InProcessBroker(new InProcessLog(store, clock))
  const got: bigint[] = []
  const member = await broker.join(
    { group: 'g', topics: ['t'] },
    {
      assigned: () => {},
      revoked: async () => {},
      records: (_topic, _partition, records) => got.push(...records.map((r) => r.offset)),
      trouble: (error) => expect.unreachable(error.message),
    },
  )
  await clock.advance(0)
  member.open('t', 0, 0n)
  await clock.advance(0)
  const append = async () => {
    const appending = broker.append([{ ...place, records: [record('v')] }])
    await vi.waitFor(async () => {
      await clock.advance(0)
      expect(await Promise.race([appending, undefined])).toBeDefined()
    })
    return (await appending)[0]?.kind
  }
  file.fault = 'commit-landed'
  expect(await append()).toBe('unknown')
  await vi.waitFor(async () => {
    await clock.advance(0)
    expect(got).toEqual([0n])
  })
  file.fault = 'none'
  expect(await append()).toBe('appended')
  expect(got).toEqual([0n, 1n])
})

test('after a sync that failed nothing is written until all that stands there is durable', async () => {
  write('a')
  file.fault = 'sync'
  await expect(store.sync({ isIdle: false })).rejects.toMatchObject({ code: 'log-io', retriable: true })
  expect(write('b')).toMatchObject({ kind: 'refused', error: { code: 'log-io', retriable: true } })
  store.probe()
  expect(write('c').kind).toBe('refused')
  file.fault = 'none'
  // The disk takes things again, and what it was given before may be gone all the same.
  await expect(store.sync({ isIdle: false })).rejects.toMatchObject({ code: 'log-io' })
  store.probe()
  expect(told).toEqual(['log-io', 'log-io', undefined])
  expect(write('d')).toMatchObject({ kind: 'stored', stored: [{ base: 1n }] })
  expect(store.read(place, 0n).map((r) => Buffer.from(r.value ?? '').toString())).toEqual(['a', 'd'])
})

test('a fault that is not of the disk is a bug, and is not taken for trouble', () => {
  const broken = { ...place, records: [record('x')] }
  expect(() => store.write({ writes: [{ ...broken, partition: 7 }], checkpoints: [] })).toThrow(/no partition t\/7/)
})
