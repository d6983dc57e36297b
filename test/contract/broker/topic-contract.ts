import { expect, test } from 'vitest'
import type { TheBroker } from '../broker-suite.ts'
import { expectCode, fresh, freshTopic } from './support.ts'

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
}
