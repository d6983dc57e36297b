/**
 * The log of a partition and its snapshots, on a broker that loses, repeats, delays and does not answer appends of
 * snapshots, and compacts them whenever it likes: any older record of a key may go.
 */
import { OperationalError } from '../../../shared/message/errors.ts'
import { keyOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import type { AppendBatch, AppendResult, Broker } from '../../../shared/ports/broker.ts'
import { stored } from '../../support/fabricate-log.ts'

export const EVENTS = 'events'
export const SNAPSHOTS = 'snapshots'

export class LossyTopics {
  readonly #numbers: () => number
  events: LogRecord[] = []
  snapshots: LogRecord[] = []
  /** Of a hundred appends of snapshots, so many go wrong. */
  faults = 0
  #next = 0
  #late: (readonly NewRecord[])[] = []

  constructor(numbers: () => number) {
    this.#numbers = numbers
  }

  get broker(): Broker {
    return this as unknown as Broker
  }

  async append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    return batches.map(({ topic, records }) => (topic === SNAPSHOTS ? this.#append(records) : refused()))
  }

  async *read(topic: string, _partition: number, from: bigint): AsyncGenerator<readonly LogRecord[]> {
    const records = topic === SNAPSHOTS ? this.snapshots : this.events
    const end = topic === SNAPSHOTS ? this.#next : records.length
    if (from < 0n || from > BigInt(end)) throw trouble('offset-out-of-range')
    yield records.filter(({ offset }) => offset >= from)
  }

  async offsets() {
    return [{ partition: 0, start: 0n, end: BigInt(this.#next) }]
  }

  land(records: readonly NewRecord[]): LogRecord[] {
    const placed = records.map((record, i) => {
      return stored(record, { topic: EVENTS, partition: 0, offset: BigInt(this.events.length + i), timestamp: 1_000 })
    })
    this.events.push(...placed)
    return placed
  }

  /** What was late comes after all. */
  deliverLate(): void {
    const late = this.#late
    this.#late = []
    for (const records of late) this.#store(records)
  }

  /** Of a hundred records that a later one of their key stands for, so many go. */
  compact(percent: number): void {
    const newest = new Map(this.snapshots.map((record) => [keyOf(record), record.offset]))
    this.snapshots = this.snapshots.filter(
      (record) => newest.get(keyOf(record)) === record.offset || this.#numbers() % 100 >= percent,
    )
  }

  /** One bit is another, or one record is gone. */
  damage(): void {
    const at = this.#numbers() % Math.max(this.snapshots.length, 1)
    const record = this.snapshots[at]
    if (!record) return
    const value = record.value && new Uint8Array(record.value)
    const byte = value ? this.#numbers() % Math.max(value.length, 1) : 0
    if (!value || this.#numbers() % 3 === 0) this.snapshots.splice(at, 1)
    else {
      value[byte] = (value[byte] ?? 0) ^ (1 << (this.#numbers() % 8))
      this.snapshots[at] = { ...record, value }
    }
  }

  #append(records: readonly NewRecord[]): AppendResult {
    const baseOffset = BigInt(this.#next)
    if (this.#numbers() % 100 >= this.faults) {
      this.#store(records)
      return { kind: 'appended', baseOffset }
    }
    const fault = this.#numbers() % 4
    if (fault === 0) return refused()
    if (fault === 1) this.#store(records)
    if (fault === 2) this.#late.push(records)
    return { kind: 'unknown', error: trouble('no-answer') }
  }

  #store(records: readonly NewRecord[]): void {
    for (const record of records)
      this.snapshots.push(
        stored(record, { topic: SNAPSHOTS, partition: 0, offset: BigInt(this.#next++), timestamp: 1_000 }),
      )
  }
}

function refused(): AppendResult {
  return { kind: 'refused', error: trouble('refused') }
}

function trouble(code: string): OperationalError {
  return new OperationalError(code, 'planted', { where: 'test', retriable: false })
}
