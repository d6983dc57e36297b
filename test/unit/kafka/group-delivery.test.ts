import { expect, onTestFinished, test } from 'vitest'
import type { FetchAnswer } from '../../../shared/adapters/kafka/fetch-request.ts'
import { GroupDelivery } from '../../../shared/adapters/kafka/group-delivery.ts'
import { encodeRecordBatch } from '../../../shared/adapters/kafka/record-batch-encoder.ts'
import type { OperationalError } from '../../../shared/message/errors.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { type Asked, fakeKafka } from '../../support/fake-kafka.ts'

const FROM_AT = 32

/** A partition that holds one record at every offset from 0 to `end` - 1, answered three at a time. */
function delivering(options: { end: bigint; answerMs?: number; errorCode?: (from: bigint) => number }) {
  const got: bigint[] = []
  const troubles: OperationalError[] = []
  const hooks: { onRecords?: () => void; onAsked?: (from: bigint) => void } = {}
  const { link, state } = fakeKafka(1, async (asked: readonly Asked[], body) => {
    // One topic with a name of one letter and one partition: the offset asked for is always here.
    const from = body.readBigInt64BE(FROM_AT)
    hooks.onAsked?.(from)
    await new Promise((resolve) => setTimeout(resolve, options.answerMs ?? 1))
    return asked.map((part) => answer(part, from, options))
  })
  const listener = {
    assigned() {},
    revoked: async () => {},
    records(_topic: string, _partition: number, records: readonly { offset: bigint }[]) {
      got.push(...records.map((record) => record.offset))
      hooks.onRecords?.()
    },
    trouble: (error: OperationalError) => void troubles.push(error),
  }
  const delivery = new GroupDelivery(link, listener, noLog)
  onTestFinished(() => delivery.close())
  return { delivery, got, troubles, hooks, state }
}

function answer(
  part: Asked,
  from: bigint,
  options: { end: bigint; errorCode?: (from: bigint) => number },
): FetchAnswer {
  const errorCode = options.errorCode?.(from) ?? 0
  const count = errorCode === 0 ? Math.min(3, Math.max(0, Number(options.end - from))) : 0
  const bytes = count === 0 ? Buffer.alloc(0) : batchAt(from, count)
  return { ...part, errorCode, settledEnd: options.end, aborted: [], bytes }
}

function batchAt(from: bigint, count: number): Buffer {
  const bytes = encodeRecordBatch(
    Array.from({ length: count }, () => ({ key: null, value: '', headers: [] })),
    0,
  )
  bytes.writeBigInt64BE(from, 0)
  return bytes
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))

test('nothing is asked for before a partition is held and opened', async () => {
  const { delivery, state } = delivering({ end: 5n })
  delivery.open('t', 0, 0n)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(state.requests).toBe(0)
})

test('records come once each, in order', async () => {
  const { delivery, got } = delivering({ end: 10n })
  delivery.hold(0)
  delivery.open('t', 0, 2n)
  await expect.poll(() => got).toEqual(range(2, 10))
})

test('an answer that was on its way when the partition was opened elsewhere is thrown away', async () => {
  const { delivery, got, hooks } = delivering({ end: 10n, answerMs: 20 })
  delivery.hold(0)
  const asked: bigint[] = []
  hooks.onAsked = (from) => {
    asked.push(from)
    if (asked.length === 1) delivery.open('t', 0, 7n)
  }
  delivery.open('t', 0, 0n)
  await expect.poll(() => got).toEqual(range(7, 10))
  expect(asked.slice(0, 2)).toEqual([0n, 7n])
})

test('a pause inside a delivery holds the rest, and resume goes on from there', async () => {
  const { delivery, got, hooks } = delivering({ end: 9n })
  delivery.hold(0)
  hooks.onRecords = () => delivery.pause('t', 0)
  delivery.open('t', 0, 0n)
  await expect.poll(() => got).toEqual(range(0, 3))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(got).toEqual(range(0, 3))
  delivery.resume('t', 0)
  await expect.poll(() => got).toEqual(range(0, 6))
})

test('a partition that was dropped while its answer was on its way is silent', async () => {
  const { delivery, got, hooks, state } = delivering({ end: 9n, answerMs: 20 })
  delivery.hold(0)
  hooks.onAsked = () => delivery.drop(0)
  delivery.open('t', 0, 0n)
  await expect.poll(() => state.requests).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 40))
  expect(got).toEqual([])
})

test('an offset out of range stops the partition with trouble, until it is opened again', async () => {
  const { delivery, got, troubles, state } = delivering({ end: 5n, errorCode: (from) => (from > 5n ? 1 : 0) })
  delivery.hold(0)
  delivery.open('t', 0, 50n)
  await expect.poll(() => troubles.map(({ code }) => code)).toEqual(['offset-out-of-range'])
  const { requests } = state
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(state.requests).toBe(requests)
  delivery.open('t', 0, 3n)
  await expect.poll(() => got).toEqual([3n, 4n])
  expect(troubles).toHaveLength(1)
})

test('a leader that moved is looked for, and delivery goes on without a gap', async () => {
  let failures = 2
  const { delivery, got, troubles, state } = delivering({
    end: 6n,
    errorCode: (from) => (from === 3n && failures-- > 0 ? 6 : 0),
  })
  delivery.hold(0)
  delivery.open('t', 0, 0n)
  await expect.poll(() => got, { timeout: 3_000 }).toEqual(range(0, 6))
  expect(state.refreshes).toBeGreaterThan(0)
  expect(troubles).toEqual([])
})
