import { expect, test } from 'vitest'
import type { TheBroker } from '../broker-suite.ts'
import { appendTo, expectCode, fresh, freshTopic, readAll, record, textOf } from './support.ts'

export function topicContract(broker: TheBroker): void {
  test('topics are created with their partitions, and creating them again changes nothing', async () => {
    const [a, b] = [fresh('a'), fresh('b')]
    await broker().createTopics([{ name: a, partitions: 3, retention: 'forever' }])
    await broker().createTopics([
      { name: a, partitions: 3, retention: 'forever' },
      { name: b, partitions: 2, retention: { days: 7 } },
    ])
    expect(await broker().partitions(a)).toBe(3)
    expect(await broker().partitions(b)).toBe(2)
  })

  test('a topic that exists with another number of partitions is a mismatch, and keeps its number', async () => {
    const topic = await freshTopic(broker(), 2)
    await expectCode(broker().createTopics([{ name: topic, partitions: 5, retention: 'forever' }]), 'topic-mismatch')
    const [described] = await broker().describeTopics([topic])
    expect(described).toEqual({ name: topic, partitions: 2 })
  })

  test('describeTopics answers those of the named topics that exist', async () => {
    const [a, b] = [await freshTopic(broker(), 1), await freshTopic(broker(), 4)]
    const found = await broker().describeTopics([a, fresh('missing'), b])
    expect([...found].sort((x, y) => x.partitions - y.partitions)).toEqual([
      { name: a, partitions: 1 },
      { name: b, partitions: 4 },
    ])
    expect(await broker().describeTopics([fresh('missing')])).toEqual([])
  })

  test('partitions and offsets of a missing topic throw topic-missing', async () => {
    await expectCode(broker().partitions(fresh('missing')), 'topic-missing')
    await expectCode(broker().offsets(fresh('missing')), 'topic-missing')
  })

  test('a compacted topic has the newest record of each key at its offset, and its offsets stay in order', async () => {
    const topic = fresh('compacted')
    await broker().createTopics([{ name: topic, partitions: 1, retention: 'compacted' }])
    const put = (key: string, value: string | null) => record(value, { key })
    await appendTo(broker(), [topic, 0], [put('a', 'a1'), put('b', 'b1')])
    await appendTo(broker(), [topic, 0], [put('a', 'a2'), put('c', 'c1'), put('a', 'a3')])
    await appendTo(broker(), [topic, 0], [put('b', null)])
    const newest = { a: ['4', 'a3'], c: ['3', 'c1'], b: ['5', undefined] }
    for (const from of [0n, 1n, 2n, 3n]) {
      const read = await readAll(broker(), topic, 0, from)
      expect(Object.fromEntries(read.map((r) => [textOf(r.key), [String(r.offset), textOf(r.value)]]))).toEqual(newest)
      expect(read.map(({ offset }) => offset)).toEqual(
        read.map(({ offset }) => offset).toSorted((a, b) => Number(a - b)),
      )
    }
    expect((await readAll(broker(), topic, 0, 5n)).map((r) => textOf(r.key))).toEqual(['b'])
    expect(await readAll(broker(), topic, 0, 6n)).toEqual([])
    expect(await broker().offsets(topic)).toEqual([{ partition: 0, start: 0n, end: 6n }])
    expect(await appendTo(broker(), [topic, 0], [put('d', 'd1')])).toBe(6n)
  })
}
