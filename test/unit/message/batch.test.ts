import { describe, expect, it } from 'vitest'
import { type BatchHeader, BatchReader, batchRecord, decodeBatchHeader } from '../../../shared/message/batch.ts'
import { eventRecord } from '../../../shared/message/event-record.ts'
import { H } from '../../../shared/message/headers.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import { done, started } from '../../support/fulfil-events.ts'
import { historyOf } from '../../support/given-when-then.ts'
import { bytesOf, delivered, withHeader } from '../../support/wire.ts'

const events = historyOf([started, ...done('stock')]).map((envelope) => eventRecord(envelope, 'kasaga'))

function header(number: number, count: number, owner = 'a'): BatchHeader {
  const inputs = { applied: count, deadLettered: 0, ignored: { 'old-attempt': 1 } }
  const marks = { commands: 5n, replies: 9_007_199_254_740_993n, sentThrough: number - 1 }
  return { format: 1, number, owner, count, ...marks, inputs }
}

/** A batch of so many events. */
function batch(number: number, count: number, owner?: string): NewRecord[] {
  return [batchRecord(header(number, count, owner), 1_000, 'kasaga'), ...events.slice(0, count)]
}

function log(...batches: readonly (readonly NewRecord[])[]): LogRecord[] {
  return batches.flat().map((record, i) => delivered(record, BigInt(i)))
}

function read(records: readonly LogRecord[], reader = new BatchReader()) {
  const accepted = records.map((record) => reader.read(record)).filter((batch) => batch !== undefined)
  return {
    reader,
    accepted,
    taken: accepted.map((one) => `${one.header.owner}${one.header.number}:${one.events.length}`),
  }
}

describe('a batch’s header', () => {
  const record = delivered(batchRecord(header(3, 2), 1_000, 'kasaga'))
  it('is read as it was written, offsets past 2^53 too', () => expect(decodeBatchHeader(record)).toEqual(header(3, 2)))
  it('has no key', () => expect(record.key).toBeNull())
  it.each([
    ['of another type', withHeader(record, H.type, 'kasaga.saga-started.v1')],
    ['without a value', { ...record, value: null }],
    ['that is no JSON', { ...record, value: bytesOf('{') }],
    ['that is null', { ...record, value: bytesOf('null') }],
    ['without a number', { ...record, value: bytesOf('{"count":1}') }],
    ...(['number', 'count', 'sentThrough', 'owner', 'commands', 'inputs'] as const).map(
      (field) => [`with a wrong ${field}`, changed(record, { [field]: -1 })] as const,
    ),
    ['with inputs that are not counted', changed(record, { inputs: { applied: 1, deadLettered: 0, ignored: null } })],
  ] as const)('%s is none', (_, bad) => expect(decodeBatchHeader(bad)).toBeUndefined())
})

function changed(record: LogRecord, change: object): LogRecord {
  const value = JSON.parse(new TextDecoder().decode(record.value ?? new Uint8Array()))
  return { ...record, value: bytesOf(JSON.stringify({ ...value, ...change })) }
}

describe('a reader', () => {
  it('takes batches in the order of their numbers, empty ones too', () => {
    const { taken, accepted, reader } = read(log(batch(1, 0), batch(2, 3), batch(3, 1)))
    expect(taken).toEqual(['a1:0', 'a2:3', 'a3:1'])
    expect(accepted.map(({ offset, nextOffset }) => [offset, nextOffset])).toEqual([
      [0n, 1n],
      [1n, 5n],
      [5n, 7n],
    ])
    expect([reader.voidBatches, reader.strayRecords, reader.nextNumber]).toEqual([0, 0, 4])
  })
  it('lets the first of two at one number win', () => {
    const { taken, reader } = read(log(batch(1, 2, 'a'), batch(1, 3, 'b'), batch(2, 1, 'a')))
    expect(taken).toEqual(['a1:2', 'a2:1'])
    expect(reader.voidBatches).toBe(1)
  })
  it('takes a repeated append once', () =>
    expect(read(log(batch(1, 2), batch(1, 2), batch(2, 0))).taken).toEqual(['a1:2', 'a2:0']))
  it('leaves a number ahead of its turn', () =>
    expect(read(log(batch(2, 1), batch(1, 1), batch(3, 1))).taken).toEqual(['a1:1']))
  it('leaves a batch that was cut short, and takes its number again', () => {
    const { taken, reader } = read(log(batch(1, 3).slice(0, -1), batch(1, 1, 'b'), batch(2, 3).slice(0, 2)))
    expect(taken).toEqual(['b1:1'])
    expect(reader.voidBatches).toBe(1)
  })
  it('leaves a batch with a gap in its offsets', () => {
    const [head, first, second] = log(batch(1, 2))
    if (!head || !first || !second) throw new Error('three records')
    const { taken, reader } = read([head, first, { ...second, offset: 9n }])
    expect([taken, reader.voidBatches, reader.strayRecords]).toEqual([[], 1, 1])
  })
  it('counts records that belong to no batch', () => {
    const { taken, reader } = read(log(events, batch(1, 1), events.slice(0, 2), batch(2, 1)))
    expect([taken, reader.strayRecords]).toEqual([['a1:1', 'a2:1'], 5])
  })
  it('gives out what it cannot read of an accepted batch, so that one saga stops and no more', () => {
    const unknown = {
      ...events[1],
      headers: [
        [H.sagaId, 'order-1'],
        [H.type, 'kasaga.saga-dreamt.v1'],
      ],
    } as NewRecord
    const [head] = batch(1, 2)
    const { accepted } = read(log([head as NewRecord, events[0] as NewRecord, unknown]))
    expect(accepted[0]?.events.map(({ decoded }) => decoded.kind)).toEqual(['event', 'unreadable'])
  })
  it('goes on from a checkpoint as if it had read all', () => {
    const records = log(batch(1, 2), batch(1, 1, 'b'), batch(2, 1), batch(3, 0))
    const first = read(records).accepted[0]
    const reader = new BatchReader({ nextOffset: first?.nextOffset ?? 0n, nextNumber: 2 })
    expect(read(records.slice(Number(first?.nextOffset)), reader).taken).toEqual(['a2:1', 'a3:0'])
  })
})
