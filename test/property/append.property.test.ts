/** Compare-and-append: several writers, one partition, appends that are late, lost, repeated or unanswered. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AcceptedBatch,
  BatchReader,
  batchRecord,
  LOG_START,
  type LogPosition,
  type NewBatchHeader,
} from '../../shared/message/batch.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { parameters, runs } from './property-runs.ts'

const encoder = new TextEncoder()
const bytes = (value: string | Uint8Array | null) => (typeof value === 'string' ? encoder.encode(value) : value)

/** One partition: what is appended lands whole. */
class Partition {
  readonly records: LogRecord[] = []

  append(batch: readonly NewRecord[]): bigint {
    const base = BigInt(this.records.length)
    for (const { key, value, headers } of batch)
      this.records.push({
        topic: 'events',
        partition: 0,
        offset: BigInt(this.records.length),
        timestamp: 1_000,
        key: bytes(key),
        value: bytes(value),
        headers: headers.map(([name, text]) => [name, bytes(text) ?? new Uint8Array()]),
      })
    return base
  }

  readFrom(position: LogPosition): { reader: BatchReader; accepted: AcceptedBatch[] } {
    const reader = new BatchReader(position)
    const accepted: AcceptedBatch[] = []
    for (const record of this.records.slice(Number(position.nextOffset))) {
      const batch = reader.read(record)
      if (batch) accepted.push(batch)
    }
    return { reader, accepted }
  }
}

/** An owner, or who takes itself for one: it knows the prefix that it has read, and appends the next number. */
class Writer {
  readonly name: string
  readonly log: Partition
  nextNumber = 1
  /** Batches that it knows to have landed just where they had to: it may send their effects. */
  readonly confirmed: { readonly number: number; readonly offset: bigint; readonly count: number }[] = []
  #endOffset = 0n

  constructor(name: string, log: Partition) {
    this.name = name
    this.log = log
  }

  catchUp(): void {
    this.nextNumber = this.log.readFrom(LOG_START).reader.nextNumber
    this.#endOffset = BigInt(this.log.records.length)
  }

  batch(count: number): { readonly records: readonly NewRecord[]; readonly landed: (offset: bigint) => void } {
    const number = this.nextNumber++
    const expected = this.#endOffset
    this.#endOffset += BigInt(count + 1)
    const inputs = { applied: count, deadLettered: 0, ignored: {} }
    const header: NewBatchHeader = {
      number,
      owner: this.name,
      count,
      commands: 0n,
      replies: 0n,
      sentThrough: 0,
      inputs,
    }
    const events = Array.from({ length: count }, (_, i) =>
      eventRecord(
        {
          sagaId: sagaId(`${this.name}-${number}`),
          seq: i + 1,
          at: 1_000,
          causationId: 'c',
          event: { type: 'signal-received', name: 'n', payload: i, requestId: `r-${i}` },
        },
        'test',
      ),
    )
    const landed = (offset: bigint): void => {
      if (offset === expected) this.confirmed.push({ number, offset, count })
      else this.catchUp()
    }
    return { records: [batchRecord(header, 1_000, 'test'), ...events], landed }
  }
}

interface Step {
  readonly kind: 'append' | 'late' | 'lost' | 'unanswered' | 'twice' | 'torn' | 'stray' | 'land' | 'catch-up'
  readonly writer: number
  readonly count: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step['kind']>('append') },
    {
      weight: 8,
      arbitrary: fc.constantFrom<Step['kind']>(
        'late',
        'lost',
        'unanswered',
        'twice',
        'torn',
        'stray',
        'land',
        'catch-up',
      ),
    },
  ),
  writer: fc.nat({ max: 2 }),
  count: fc.nat({ max: 3 }),
})

function play(steps: readonly Step[]): { readonly log: Partition; readonly writers: readonly Writer[] } {
  const log = new Partition()
  const writers = ['a', 'b', 'c'].map((name) => new Writer(name, log))
  const inFlight: (readonly NewRecord[])[] = []
  for (const { kind, writer: index, count } of steps) {
    const writer = writers[index] as Writer
    if (kind === 'land') log.append(inFlight.shift() ?? [])
    else if (kind === 'catch-up') writer.catchUp()
    else send({ kind, writer, log, inFlight, count })
  }
  for (const batch of inFlight) log.append(batch)
  return { log, writers }
}

function send(what: {
  kind: Step['kind']
  writer: Writer
  log: Partition
  inFlight: (readonly NewRecord[])[]
  count: number
}): void {
  const { kind, writer, log, inFlight, count } = what
  const { records, landed } = writer.batch(count)
  if (kind === 'append') landed(log.append(records))
  // No clear answer: the writer drops what it knows and reads the log; the append may land later all the same.
  if (kind === 'late') inFlight.push(records)
  if (kind === 'unanswered') log.append(records)
  if (kind === 'stray') log.append(records.slice(1))
  if (kind === 'torn') log.append(records.slice(0, -1))
  if (kind === 'twice') {
    landed(log.append(records))
    log.append(records)
  }
  if (kind !== 'append' && kind !== 'twice') writer.catchUp()
}

const summary = ({ header, offset, nextOffset, events }: AcceptedBatch) => ({
  number: header.number,
  owner: header.owner,
  offset,
  nextOffset,
  events: events.map(({ decoded }) =>
    decoded.kind === 'event' ? `${decoded.envelope.sagaId}#${decoded.envelope.seq}` : '?',
  ),
})

describe('the acceptance of batches', () => {
  const seen = { confirmed: 0, void: 0, stray: 0 }

  it('is the same for every reader from any checkpoint, dense, and keeps what was confirmed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const { log, writers } = play(steps)
        const { reader, accepted } = log.readFrom(LOG_START)
        expect(
          accepted.map(({ header }) => header.number),
          'S11',
        ).toEqual(accepted.map((_, i) => i + 1))
        for (const [i, batch] of accepted.entries()) {
          const from = { nextOffset: batch.nextOffset, nextNumber: batch.header.number + 1 }
          expect(log.readFrom(from).accepted.map(summary)).toEqual(accepted.slice(i + 1).map(summary))
          expect(batch.events.length).toBe(batch.header.count)
        }
        const confirmed = writers.flatMap((writer) =>
          writer.confirmed.map((batch) => ({ ...batch, owner: writer.name })),
        )
        for (const { number, offset, owner } of confirmed)
          expect(accepted[number - 1], 'what landed where it had to is accepted').toMatchObject({
            offset,
            header: { number, owner },
          })
        const inBatches = accepted.reduce((sum, { header }) => sum + header.count + 1, 0)
        expect(inBatches).toBeLessThanOrEqual(log.records.length)
        seen.confirmed += confirmed.length
        seen.void += reader.voidBatches
        seen.stray += reader.strayRecords
      }),
      parameters(1_000),
    )
  })

  it('met void batches, stray records and confirmed ones', () => {
    const atLeast = runs(1_000) / 10
    expect(seen.confirmed).toBeGreaterThan(atLeast)
    expect(seen.void).toBeGreaterThan(atLeast)
    expect(seen.stray).toBeGreaterThan(atLeast)
  })
})
