/** Whatever the sizes, and whatever the store does meanwhile: what is read and delivered is what was appended. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ClaimCheckBroker } from '../../shared/adapters/claim-check/claim-check-broker.ts'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { MemoryPayloadStore } from '../../shared/adapters/memory/memory-payload-store.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import type { AppendResult, Broker, GroupMember } from '../../shared/ports/broker.ts'
import { sleep } from '../../shared/ports/clock.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { FaultyPayloadStore } from '../support/faulty-payload-store.ts'
import { delivered } from '../support/wire.ts'
import { parameters } from './property-runs.ts'

const TOPIC = 'topic'
const PARTITIONS = 2
const RULE = { valueBytesMax: 2_000, payloadBytesMax: 20_000 }
const SMALL = 'small'
const TRAVEL_MS = 30

type Value = NewRecord['value']

/** Around the limit, also where bytes and characters differ; past it; past the largest payload. */
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }).map((n) => `"${'s'.repeat(n)}"`) },
  { weight: 3, arbitrary: fc.integer({ min: 1_990, max: 2_010 }).map((n) => 'x'.repeat(n)) },
  { weight: 2, arbitrary: fc.integer({ min: 995, max: 1_005 }).map((n) => 'ä'.repeat(n)) },
  { weight: 2, arbitrary: fc.integer({ min: 1_999, max: 20_000 }).map((n) => new Uint8Array(n).fill(n % 256)) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(20_001), '', null) },
)

interface Call {
  readonly partition: number
  readonly values: readonly Value[]
  /** How long after the call before it. */
  readonly afterMs: number
}

const call: fc.Arbitrary<Call> = fc.record({
  partition: fc.nat(PARTITIONS - 1),
  values: fc.array(value, { minLength: 1, maxLength: 5 }),
  afterMs: fc.constantFrom(0, 0, 1, 100, 5_000),
})

/** Which of the store's calls fail, one after another; past its end none does. */
const outages = fc.array(fc.boolean(), { maxLength: 60 })

type Move = { readonly what: 'pause' | 'resume' | 'reopen'; readonly partition: number; readonly afterMs: number }
const move: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom('pause', 'resume', 'reopen'),
  partition: fc.nat(PARTITIONS - 1),
  afterMs: fc.constantFrom(0, 1, 60, 1_000),
})

class World {
  readonly clock = new ManualClock()
  readonly log = new MemoryLog({ clock: this.clock })
  readonly #kept = new MemoryPayloadStore(this.clock)
  readonly #planned: boolean[]

  constructor(planned: readonly boolean[]) {
    this.#planned = [...planned]
  }

  /** A process of its own, with nothing in its memory. */
  connect(): Broker {
    const fails = () => this.#planned.shift() ?? false
    const store = new FaultyPayloadStore(this.#kept, fails, () => sleep(this.clock, TRAVEL_MS))
    const surroundings = { clock: this.clock, log: noLog, metrics: noMetrics }
    return new ClaimCheckBroker(this.log.connect(), { store, rule: RULE, ...surroundings })
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const note = () => {
      settled = true
    }
    promise.then(note, note)
    for (let i = 0; i < 2_000 && !settled; i++) await this.clock.advance(100)
    expect(settled).toBe(true)
    return promise
  }
}

const recordsOf = ({ values }: Call): NewRecord[] =>
  values.map((one, i) => ({ key: `k${i}`, value: one, headers: [['ce_type', `t${i}`]] }))

async function read(broker: Broker, partition: number): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for await (const records of broker.read(TOPIC, partition, 0n)) all.push(...records)
  return all
}

/** Key, value and headers, as bytes: what a reader sees of what was written. */
const seen = ({ key, value: bytes, headers }: LogRecord) => [
  Buffer.from(key ?? '').toString('latin1'),
  bytes && Buffer.from(bytes).toString('latin1'),
  headers.map(([name, text]) => [name, Buffer.from(text).toString('latin1')]),
]

/** What must stand in the partition: the calls that were stored, in the order of the calls. */
function expected(calls: readonly Call[], results: readonly (AppendResult | undefined)[], partition: number) {
  return calls.flatMap((one, i) =>
    one.partition === partition && results[i]?.kind === 'appended'
      ? recordsOf(one).map((record) => seen(delivered(record)))
      : [],
  )
}

async function appendAll(world: World, calls: readonly Call[]): Promise<readonly (AppendResult | undefined)[]> {
  const broker = world.connect()
  const under: Promise<AppendResult | undefined>[] = []
  for (const one of calls) {
    await world.clock.advance(one.afterMs)
    const { partition } = one
    under.push(broker.append([{ topic: TOPIC, partition, records: recordsOf(one) }]).then(([result]) => result))
  }
  return world.until(Promise.all(under))
}

it('is read back as it was appended, whole batches in the order of the calls, and refused only for a reason', () =>
  fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), outages, async (calls, planned) => {
      const world = new World(planned)
      await world.log.connect().createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
      const results = await appendAll(world, calls)
      for (const [i, one] of calls.entries()) {
        const tooLarge = one.values.some((bytes) => Buffer.byteLength(bytes ?? '') > RULE.payloadBytesMax)
        if (results[i]?.kind === 'appended') expect(tooLarge).toBe(false)
        else expect(results[i]).toMatchObject({ kind: 'refused', error: { retriable: !tooLarge } })
      }
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const back = await world.until(read(world.connect(), partition))
        expect(back.map(seen)).toEqual(expected(calls, results, partition))
        expect(back.map(({ offset }) => offset)).toEqual(back.map((_, i) => BigInt(i)))
      }
    }),
    parameters(60),
  ))

/** A reader that pauses, goes on and starts anew at odd moments; what it holds is what came since it was opened last. */
class Reader {
  readonly got = new Map<number, LogRecord[]>()
  #member: GroupMember | undefined

  async join(world: World): Promise<void> {
    this.#member = await world.until(
      world.connect().join(
        { group: 'g', topics: [TOPIC] },
        {
          assigned: () => {},
          revoked: async () => {},
          records: (_topic, partition, records) => void this.got.get(partition)?.push(...records),
          trouble: (error) => {
            throw error
          },
        },
      ),
    )
    await world.clock.advance(10)
    for (let partition = 0; partition < PARTITIONS; partition++) this.move({ what: 'reopen', partition })
  }

  move({ what, partition }: Pick<Move, 'what' | 'partition'>): void {
    if (what !== 'reopen') {
      this.#member?.[what](TOPIC, partition)
      return
    }
    this.got.set(partition, [])
    this.#member?.open(TOPIC, partition, 0n)
  }
}

it('is delivered as it was appended, in order and without a gap, through outages, pauses and new starts', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 8 }),
      fc.array(move, { maxLength: 12 }),
      outages,
      async (calls, moves, planned) => {
        const world = new World(planned)
        await world.log.connect().createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
        const reader = new Reader()
        await reader.join(world)
        const appending = appendAll(world, calls)
        for (const one of moves) {
          await world.clock.advance(one.afterMs)
          reader.move(one)
        }
        const results = await appending
        for (let partition = 0; partition < PARTITIONS; partition++) reader.move({ what: 'resume', partition })
        await world.clock.advance(600_000)
        await world.until(
          world.connect().append([{ topic: TOPIC, partition: 0, records: [{ key: null, value: SMALL, headers: [] }] }]),
        )
        await world.clock.advance(1_000)
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const last = partition === 0 ? [seen(delivered({ key: null, value: SMALL, headers: [] }))] : []
          expect(reader.got.get(partition)?.map(seen)).toEqual([...expected(calls, results, partition), ...last])
        }
      },
    ),
    parameters(60),
  ))
