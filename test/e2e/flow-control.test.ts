/** Limits and breakers over two orchestrators as processes of their own, on a real Kafka, with more asked of them than may go. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import type { AuditReport } from '../../services/auditor/report.ts'
import type { ControlFact } from '../../shared/message/control-record.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { FlowLoad, type Offered, type Window } from '../support/flow-load/flow-load.ts'
import { mostUnderWay, sentTo, steadyRate, tookMs } from '../support/flow-load/measures.ts'
import { FLOW_DEFINITIONS } from '../support/flow-rig.ts'
import { quantile } from '../support/quantile.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const RATE = 200
const CONCURRENCY = 30
const ALL_END_MS = 90_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const ended = (load: FlowLoad, offered: Offered) => load.untilEnded(offered, ALL_END_MS)
const charged = (load: FlowLoad) => load.flow.till.charged.length
const heldIn = ({ history }: Window) => history.filter(({ event }) => event.type === 'step-held').length

/** All that is to be sent waits at once, so that more is wanted than may go, however slow the machine is. */
async function offerAtOnce(load: FlowLoad): Promise<Offered> {
  const waiting = load.offer({ pays: (14 * RATE) / 2, notes: 0, forMs: 2_000 })
  const beside = load.offer({ pays: 0, notes: 30, forMs: 12_000 })
  return { pays: (await waiting).pays, notes: (await beside).notes }
}

/** Each once, though one that stays open is said again from time to time. */
function breakersIn(facts: readonly ControlFact[], kind: ControlFact['kind']) {
  const said = facts.flatMap((fact) => (fact.kind === kind && 'process' in fact ? [fact] : []))
  return [...new Map(said.map((fact) => [`${fact.process} ${fact.since}`, fact])).values()]
}

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
    const window = await ended(load, await offerAtOnce(load))
    const rate = steadyRate(sentTo('till', window.history), { afterMs: 2_500 })
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
    const killedAt = load.fleet.one('orchestrator').signal('SIGKILL')
    const window = await ended(load, await offering)
    // The last answers that it knew of are not in the log: the next one to own them reads them again.
    const underWay = mostUnderWay(
      'till',
      window.history.filter(({ at }) => at < killedAt - 1_000),
    )
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
    const before = (await flow.control()).length
    const told = async (kind: ControlFact['kind']) => breakersIn((await flow.control()).slice(before), kind)
    flow.till.isDown = true
    const offered = await load.offer({ pays: 200, notes: 0, forMs: 2_000 })
    await expect.poll(() => told('breaker-opened'), { timeout: 30_000 }).toHaveLength(2)
    await pause(3_000)
    const backAt = Date.now()
    flow.till.isDown = false
    const { history } = await ended(load, offered)
    const openFrom = Math.max(...(await told('breaker-opened')).map(({ since }) => since))
    const whileOpen = sentTo('till', history).filter((at) => at > openFrom && at < backAt)
    // Two processes, each of which tries at most two calls after 0.5, 1.5, 3.5 and 7.5 s.
    expect(whileOpen.length).toBeLessThanOrEqual(2 * 2 * 4)
    expect(await told('breaker-opened')).toHaveLength(2)
    await expect.poll(() => told('breaker-closed'), { timeout: 10_000 }).toHaveLength(2)
    expect(history.filter(({ event }) => event.type === 'compensation-started')).toEqual([])
    await expectLawful(load)
  })
})
