/** Limits and breakers over two orchestrators as processes of their own, on a real Kafka, with more asked of them than may go. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import type { AuditReport } from '../../services/auditor/report.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { FlowLoad, type Offered, type Window } from '../support/flow-load/flow-load.ts'
import { mostUnderWay, quantile, sentTo, steadyRate, tookMs } from '../support/flow-load/measures.ts'
import { FLOW_DEFINITIONS } from '../support/flow-rig.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const RATE = 200
const CONCURRENCY = 30
const ALL_END_MS = 90_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const ended = (load: FlowLoad, offered: Offered) => load.untilEnded(offered, ALL_END_MS)
const charged = (load: FlowLoad) => load.flow.till.charged.length
const heldIn = ({ history }: Window) => history.filter(({ event }) => event.type === 'step-held').length

/** What the whole log holds, once the newest commands stand in their topics too. */
async function expectLawful({ broker, flow }: FlowLoad): Promise<AuditReport> {
  const look = () => {
    const whole = { definitions: FLOW_DEFINITIONS, commands: true, atRest: { now: Date.now() }, log: noLog }
    return audit({ broker, topics: flow.topics, ...whole })
  }
  await expect.poll(async () => (await look()).violations, { timeout: 10_000, interval: 500 }).toEqual([])
  return look()
}

await describeReal('flow control on Kafka', ['kafka'], ({ kafka }) => {
  let load: FlowLoad
  beforeAll(async () => {
    load = await FlowLoad.open(kafka, 'limits')
  })
  afterAll(() => load?.close())

  test('together they ask a participant just as often as they may, and the others are answered as before', async () => {
    await load.limit({ ratePerSecond: RATE })
    const window = await ended(load, await load.offer({ pays: 1.25 * RATE, notes: 30, forMs: 13_000 }))
    const rate = steadyRate(sentTo('till', window.history))
    const besideP99Ms = quantile(tookMs(window.notes, window.history), 0.99)
    console.info(JSON.stringify({ test: 'rate', limit: RATE, rate, held: heldIn(window), besideP99Ms }))
    expect(rate.overMs).toBeGreaterThan(10_000)
    expect(rate.perSecond).toBeGreaterThan(RATE * 0.95)
    expect(rate.perSecond).toBeLessThan(RATE * 1.05)
    expect(heldIn(window)).toBe(window.pays.size)
    expect(charged(load)).toBe(window.pays.size)
    // They waited for nothing: whoever asks the till waits for seconds.
    expect(besideP99Ms).toBeLessThan(quantile(tookMs(window.pays, window.history), 0.5))
    await expectLawful(load)
  })

  test('one is killed while steps are held: the other has them all, and lets no more calls go than before', async () => {
    const before = charged(load)
    load.flow.till.handlingMs = 150
    await load.limit({ concurrency: CONCURRENCY })
    const offering = load.offer({ pays: 300, notes: 0, forMs: 4_000 })
    await pause(2_500)
    load.fleet.one('orchestrator').signal('SIGKILL')
    const window = await ended(load, await offering)
    const underWay = mostUnderWay('till', window.history)
    console.info(JSON.stringify({ test: 'killed', limit: CONCURRENCY, underWay, held: heldIn(window) }))
    expect(underWay).toBe(CONCURRENCY)
    expect(load.flow.till.mostAtOnce).toBeLessThanOrEqual(CONCURRENCY)
    expect(charged(load) - before).toBe(window.pays.size)
    const { sagas } = await expectLawful(load)
    expect(sagas).toMatchObject({ stuck: 0, running: 0 })
  })

  test('a participant that is down is asked by probes alone; what is held completes when it is back', async () => {
    const { flow } = load
    flow.till.handlingMs = 0
    await load.fleet.start('orchestrator')
    await load.limit({ breaker: { minimumCalls: 10, openMs: 500, probes: 2 } })
    flow.till.isDown = true
    const offered = await load.offer({ pays: 200, notes: 0, forMs: 2_000 })
    const told = async (kind: string) => (await flow.control()).filter((fact) => fact.kind === kind).length
    await expect.poll(() => told('breaker-opened'), { timeout: 30_000 }).toBe(2)
    await pause(500)
    const asked = flow.till.asked
    await pause(3_000)
    // Two processes, each of which tries at most twice at 0.5, 1.5 and 3.5 s.
    expect(flow.till.asked - asked).toBeLessThan(30)
    flow.till.isDown = false
    const { history } = await ended(load, offered)
    expect(await told('breaker-opened')).toBe(2)
    await expect.poll(() => told('breaker-closed'), { timeout: 10_000 }).toBe(2)
    expect(history.filter(({ event }) => event.type === 'compensation-started')).toEqual([])
    await expectLawful(load)
  })
})
