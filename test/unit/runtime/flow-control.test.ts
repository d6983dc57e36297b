/** Limits, breakers and order of admission in whole orchestrators, on a log in memory. */
import { afterEach, expect, test } from 'vitest'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { sentTo } from '../../support/flow-load/measures.ts'
import { type FlowRig, openFlow } from '../../support/flow-rig.ts'
import { NotedLog } from '../../support/telemetry-notes.ts'

const ended: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

async function rig(options: Parameters<typeof openFlow>[1] = {}): Promise<FlowRig> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  ended.push(() => broker.close())
  const flow = await openFlow(broker, options)
  ended.push(() => flow.close())
  return flow
}

const done = (flow: FlowRig, count: number, timeout = 8_000) =>
  expect.poll(() => flow.completed(), { timeout, interval: 50 }).toBe(count)
const count = (history: readonly EventEnvelope[], type: string) =>
  history.filter(({ event }) => event.type === type).length

const OPEN_MS = 400
/** An event has the time at which its turn began, and a busy machine may let that one wait. */
const TURN_MS_MAX = 200

/** How long after its breaker opened each call went that went while it was down. */
async function probesOf(flow: FlowRig): Promise<readonly number[]> {
  const opened = (await flow.control()).find((fact) => fact.kind === 'breaker-opened')
  const since = opened?.kind === 'breaker-opened' ? opened.since : Number.POSITIVE_INFINITY
  return sentTo('till', await flow.history())
    .filter((at) => at > since)
    .map((at) => at - since)
}

test('no more calls are under way than a person has set, of all and of each key', async () => {
  const flow = await rig()
  await flow.limit('till', { concurrency: 4, perKey: { concurrency: 2 } })
  flow.till.handlingMs = 10
  await flow.orchestrator()
  await flow.pay(60)
  await done(flow, 60)
  expect(flow.till.mostAtOnce).toBeLessThanOrEqual(4)
  expect(flow.till.mostOfTenant).toBeLessThanOrEqual(2)
  expect(flow.till.mostAtOnce).toBeGreaterThan(1)
  const history = await flow.history()
  expect(count(history, 'step-held')).toBe(60)
  expect(flow.till.charged).toHaveLength(60)
})

test('limits hold as soon as they are set, and go as soon as they are taken away', async () => {
  const flow = await rig()
  await flow.orchestrator()
  await flow.pay(5)
  await done(flow, 5)
  expect(count(await flow.history(), 'step-held')).toBe(0)
  await flow.limit('till', { ratePerSecond: 0.001 })
  await flow.pay(10, { from: 5 })
  await expect.poll(async () => count(await flow.history(), 'step-held')).toBe(10)
  // A bucket begins with one token.
  await done(flow, 6)
  await flow.limit('till', null)
  await done(flow, 15)
})

test('a participant that is down costs an incident and no step: what waits is held, and goes on when it is back', async () => {
  const flow = await rig()
  const log = new NotedLog()
  await flow.limit('till', { breaker: { minimumCalls: 10, openMs: OPEN_MS, probes: 2 } })
  await flow.orchestrator(log)
  flow.till.isDown = true
  await flow.pay(100)
  await expect.poll(async () => count(await flow.history(), 'step-held'), { timeout: 5_000 }).toBeGreaterThan(50)
  await expect.poll(async () => (await probesOf(flow)).length, { timeout: 5_000 }).toBeGreaterThanOrEqual(4)
  // Each time that it tries again it sends no more than its probes; those that are not answered in that time, once more.
  const waited = await probesOf(flow)
  for (const [i, ms] of waited.entries())
    expect(ms).toBeGreaterThanOrEqual(OPEN_MS * (Math.floor(i / 2) + 1) - TURN_MS_MAX)
  flow.till.isDown = false
  await done(flow, 100)
  const opened = log.lines.filter(({ message }) => message.startsWith('a breaker opened'))
  expect(opened).toHaveLength(1)
  const facts = (await flow.control()).map(({ kind }) => kind)
  expect(facts).toEqual(['limits-set', 'breaker-opened', 'breaker-closed'])
  const history = await flow.history()
  expect(count(history, 'compensation-started')).toBe(0)
  expect(flow.till.charged).toHaveLength(100)
})

test('whoever takes the partitions over has the same steps waiting', async () => {
  const flow = await rig()
  await flow.limit('till', { concurrency: 1 })
  flow.till.handlingMs = 5
  const first = await flow.orchestrator()
  await flow.pay(40)
  await expect.poll(() => flow.till.charged.length).toBeGreaterThan(3)
  await flow.end(first)
  const before = flow.till.charged.length
  expect(before).toBeLessThan(35)
  await flow.orchestrator()
  await done(flow, 40)
  expect(new Set(flow.till.charged.map(({ id }) => id)).size).toBe(40)
  // Two orchestrators, each of which lets one call go at a time, one after the other.
  expect(flow.till.mostAtOnce).toBeLessThanOrEqual(2)
})

test('without the control topic sagas run, and nothing is limited', async () => {
  const flow = await rig({ withControl: false })
  const log = new NotedLog()
  await flow.orchestrator(log)
  await flow.pay(10)
  await done(flow, 10)
  const told = log.lines.filter(({ message }) => message.startsWith('the control topic cannot be read'))
  expect(told).toHaveLength(1)
}, 15_000)
