/**
 * The embedded log on a disk that fails at any of its calls, processes that are killed at any time, and power that is lost:
 * what was acknowledged is there, in order, and what was made durable also without power; what was refused never is; and
 * nothing is half there.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SyncMoment } from '../../shared/adapters/in-process/log-store.ts'
import { LogFile } from '../../shared/adapters/sqlite/log-file.ts'
import { rewriteWal } from '../../shared/adapters/sqlite/rewrite-wal.ts'
import { SqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { must } from './must.ts'
import { parameters } from './property-runs.ts'

const PARTITIONS = 2
const TOPIC = 't'
const IO_ERROR = 10
const FULL = 13

const CALLS = [
  'begin',
  'insertBatch',
  'upsertCheckpoint',
  'commit',
  'abandon',
  'bounds',
  'touch',
  'sync',
  'syncAnew',
] as const
type Call = (typeof CALLS)[number]

/** What the disk does at one of the calls of a write, and at those after it that clear up. */
interface Fault {
  readonly call: Call
  /** The call does its work before it fails: nobody knows. */
  readonly isDone: boolean
  readonly code: typeof IO_ERROR | typeof FULL
  /** How many calls it fails. */
  readonly times: number
}

class FailingFile extends LogFile {
  #faults = new Map<Call, { readonly fault: Fault; left: number }>()
  /** A sync has failed: the system takes pages for clean that the disk has never seen. */
  #hasLost = false
  /** Called when all that stands in it is durable. */
  synced: () => void = () => {}

  fail(faults: readonly Fault[]): void {
    this.#faults = new Map(faults.map((fault) => [fault.call, { fault, left: fault.times }]))
  }

  override begin = () => this.#at('begin', () => super.begin())
  override commit = () => this.#at('commit', () => super.commit())
  override abandon = () => this.#at('abandon', () => super.abandon())
  override touch = () => this.#at('touch', () => super.touch())
  override insertBatch = (row: Parameters<LogFile['insertBatch']>[0]) =>
    this.#at('insertBatch', () => super.insertBatch(row))
  override upsertCheckpoint = (...given: Parameters<LogFile['upsertCheckpoint']>) =>
    this.#at('upsertCheckpoint', () => super.upsertCheckpoint(...given))
  override bounds = (topic: number, part: number) => this.#at('bounds', () => super.bounds(topic, part))
  override sync = async (moment: SyncMoment) => {
    try {
      this.#at('sync', () => {})
    } catch (error) {
      this.#hasLost = true
      throw error
    }
    await super.sync(moment)
    if (!this.#hasLost) this.synced()
  }
  override syncAnew = () => {
    this.#at('syncAnew', () => super.syncAnew())
    this.#hasLost = false
    this.synced()
  }

  #at<T>(call: Call, work: () => T): T {
    const failing = this.#faults.get(call)
    if (!failing || failing.left === 0) return work()
    failing.left--
    const { fault } = failing
    if (fault.isDone) work()
    throw Object.assign(new Error(`the disk fails at ${call}`), { errcode: fault.code })
  }
}

type Step =
  | {
      readonly kind: 'write'
      readonly sizes: readonly (readonly [number, number])[]
      readonly faults: readonly Fault[]
    }
  | { readonly kind: 'probe' | 'sync'; readonly faults: readonly Fault[] }
  | { readonly kind: 'kill' }
  | { readonly kind: 'power' }

const fault: fc.Arbitrary<Fault> = fc
  .record({
    call: fc.constantFrom(...CALLS),
    isDone: fc.boolean(),
    code: fc.constantFrom<Fault['code']>(IO_ERROR, FULL),
    times: fc.integer({ min: 1, max: 4 }),
  })
  // A disk that is full says so before it has written all.
  .map((one) => ({ ...one, isDone: one.isDone && one.code !== FULL }))

/** Often none; two at a time: a commit that nobody knows of, and a look at the file that fails too. */
const faults = fc.uniqueArray(fault, { selector: ({ call }) => call, maxLength: 2 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      sizes: fc.uniqueArray(fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 3 })), {
        selector: ([partition]) => partition,
        minLength: 1,
      }),
      faults,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('probe' as const, 'sync' as const), faults }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'power' as const }) },
)

/** One write to one partition, and what was said of it. */
interface Batch {
  readonly values: readonly string[]
  said: 'stored' | 'refused' | 'unknown'
  readonly base: bigint | undefined
}

const FILES = ['log.db', 'log.db-wal']

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kasaga-failing-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A log in a folder of its own, through the lives of several processes. */
class World {
  readonly batches: Batch[][] = Array.from({ length: PARTITIONS }, () => [])
  checkpoints = new Map<number, bigint>()
  /** Batches and checkpoints that a sync was answered for. */
  #durable = new Set<Batch>()
  #durableCheckpoints = new Map<number, bigint>()
  readonly #folder = mkdtempSync(join(root, 'log-'))
  #file: FailingFile
  #store: SqliteStore
  #written = 0

  constructor() {
    ;[this.#file, this.#store] = this.#open()
  }

  async begin(): Promise<void> {
    this.#store.createTopic({ name: TOPIC, partitions: PARTITIONS, retention: 'forever' })
    await this.#store.sync({ isIdle: false })
  }

  async take(one: Step): Promise<void> {
    if (one.kind === 'kill') this.kill()
    else if (one.kind === 'power') this.losePower()
    else if (one.kind === 'write') this.#write(one)
    else if (one.kind === 'sync') {
      this.#file.fail(one.faults)
      await this.#sync()
    } else {
      this.#file.fail(one.faults)
      this.#store.probe()
    }
    this.#file.fail([])
  }

  /** The connection goes with what it had not committed, and another one reads what is there. */
  kill(): void {
    this.#store.close()
    ;[this.#file, this.#store] = this.#open()
  }

  async #sync(): Promise<void> {
    try {
      await this.#store.sync({ isIdle: this.#written % 2 === 0 })
      this.#durable = new Set(this.batches.flat().filter(({ said }) => said === 'stored'))
      this.#durableCheckpoints = new Map(this.checkpoints)
    } catch (error) {
      must(error instanceof OperationalError && /^log-(io|full)$/.test(error.code), () => String(error))
    }
  }

  /** What the disk has never been made to keep is gone; what is said of it beside the log may be as new as it can be. */
  losePower(): void {
    this.#file.fail([])
    this.#file.synced = () => {}
    this.#store.close()
    for (const name of FILES) {
      const kept = join(this.#kept, name)
      rmSync(join(this.#folder, name), { force: true })
      if (existsSync(kept)) copyFileSync(kept, join(this.#folder, name))
    }
    for (const batch of this.batches.flat())
      if (batch.said === 'stored' && !this.#durable.has(batch)) batch.said = 'unknown'
    this.checkpoints = new Map(this.#durableCheckpoints)
    ;[this.#file, this.#store] = this.#open()
  }

  get #kept(): string {
    return join(this.#folder, 'kept')
  }

  /** All that stands there now outlives a loss of power. */
  #keep(): void {
    mkdirSync(this.#kept, { recursive: true })
    for (const name of FILES) {
      rmSync(join(this.#kept, name), { force: true })
      if (existsSync(join(this.#folder, name))) copyFileSync(join(this.#folder, name), join(this.#kept, name))
    }
  }

  read(partition: number): string[] {
    const values: string[] = []
    const place = { topic: TOPIC, partition }
    for (let at = 0n; at < this.#store.end(place); ) {
      const records = this.#store.read(place, at)
      for (const { value } of records) values.push(Buffer.from(value ?? '').toString())
      at += BigInt(records.length)
    }
    return values
  }

  checkpoint(partition: number): bigint | undefined {
    return this.#store.checkpoint('g', { topic: TOPIC, partition })
  }

  #write({ sizes, faults }: Extract<Step, { kind: 'write' }>): void {
    const number = ++this.#written
    const writes = sizes.map(([partition, size]) => {
      const values = Array.from({ length: size }, (_, i) => `${number}.${partition}.${i}`)
      return { topic: TOPIC, partition, values, records: values.map(recordOf) }
    })
    const next = BigInt(number)
    const checkpoints = writes.map(({ topic, partition }) => ({ group: 'g', topic, partition, next }))
    this.#file.fail(faults)
    const result = this.#store.write({ writes, checkpoints })
    // Whoever is told anything else takes it for something that trying again does not mend.
    if (result.kind !== 'stored') must(/^log-(io|full)$/.test(result.error.code), () => result.error.message)
    for (const [i, { partition, values }] of writes.entries()) {
      const base = result.kind === 'stored' ? result.stored[i]?.base : undefined
      this.batches[partition]?.push({ values, said: result.kind, base })
      if (result.kind === 'stored') this.checkpoints.set(partition, next)
    }
  }

  #open(): [FailingFile, SqliteStore] {
    const path = join(this.#folder, 'log.db')
    rewriteWal(path)
    const file = new FailingFile(path, undefined)
    file.synced = () => this.#keep()
    this.#keep()
    return [file, new SqliteStore({ file, clock: systemClock, endsPath: join(this.#folder, 'log.ends') })]
  }
}

const recordOf = (value: string): NewRecord => ({ key: null, value, headers: [] })

/** What stands in a partition is made of whole batches, in the order of the calls: all that were stored, none that were refused. */
function holds(found: readonly string[], batches: readonly Batch[]): void {
  let at = 0
  for (const { values, said, base } of batches) {
    const isThere = values.every((value, i) => found[at + i] === value)
    if (said === 'stored') must(isThere && base === BigInt(at), () => `${values} was stored at ${base}: ${found}`)
    if (said === 'refused') must(!found.includes(values[0] ?? ''), () => `${values} was refused: ${found}`)
    if (isThere) at += values.length
  }
  must(at === found.length, () => `something stands there that nobody has written so: ${found.slice(at)}`)
}

test('every acknowledged write is there, no refused one ever, and nothing is half there', async () => {
  const seen = { stored: 0, refused: 0, unknown: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const world = new World()
      await world.begin()
      for (const one of steps) await world.take(one)
      for (const life of ['as it is', 'opened again', 'without power']) {
        if (life === 'opened again') world.kill()
        if (life === 'without power') world.losePower()
        for (const [partition, batches] of world.batches.entries()) {
          holds(world.read(partition), batches)
          const kept = world.checkpoints.get(partition)
          must(
            kept === undefined || (world.checkpoint(partition) ?? 0n) >= kept,
            () => `a checkpoint went back, ${life}`,
          )
        }
      }
      await world.take({ kind: 'write', sizes: [[0, 1]], faults: [] })
      must(world.batches[0]?.at(-1)?.said === 'stored', () => 'it does not go on once the disk is well')
      for (const { said } of world.batches.flat()) seen[said]++
    }),
    parameters(150),
  )
  for (const [said, times] of Object.entries(seen)) expect([said, times > 0]).toEqual([said, true])
})
