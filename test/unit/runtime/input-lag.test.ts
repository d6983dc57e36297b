import { expect, test } from 'vitest'
import { InputLag } from '../../../services/orchestrator/input-lag.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import type { ConsumedMarks } from '../../../shared/runtime/partition-state.ts'
import { NotedGauges } from '../../support/telemetry-notes.ts'

const topics = kasagaTopics('kasaga')
const record = { key: 'a', value: '{}', headers: [] }

async function world() {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  const made = [topics.commands, topics.replies].map((name) => ({ name, partitions: 2, retention: 'forever' as const }))
  await broker.createTopics(made)
  const commits: (readonly [topic: string, partition: number, next: bigint])[] = []
  const member = await broker.join(
    { group: 'kasaga.orchestrator', topics: made.map(({ name }) => name) },
    { assigned() {}, revoked: async () => {}, records() {}, trouble() {} },
  )
  const noting = {
    async commit(topic: string, partition: number, next: bigint) {
      commits.push([topic, partition, next])
      await member.commit(topic, partition, next)
    },
  }
  const consumed = new Map<number, ConsumedMarks>()
  const metrics = new NotedGauges()
  const lag = new InputLag({
    broker,
    topics,
    metrics,
    member: () => noting,
    consumed: (partition) => consumed.get(partition),
  })
  return { broker, member, commits, consumed, metrics, lag }
}

test('what is not decided yet is told of partitions that are owned here, and kept with the group once', async () => {
  const { broker, member, commits, consumed, metrics, lag } = await world()
  for (const partition of [0, 1])
    await broker.append([{ topic: topics.commands, partition, records: [record, record, record] }])
  consumed.set(0, { commands: 1n, replies: 0n })
  await lag.tell()
  await lag.tell()
  expect(Object.fromEntries(metrics.values)).toEqual({
    'kasaga_input_lag_records commands 0': 2,
    'kasaga_input_lag_records replies 0': 0,
  })
  expect(commits).toEqual([
    [topics.commands, 0, 1n],
    [topics.replies, 0, 0n],
  ])
  consumed.set(0, { commands: 3n, replies: 0n })
  await lag.tell()
  expect(commits).toHaveLength(3)
  expect(await member.committed(topics.commands, 0)).toBe(3n)
  lag.forget(0)
  expect([...metrics.values.values()]).toEqual([0, 0])
})

test('an owner that is past the end that was asked for is not behind', async () => {
  const { consumed, metrics, lag } = await world()
  consumed.set(1, { commands: 5n, replies: 0n })
  await lag.tell()
  expect(metrics.values.get('kasaga_input_lag_records commands 1')).toBe(0)
})
