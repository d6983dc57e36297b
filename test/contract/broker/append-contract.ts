import { expect, test } from 'vitest'
import { type AppendBatch, RECORD_BYTES_MAX } from '../../../shared/ports/broker.ts'
import type { TheBroker } from '../broker-suite.ts'
import { appendTo, baseOf, endOf, fresh, freshTopic, numbered, readAll, record, refusalOf, values } from './support.ts'

export function appendContract(broker: TheBroker): void {
  test('append answers the base offset, and offsets are contiguous', async () => {
    const topic = await freshTopic(broker())
    expect(await appendTo(broker(), [topic, 0], numbered('a', 0, 3))).toBe(0n)
    expect(await appendTo(broker(), [topic, 0], numbered('a', 3, 4))).toBe(3n)
    expect(await appendTo(broker(), [topic, 0], numbered('a', 4, 10))).toBe(4n)
    const all = await readAll(broker(), topic)
    expect(all.map((r) => r.offset)).toEqual(Array.from({ length: 10 }, (_, i) => BigInt(i)))
    expect(values(all)).toEqual(Array.from({ length: 10 }, (_, i) => `a${i}`))
  })

  test('one call appends to several topics and partitions, and answers in the order given', async () => {
    const [a, b] = [await freshTopic(broker(), 3), await freshTopic(broker(), 2)]
    await appendTo(broker(), [a, 2], numbered('before', 0, 5))
    const results = await broker().append([
      { topic: a, partition: 2, records: numbered('a2-', 0, 2) },
      { topic: b, partition: 1, records: numbered('b1-', 0, 1) },
      { topic: a, partition: 0, records: numbered('a0-', 0, 4) },
    ])
    expect(results.map(baseOf)).toEqual([5n, 0n, 0n])
    expect(values(await readAll(broker(), a, 2, 5n))).toEqual(['a2-0', 'a2-1'])
    expect(values(await readAll(broker(), b, 1))).toEqual(['b1-0'])
    expect(values(await readAll(broker(), a, 0))).toEqual(['a0-0', 'a0-1', 'a0-2', 'a0-3'])
  })

  test('appends to one partition are stored in the order of the calls, though none waits for the one before', async () => {
    const topic = await freshTopic(broker())
    const calls = Array.from({ length: 40 }, (_, i) =>
      broker().append([{ topic, partition: 0, records: numbered(`${i}.`, 0, 2) }]),
    )
    const bases = (await Promise.all(calls)).map((results) => baseOf(results[0]))
    expect(bases).toEqual(Array.from({ length: 40 }, (_, i) => BigInt(2 * i)))
    expect(values(await readAll(broker(), topic))).toEqual(
      Array.from({ length: 80 }, (_, i) => `${Math.floor(i / 2)}.${i % 2}`),
    )
  })

  test('two batches of one partition in one call are stored in the order given', async () => {
    const topic = await freshTopic(broker())
    const results = await broker().append([
      { topic, partition: 0, records: numbered('first', 0, 2) },
      { topic, partition: 0, records: numbered('second', 0, 1) },
    ])
    expect(results.map(baseOf)).toEqual([0n, 2n])
  })

  test('append of nothing answers nothing', async () => {
    expect(await broker().append([])).toEqual([])
  })

  test('an unknown topic or partition is refused, and the other batches of the call are appended', async () => {
    const topic = await freshTopic(broker(), 2)
    const to = (name: string, partition: number): AppendBatch => ({ topic: name, partition, records: [record('x')] })
    const results = await broker().append([to(fresh('missing'), 0), to(topic, 1), to(topic, 2), to(topic, -1)])
    expect(refusalOf(results[0]).code).toBe('topic-missing')
    expect(baseOf(results[1])).toBe(0n)
    expect(refusalOf(results[2]).code).toBe('partition-missing')
    expect(refusalOf(results[3]).code).toBe('partition-missing')
  })

  test('a record that is too large is refused, and nothing of its batch is stored', async () => {
    const topic = await freshTopic(broker(), 2)
    const large = record(new Uint8Array(RECORD_BYTES_MAX), { key: 'k' })
    const results = await broker().append([
      { topic, partition: 0, records: [record('small'), large] },
      { topic, partition: 1, records: [record('beside it')] },
    ])
    expect(refusalOf(results[0])).toMatchObject({ code: 'record-too-large', retriable: false })
    expect(baseOf(results[1])).toBe(0n)
    expect(await endOf(broker(), topic, 0)).toBe(0n)
    expect(await appendTo(broker(), [topic, 0], [record('next')])).toBe(0n)
    expect(values(await readAll(broker(), topic, 0))).toEqual(['next'])
  })

  test('key, value and headers count together towards the largest record', async () => {
    const topic = await freshTopic(broker())
    const sized = (bytes: number) =>
      record(new Uint8Array(bytes - 10), { key: 'key', headers: [['name', new Uint8Array(3)]] })
    const [largest] = await broker().append([{ topic, partition: 0, records: [sized(RECORD_BYTES_MAX)] }])
    expect(baseOf(largest)).toBe(0n)
    const [tooLarge] = await broker().append([{ topic, partition: 0, records: [sized(RECORD_BYTES_MAX + 1)] }])
    expect(refusalOf(tooLarge).code).toBe('record-too-large')
    const [read] = await readAll(broker(), topic)
    expect(read?.value?.length).toBe(RECORD_BYTES_MAX - 10)
  })
}
