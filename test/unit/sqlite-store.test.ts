import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessBroker } from '../../shared/adapters/in-process/in-process-broker.ts'
import { InProcessLog } from '../../shared/adapters/in-process/in-process-log.ts'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { LogFile } from '../../shared/adapters/sqlite/log-file.ts'
import { SqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { NewRecord } from '../../shared/message/record.ts'

const place = { topic: 't', partition: 0 }
const ioError = () => Object.assign(new Error('disk I/O error'), { errcode: 10 })

/** A file whose steps can be made to fail as a disk does. */
class FaultyFile extends LogFile {
  fault: 'none' | 'before-commit' | 'commit-lost' | 'commit-landed' = 'none'

  override insertBatch(row: Parameters<LogFile['insertBatch']>[0]): void {
    super.insertBatch(row)
    if (this.fault === 'before-commit') throw ioError()
  }

  override commit(): void {
    if (this.fault === 'commit-lost') throw ioError()
    super.commit()
    if (this.fault === 'commit-landed') throw ioError()
  }
}

let directory = ''
let file: FaultyFile
let store: SqliteStore

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kasaga-log-'))
  file = new FaultyFile(join(directory, 'log.db'), undefined)
  store = new SqliteStore({ file, clock: systemClock, endsPath: join(directory, 'log.ends') })
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
    await clock.advance(0)
    return (await appending)[0]?.kind
  }
  file.fault = 'commit-landed'
  expect(await append()).toBe('unknown')
  expect(got).toEqual([0n])
  file.fault = 'none'
  expect(await append()).toBe('appended')
  expect(got).toEqual([0n, 1n])
})

test('a fault that is not of the disk is a bug, and is not taken for trouble', () => {
  const broken = { ...place, records: [record('x')] }
  expect(() => store.write({ writes: [{ ...broken, partition: 7 }], checkpoints: [] })).toThrow(/no partition t\/7/)
})
