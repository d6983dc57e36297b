/** As many sagas live as may, and what they wait for is behind the starts of others. */
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../../shared/adapters/system/system-random.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { EventTail } from '../../support/event-tail.ts'
import { NotedLog, NotedMetrics } from '../../support/telemetry-notes.ts'

const go = signal('go', z.json())
const waits = saga('waits', { version: 1, input: z.object({}) })
  .waitFor('go', go)
  .end()
const limits = { ...ORCHESTRATOR_LIMITS, turnInputsMax: 2, liveSagasMax: 3, standstillMs: 20 }
const topics = kasagaTopics('kasaga')
const SAGAS = 12

test('signals that stand behind them are reached all the same, and all sagas end', async () => {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics(topicSpecs('kasaga', { partitions: 1, participantPartitions: 1 }, []))
  const shared = { broker, clock: systemClock, ids: systemIds }
  const client = sagaClient({ ...shared, topics, source: '/test' })
  const ids = Array.from({ length: SAGAS }, (_, i) => `w-${i}`)
  for (const sagaId of ids) await client.start(waits, sagaId, {})
  for (const sagaId of ids) await client.signal(sagaId, { name: 'go', payload: null })
  const log = new NotedLog()
  const parts = { definitions: new Definitions([waits]), topics, prefix: 'kasaga', random: systemRandom, limits, log }
  const orchestrator = new Orchestrator({ ...shared, ...parts, metrics: new NotedMetrics() })
  onTestFinished(() => orchestrator.stop())
  await orchestrator.start()
  const tail = new EventTail(broker, topics.events)
  let ended = 0
  const look = async () => {
    ended += (await tail.readOn()).filter(({ event }) => event.type === 'saga-completed').length
    return ended
  }
  await expect.poll(look, { timeout: 8_000 }).toBe(SAGAS)
  const told = log.lines.map(({ message }) => message)
  expect(told).toContain('as many sagas live as may: commands wait until some have ended')
  await expect.poll(() => log.lines.map(({ message }) => message)).toContain('commands are taken again as they come')
})
