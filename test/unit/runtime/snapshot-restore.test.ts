/** Which snapshot an owner begins with, what is left alone and told, and that none is needed. */
import { expect, test } from 'vitest'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { OwnLog } from '../../../shared/runtime/own-log.ts'
import { HASH_HEADER, type SnapshotLimits, sha256 } from '../../../shared/runtime/snapshot/snapshot-mark.ts'
import { SnapshotWriter } from '../../../shared/runtime/snapshot/snapshot-writer.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { batchOf, order } from '../../support/fabricate-log.ts'

const EVENTS = 'events'
const SNAPSHOTS = 'snapshots'
const EVERY = 10

async function topics(): Promise<Broker> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([
    { name: EVENTS, partitions: 1, retention: 'forever' },
    { name: SNAPSHOTS, partitions: 1, retention: 'compacted' },
  ])
  return broker
}

const append = (broker: Broker, topic: string, records: readonly NewRecord[]) =>
  broker.append([{ topic, partition: 0, records }])

/** Orders that have ended, one a batch, but for the last. */
async function logOf(broker: Broker, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++)
    await append(broker, EVENTS, batchOf(order(`order-${number}`, number === to ? 'running' : 'completed'), { number }))
}

interface Asked {
  readonly owner?: string
  readonly limits?: Partial<SnapshotLimits>
  /** `null`: none are read. */
  readonly snapshots?: string | null
}

/** Reads the log as an owner, and answers what it came to and what was told. */
async function opened(broker: Broker, { owner = 'a', limits = {}, snapshots = SNAPSHOTS }: Asked = {}) {
  const told: string[] = []
  const count = (name: string, labels: object = {}) => void told.push([name, ...Object.values(labels)].join(' '))
  const metrics = { count, gauge() {}, observe() {} }
  const own = { ...ORCHESTRATOR_LIMITS, ...limits, snapshotEvery: EVERY }
  const ports = {
    broker,
    clock: systemClock,
    log: noLog,
    metrics,
    limits: own,
    source: '/t',
    partition: 0,
    ownerId: owner,
  }
  const log = new OwnLog({
    ...ports,
    topic: EVENTS,
    snapshots: snapshots ?? undefined,
    definitions: new Definitions([]),
  })
  await log.readOn()
  const write = async () => {
    await log.claim()
    const { standing, replay } = log
    const moment = () => ({ standing, unsent: standing, sentThrough: standing.number, marks: replay.marks })
    const writer = new SnapshotWriter({ ...ports, topic: SNAPSHOTS })
    writer.follow({ state: replay.state, moment, ...log.shelved, records: EVERY })
    await expect.poll(() => told.some((line) => line.startsWith('kasaga_snapshots_'))).toBe(true)
    return writer
  }
  return { log, told, write, read: log.replay.recordsRead, live: log.replay.state.liveSagas }
}

const unused = (told: readonly string[]) => told.filter((line) => line.startsWith('kasaga_snapshots_unused'))

test('who has a snapshot reads the batch that it stands at, and what came after', async () => {
  const broker = await topics()
  await logOf(broker, 1, 20)
  const first = await opened(broker)
  expect(first.read).toBeGreaterThan(100)
  await first.write()
  const next = await opened(broker, { owner: 'b' })
  // The claim of the one before, at which the snapshot stands.
  expect({ read: next.read, live: next.live, told: next.told }).toEqual({ read: 1, live: 1, told: [] })
  expect(next.log.replay.lastNumber).toBe(21)
})

test('without the topic, or told to leave them alone, it reads the log, and so does one that finds nothing', async () => {
  const broker = await topics()
  await logOf(broker, 1, 5)
  expect(unused((await opened(broker)).told)).toEqual([])
  await (await opened(broker)).write()
  const alone = await opened(broker, { snapshots: null })
  expect({ read: alone.read > 10, told: alone.told }).toEqual({ read: true, told: [] })
  const missing = await opened(broker, { snapshots: 'nowhere' })
  expect({ read: missing.read > 10, told: missing.told }).toEqual({
    read: true,
    told: ['kasaga_snapshots_unused_total unreachable'],
  })
})

test('other limits of what is remembered make another memory', async () => {
  const broker = await topics()
  await logOf(broker, 1, 5)
  await (await opened(broker)).write()
  const other = await opened(broker, { owner: 'b', limits: { endedSagasMax: 2 } })
  expect(unused(other.told)).toEqual(['kasaga_snapshots_unused_total other-limits'])
  expect(other.log.replay.state.hasForgotten).toBe(true)
})

/** The newest records of the topic, by key. */
async function shelved(broker: Broker): Promise<Map<string, NewRecord>> {
  const found = new Map<string, NewRecord>()
  for await (const records of broker.read(SNAPSHOTS, 0, 0n))
    for (const { key, value, headers } of records)
      if (key && value) found.set(Buffer.from(key).toString(), { key, value, headers })
  return found
}

test('a format that is not known is left alone, with all that may belong to it', async () => {
  const broker = await topics()
  await logOf(broker, 1, 5)
  await (await opened(broker, { owner: 'newer' })).write()
  const mark = (await shelved(broker)).get('mark/newer')
  const value = Buffer.from(mark?.value ?? '')
    .toString()
    .replace('"format":1', '"format":999')
  const headers = [...(mark?.headers ?? []), [HASH_HEADER, sha256(value)] as const]
  await append(broker, SNAPSHOTS, [{ key: 'mark/newer', value, headers }])
  const before = [...(await shelved(broker)).keys()]
  const older = await opened(broker)
  expect(unused(older.told)).toEqual(['kasaga_snapshots_unused_total other-format'])
  expect(older.log.shelved.idle).toEqual([])
  const writer = await older.write()
  writer.landed(0)
  writer.landed(0)
  expect([...(await shelved(broker)).keys()]).toEqual(expect.arrayContaining(before))
})

test('of several the newest that is there whole is taken', async () => {
  const broker = await topics()
  await logOf(broker, 1, 5)
  await (await opened(broker, { owner: 'a' })).write()
  await logOf(broker, 7, 9)
  await (await opened(broker, { owner: 'b' })).write()
  const [part] = [...(await shelved(broker)).keys()].filter((key) => key.startsWith('segment/b/'))
  await append(broker, SNAPSHOTS, [{ key: part ?? '', value: null, headers: [] }])
  const next = await opened(broker, { owner: 'c' })
  expect(unused(next.told)).toEqual(['kasaga_snapshots_unused_total incomplete'])
  expect(next.log.shelved.segments.map(({ id }) => id)).toEqual(['a/6'])
  expect(next.live).toBe(2)
})

test('what no snapshot needs any more is taken away, once two batches more have landed', async () => {
  const broker = await topics()
  await logOf(broker, 1, 5)
  await (await opened(broker, { owner: 'a' })).write()
  await append(broker, SNAPSHOTS, [{ key: 'segment/torn/3/0', value: 'half', headers: [] }])
  const writer = await (await opened(broker, { owner: 'b' })).write()
  writer.landed(0)
  expect((await shelved(broker)).has('segment/torn/3/0')).toBe(true)
  writer.landed(0)
  await expect.poll(async () => (await shelved(broker)).has('segment/torn/3/0')).toBe(false)
  // Its own snapshot begins with the segment of the one before.
  expect([...(await shelved(broker)).keys()]).toEqual(expect.arrayContaining(['segment/a/6/0', 'mark/b']))
})
