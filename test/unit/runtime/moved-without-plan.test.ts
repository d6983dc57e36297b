/** Sagas whose plan is gone from the process that owns them: they wait, nothing is lost of them, and they can be moved. */
import { afterEach, expect, test } from 'vitest'
import { audit } from '../../../services/auditor/audit.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { definitions as released } from '../../support/flow-load/next-version.ts'
import { FLOW_DEFINITIONS, openFlow } from '../../support/flow-rig.ts'
import { NotedLog } from '../../support/telemetry-notes.ts'

const SAGAS = 12
const ended: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

const only = <Type extends SagaEvent['type']>(type: Type, history: readonly EventEnvelope[]) =>
  history.filter(({ event }) => event.type === type)

test('held and sent steps of a version that is gone are moved, and go on under the names of the next', async () => {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  ended.push(() => broker.close())
  const flow = await openFlow(broker)
  ended.push(() => flow.close())
  await flow.limit('till', { concurrency: 1 })
  // What is sent is not answered before its saga has been moved: the answer names the step as it was.
  flow.till.handlingMs = 1_500
  const before = await flow.orchestrator()
  await flow.pay(SAGAS)
  const held = async () => only('step-held', await flow.history()).length
  await expect.poll(held).toBe(SAGAS)
  await expect.poll(() => flow.till.asked).toBeGreaterThan(0)
  await flow.end(before)

  const log = new NotedLog()
  const after = await flow.orchestrator(log, broker, released)
  await expect.poll(() => after.load.liveSagas).toBe(SAGAS)
  expect(log.lines.some(({ level, message }) => level !== 'info' && /definition/.test(message))).toBe(true)
  await flow.limit('till', null)
  const ids = Array.from({ length: SAGAS }, (_, i) => `pay-${i}`)
  for (const id of ids) await flow.client.migrate(id, { toVersion: 2, actor: 'ann', reason: 'v1 is withdrawn' })
  await expect.poll(() => flow.completed(), { timeout: 10_000 }).toBe(SAGAS)

  const history = await flow.history()
  expect(only('saga-migrated', history)).toHaveLength(SAGAS)
  expect(only('compensation-started', history)).toEqual([])
  const steps = new Set(only('step-succeeded', history).map(({ event }) => 'step' in event && event.step))
  expect([...steps].toSorted()).toEqual(['settle', 'take', 'thank'])
  expect(new Set(flow.till.charged.map(({ id }) => id))).toEqual(new Set(ids))
  expect(flow.till.charged).toHaveLength(SAGAS)
  const definitions = new Definitions([...FLOW_DEFINITIONS.all, ...released.all.filter(({ version }) => version > 1)])
  const atRest = { now: Date.now() }
  const report = await audit({ broker, topics: flow.topics, definitions, commands: true, atRest, log: noLog })
  expect(report.violations).toEqual([])
})
