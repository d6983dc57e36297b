/** What waits on its way into the views is counted by events and by bytes, and taken up to both. */
import { expect, test } from 'vitest'
import { PartitionFeed } from '../../services/projector/partition-feed.ts'
import { batchRecord } from '../../shared/message/batch.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { delivered } from '../support/wire.ts'

const SMALL = 100
const LARGE = 100_000

/** A batch of the log that says so much. */
function batchOf(number: number, events: readonly string[]): NewRecord[] {
  const inputs = { applied: 0, deadLettered: 0, ignored: {} }
  const marks = { commands: 0n, replies: 0n, sentThrough: 0 }
  const header = { number, owner: 'o', count: events.length, ...marks, inputs }
  const told = events.map((payload, i) =>
    eventRecord(
      {
        sagaId: sagaId(`s-${number}`),
        seq: i + 1,
        at: 0,
        causationId: 'c',
        event: { type: 'signal-received', name: 'n', payload, requestId: 'r' },
      },
      '/test',
    ),
  )
  return [batchRecord(header, 0, '/test'), ...told]
}

function feedOf(...batches: readonly NewRecord[][]): PartitionFeed {
  const feed = new PartitionFeed(0)
  feed.open([])
  const records: LogRecord[] = batches.flat().map((record, i) => delivered(record, BigInt(i)))
  feed.read(records)
  return feed
}

const text = (chars: number) => 'x'.repeat(chars)
const numbers = (taken: ReturnType<PartitionFeed['take']>) => taken.map(({ batch }) => batch.header.number)

test('batches are taken up to so many bytes, and one in any case', () => {
  const feed = feedOf(batchOf(1, [text(LARGE)]), batchOf(2, [text(LARGE)]), batchOf(3, [text(SMALL)]))
  expect(feed.bufferedBytes).toBeGreaterThan(2 * LARGE)
  expect(numbers(feed.take(1_000, LARGE / 2))).toEqual([1])
  expect(numbers(feed.take(1_000, 2 * LARGE))).toEqual([2, 3])
  expect([feed.bufferedBytes, feed.bufferedEvents]).toEqual([0, 0])
})

test('what a void batch has is not counted', () => {
  const feed = feedOf(batchOf(1, [text(SMALL)]), batchOf(9, [text(LARGE)]), batchOf(2, [text(SMALL)]))
  expect(feed.bufferedBytes).toBeLessThan(LARGE)
  expect(numbers(feed.take(1_000, LARGE))).toEqual([1, 2])
})

test('a batch that was cut short is not counted with the next', () => {
  const feed = feedOf(batchOf(1, [text(LARGE), text(LARGE)]).slice(0, 2), batchOf(1, [text(SMALL)]))
  expect(feed.bufferedBytes).toBeLessThan(2 * LARGE)
  expect(numbers(feed.take(1_000, LARGE))).toEqual([1])
})

test('closing forgets what waited', () => {
  const feed = feedOf(batchOf(1, [text(LARGE)]))
  feed.close()
  expect([feed.bufferedBytes, feed.isEmpty]).toEqual([0, true])
})
