/** Owners that follow one another on a random log, write snapshots of it, and begin with those that they find. */
import { isDeepStrictEqual } from 'node:util'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { BatchReader } from '../../../shared/message/batch.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { OwnLog } from '../../../shared/runtime/own-log.ts'
import { marksOf } from '../../../shared/runtime/partition-state.ts'
import { SnapshotWriter } from '../../../shared/runtime/snapshot/snapshot-writer.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { must } from '../must.ts'
import { EVENTS, LossyTopics, SNAPSHOTS } from './lossy-topics.ts'
import { LOG_OWNER, type RandomLog, randomLog } from './random-log.ts'
import { told } from './told.ts'

interface Living {
  readonly log: OwnLog
  readonly writer: SnapshotWriter
  readonly reader: BatchReader
  /** Number and offset of the last batch, and where the log goes on. */
  standing: { number: number; offset: bigint; next: bigint; owner: string }
  sentThrough: number
  /** Batches whose effects may still be out. */
  readonly places: { number: number; offset: bigint }[]
}

export class SnapshotWorld {
  readonly #numbers: () => number
  readonly #clock = new ManualClock()
  readonly #topics: LossyTopics
  readonly #limits: typeof ORCHESTRATOR_LIMITS
  #script: RandomLog
  #next = 0
  #owners = 0
  #living: Living | undefined
  readonly #stale: SnapshotWriter[] = []
  /** How often each thing happened. */
  readonly seen: Record<string, number> = {}

  constructor(numbers: () => number) {
    this.#numbers = numbers
    this.#topics = new LossyTopics(numbers)
    this.#topics.faults = [0, 0, 5, 70][numbers() % 4] ?? 0
    this.#limits = {
      ...ORCHESTRATOR_LIMITS,
      snapshotEvery: 1 + (numbers() % 15),
      endedSagasMax: 1 + (numbers() % 6),
      endedWholeMax: numbers() % 4,
      freeLocksMax: numbers() % 3,
    }
    this.#script = randomLog(numbers, this.#limits.freeLocksMax)
  }

  async run(): Promise<void> {
    await this.#takeOver('new')
    for (let step = 0; step < 120 && this.#next < this.#script.batches.length; step++) await this.#step()
    await this.#takeOver('new')
  }

  async #step(): Promise<void> {
    const what = this.#numbers() % 40
    if (what < 24) this.#append(1 + (this.#numbers() % 5))
    else if (what < 30) await this.#clock.advance(this.#numbers() % 5)
    else if (what < 33) await this.#clock.advance(5_000)
    else if (what < 34) this.#topics.compact(this.#numbers() % 101)
    else if (what < 35) this.#topics.deliverLate()
    else if (what < 36) this.#stale[this.#numbers() % Math.max(this.#stale.length, 1)]?.landed(0)
    else if (what < 38) await this.#takeOver('new')
    else if (what < 39) await this.#takeOver('same')
    else if (this.#numbers() % 2 === 0) await this.#calamity()
  }

  #note(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1
  }

  #append(batches: number): void {
    for (let i = 0; i < batches; i++) {
      const records = this.#script.batches[this.#next]
      const living = this.#living
      if (!records || !living) return
      this.#next++
      const offset = BigInt(this.#topics.events.length)
      for (const record of this.#topics.land(records)) {
        const batch = living.reader.read(record)
        if (!batch) continue
        living.log.replay.state.replay(batch)
        living.log.replay.marks = marksOf(batch.header)
        const { number } = batch.header
        living.standing = { number, offset, next: batch.nextOffset, owner: LOG_OWNER }
        living.places.push({ number, offset })
        if (this.#numbers() % 3 === 0) living.sentThrough = number - (this.#numbers() % 5)
        living.sentThrough = Math.max(living.sentThrough, batch.header.sentThrough)
        living.writer.landed(records.length)
      }
    }
  }

  async #takeOver(whose: 'new' | 'same'): Promise<void> {
    const before = this.#living
    if (before) {
      // One that is killed writes no more; one that does not know that it lost the partition goes on.
      if (whose === 'same' || this.#numbers() % 2 === 0) before.writer.stop()
      else this.#stale.push(before.writer)
    }
    const owner = whose === 'same' ? `o-${this.#owners}` : `o-${++this.#owners}`
    const definitions = this.#numbers() % 3 === 0 ? new Definitions([]) : new Definitions([this.#script.definition])
    await this.#compare(owner, definitions)
    const log = await this.#read(owner, definitions, SNAPSHOTS)
    const { replay } = log
    const unsent = replay.takeUnsent().map(({ number, offset }) => ({ number, offset }))
    const last = lastBatch(this.#topics)
    const reader = new BatchReader({ nextOffset: replay.nextOffset, nextNumber: replay.lastNumber + 1 })
    const writer = before && whose === 'same' ? before.writer : this.#writer(owner)
    const living: Living = { log, writer, reader, standing: last, sentThrough: replay.sentThrough, places: unsent }
    this.#living = living
    const moment = () => ({
      standing: living.standing,
      sentThrough: living.sentThrough,
      unsent: living.places.find(({ number }) => number > living.sentThrough) ?? place(living.standing),
      marks: replay.marks,
    })
    const { state, recordsUncovered: records } = replay
    if (last.number > 0) writer.follow({ state, moment, ...log.shelved, records })
  }

  #writer(ownerId: string): SnapshotWriter {
    const metrics = { count: (name: string) => this.#note(name), gauge() {}, observe() {} }
    const ports = { broker: this.#topics.broker, clock: this.#clock, log: noLog, metrics }
    return new SnapshotWriter({ ...ports, topic: SNAPSHOTS, partition: 0, ownerId, source: '/t', limits: this.#limits })
  }

  async #read(ownerId: string, definitions: Definitions, snapshots: string | undefined): Promise<OwnLog> {
    const metrics = {
      count: (_name: string, labels?: object) => this.#note(`unused ${Object.values(labels ?? {})}`),
      gauge() {},
      observe() {},
    }
    const ports = { broker: this.#topics.broker, clock: this.#clock, log: noLog, metrics, definitions }
    const place = { topic: EVENTS, snapshots, partition: 0, ownerId, source: '/t', limits: this.#limits }
    const log = new OwnLog({ ...ports, ...place })
    let done = false
    const reading = log.readOn().finally(() => {
      done = true
    })
    while (!done) await this.#clock.advance(1)
    await reading
    return log
  }

  /** S2: what a snapshot and the tail of the log come to is what the whole log comes to. */
  async #compare(owner: string, definitions: Definitions): Promise<void> {
    const whole = (await this.#read(owner, definitions, undefined)).replay
    const { replay: restored, shelved } = await this.#read(owner, definitions, SNAPSHOTS)
    this.#note(shelved.segments.length > 0 ? `restored from ${Math.min(shelved.segments.length, 3)}` : 'read whole')
    const unsent = whole.takeUnsent().filter(({ number }) => number > restored.sentThrough)
    const again = restored.takeUnsent()
    must(restored.sentThrough >= whole.sentThrough, 'S10: what has been sent is forgotten')
    must(isDeepStrictEqual(plain(again), plain(unsent)), () => `S10: ${text(again)} is sent again, not ${text(unsent)}`)
    const [expected, actual] = [told(whole), told(restored)]
    must(isDeepStrictEqual(actual, expected), () => difference(actual, expected))
  }

  /** What nobody expects. */
  async #calamity(): Promise<void> {
    const what = this.#numbers() % 4
    if (what < 2) {
      this.#topics.damage()
      return
    }
    this.#living?.writer.stop()
    this.#living = undefined
    if (what === 2) {
      // The log was made anew: another one stands in its place.
      this.#topics.events = []
      this.#script = randomLog(this.#numbers, this.#limits.freeLocksMax)
      this.#next = 0
      for (let i = this.#numbers() % 300; i > 0; i--) this.#topics.land(this.#script.batches[this.#next++] ?? [])
    } else this.#topics.events.length = Math.floor(this.#topics.events.length / (1 + (this.#numbers() % 3)))
    this.#note(what === 2 ? 'another log' : 'shorter log')
    // What comes after a log that was cut short must be its own.
    if (what === 3) this.#next = this.#script.batches.length
    await this.#takeOver('new')
  }
}

const place = ({ number, offset }: Living['standing']) => ({ number, offset })
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))
const plain = (value: unknown): unknown => JSON.parse(text(value))

function lastBatch({ events }: LossyTopics): Living['standing'] {
  const reader = new BatchReader()
  let last = { number: 0, offset: 0n, next: 0n, owner: LOG_OWNER }
  for (const record of events) {
    const batch = reader.read(record)
    if (batch)
      last = { number: batch.header.number, offset: batch.offset, next: batch.nextOffset, owner: batch.header.owner }
  }
  return last
}

function difference(actual: ReturnType<typeof told>, expected: ReturnType<typeof told>): string {
  const missing = expected.entries.filter((line) => !actual.entries.includes(line))
  const more = actual.entries.filter((line) => !expected.entries.includes(line))
  const { entries: a, ...restA } = actual
  const { entries: e, ...restE } = expected
  return `S2: missing\n${missing.join('\n')}\nmore\n${more.join('\n')}\norder ${isDeepStrictEqual(a, e)}\n${text(restA)}\n${text(restE)}`
}
