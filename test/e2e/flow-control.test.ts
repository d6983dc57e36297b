/** Limits and breakers over several processes, on a real Kafka: what is let go, and what whoever is not limited feels of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { type FlowRig, historyOf, openFlow } from '../support/flow-rig.ts'
import { Fleet } from '../support/kafka-home/fleet.ts'
import { type Installation, openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const RATE = 60
const ORDERS = 900
const PUBLISHED_MS = 8_000
const ALL_END_MS = 90_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const ENDS: ReadonlySet<string> = new Set(['saga-completed', 'saga-compensated'])
const ended = (history: readonly EventEnvelope[]) => history.filter(({ event }) => ENDS.has(event.type)).length

/** When commands were sent to a participant, in order. */
function sentTo(participant: string, history: readonly EventEnvelope[]): number[] {
  return history
    .flatMap(({ event, at }) => {
      const isSent = event.type === 'step-requested' || event.type === 'compensation-requested'
      return isSent && event.participant === participant ? [at] : []
    })
    .sort((a, b) => a - b)
}

/** How long the answers to a step took, the slowest hundredth apart. */
function p99(step: string, history: readonly EventEnvelope[]): number {
  const asked = new Map<string, number>()
  const took: number[] = []
  for (const { sagaId, event, at } of history) {
    if (event.type === 'step-requested' && event.step === step) asked.set(sagaId, at)
    if ((event.type === 'step-succeeded' || event.type === 'step-rejected') && event.step === step)
      took.push(at - (asked.get(sagaId) ?? at))
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0
}

await describeReal('flow control on Kafka and Postgres', ['kafka', 'postgres'], (servers) => {
  describe('two orchestrators as processes of their own', () => {
    let installation: Installation & { close(): Promise<void> }
    let fleet: Fleet
    let shop: Shop

    beforeAll(async () => {
      installation = await openInstallation(servers, 'limits')
      fleet = new Fleet(installation)
      shop = await Shop.open(installation)
      await fleet.start('orchestrator', 'orchestrator', 'inventory', 'payment', 'shipping', 'projector')
    })
    afterAll(async () => {
      await fleet?.end()
      await shop?.close()
      await installation?.close()
    })

    const history = () => historyOf(shop.home.broker, shop.topics.events)
    const allEnd = (count: number) =>
      expect.poll(async () => ended(await history()), { timeout: ALL_END_MS, interval: 1_000 }).toBe(count)
    async function limit(limits: Parameters<typeof shop.client.limit>[1]): Promise<void> {
      await shop.client.limit('payment', limits, { actor: 'ada', reason: 'a test' })
      await pause(1_500)
    }

    test('together they ask a participant just as often as they may, and the others are answered as before', async () => {
      await shop.publish(ORDERS, PUBLISHED_MS)
      await allEnd(ORDERS)
      const before = await history()

      await limit({ ratePerSecond: RATE })
      await shop.publish(ORDERS, PUBLISHED_MS)
      await allEnd(2 * ORDERS)
      const known = new Set(before.map(({ sagaId }) => sagaId))
      const after = (await history()).filter(({ sagaId }) => !known.has(sagaId))

      const sent = sentTo('payment', after)
      const [first = 0, last = 0] = [sent[0], sent.at(-1)]
      // From when more is wanted than may go until the last that waited goes.
      const [from, to] = [first + 2_000, last - 1_500]
      const rate = (sent.filter((at) => at >= from && at < to).length * 1_000) / (to - from)
      const held = after.filter(({ event }) => event.type.endsWith('-held')).length
      const waited = { free: p99('stock', before), beside: p99('stock', after) }
      console.info(JSON.stringify({ test: 'rate', limit: RATE, rate, overMs: to - from, held, stockP99Ms: waited }))
      expect(to - from).toBeGreaterThan(8_000)
      expect(held).toBe(sent.length)
      expect(rate).toBeGreaterThan(RATE * 0.95)
      expect(rate).toBeLessThan(RATE * 1.05)
      expect(waited.beside).toBeLessThan(Math.max(3_000, 5 * waited.free))
      const report = await shop.audit()
      expect(report.violations).toEqual([])
    })

    test('one that is killed while steps are held leaves them to the other, which loses none and sends none twice', async () => {
      const before = ended(await history())
      await limit({ ratePerSecond: 30 })
      await shop.publish(300, 1_000)
      await pause(3_000)
      fleet.one('orchestrator').signal('SIGKILL')
      await allEnd(before + 300)
      await shop.allEnd(ALL_END_MS)
      const report = await shop.audit()
      expect(report.violations).toEqual([])
      expect(report.sagas).toMatchObject({ stuck: 0, running: 0 })
      await limit(null)
    })
  })

  test('a participant that is down in two orchestrators: held, not failed; back again, all of it completes', async () => {
    const [one, two] = [await openTestKafka(servers.kafka), await openTestKafka(servers.kafka)]
    const flow: FlowRig = await openFlow(one, { prefix: 'breakers', partitions: 6 })
    try {
      await flow.limit('till', { breaker: { minimumCalls: 10, openMs: 500, probes: 2 } })
      await flow.orchestrator()
      await flow.orchestrator(undefined, two)
      flow.till.isDown = true
      await flow.pay(300, { from: Date.now() })
      const opened = async () => (await flow.control()).filter(({ kind }) => kind === 'breaker-opened').length
      await expect.poll(opened, { timeout: 30_000 }).toBe(2)
      const asked = flow.till.asked
      await pause(3_000)
      // Two processes, each of which tries at most twice at 0.5, 1.5 and 3.5 s.
      expect(flow.till.asked - asked).toBeLessThan(30)
      flow.till.isDown = false
      await expect.poll(() => flow.completed(), { timeout: 60_000, interval: 500 }).toBe(300)
      const facts = (await flow.control()).map(({ kind }) => kind).toSorted()
      expect(facts).toEqual(['breaker-closed', 'breaker-closed', 'breaker-opened', 'breaker-opened', 'limits-set'])
      const history = await flow.history()
      expect(history.filter(({ event }) => event.type === 'compensation-started')).toEqual([])
    } finally {
      await flow.close()
      await one.close()
      await two.close()
    }
  })
})
