/** What waits between the parts, from the ends of topics and the checkpoint of the views. */
import { expect, test } from 'vitest'
import type { Parts } from '../../services/gateway/app.ts'
import { lagOf } from '../../services/gateway/lag.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { Clock } from '../../shared/ports/clock.ts'
import type { ViewCheckpoint } from '../../shared/ports/view-store.ts'

const topics = kasagaTopics('kasaga')
const none = { projection: 'sagas', version: 1, nextNumber: 1, nextOffset: 0n, commands: 0n, replies: 0n, at: 0 }

test('counts what is behind the marks of each partition, and since when the oldest waits', async () => {
  let now = 1_000
  const clock: Clock = { ...systemClock, now: () => now }
  const broker = new MemoryLog({ clock }).connect()
  const names = [topics.commands, topics.replies, topics.events]
  await broker.createTopics(names.map((name) => ({ name, partitions: 2, retention: 'forever' as const })))
  const append = (topic: string, partition: number) =>
    broker.append([{ topic, partition, records: [{ key: null, value: 'x', headers: [] }] }])
  for (let i = 0; i < 3; i++) {
    await append(topics.commands, 0)
    await append(topics.events, 1)
    now += 1_000
  }
  const checkpoints: ViewCheckpoint[] = [
    { ...none, partition: 0, commands: 1n },
    { ...none, partition: 1, nextOffset: 3n },
    // Another view says nothing of the parts.
    { ...none, projection: 'orders', partition: 0, commands: 3n },
  ]
  const reads = { checkpoints: async () => checkpoints } as Partial<Parts['reads']> as Parts['reads']
  const { stages, at } = await lagOf({ broker, topics, reads, clock })
  expect(Date.parse(at)).toBe(4_000)
  const nothing = { records: 0, oldestAt: null }
  expect(stages).toEqual([
    { stage: 'commands', partition: 0, records: 2, oldestAt: new Date(2_000).toISOString() },
    { stage: 'commands', partition: 1, ...nothing },
    { stage: 'replies', partition: 0, ...nothing },
    { stage: 'replies', partition: 1, ...nothing },
    { stage: 'views', partition: 0, ...nothing },
    { stage: 'views', partition: 1, ...nothing },
  ])
  await broker.close()
})
