/** A real schema registry goes away in the middle of sagas on real Kafka, with processes that have to ask it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registryFrom } from '../../services/kafka/registry-settings.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { contractsOf } from '../../shared/contracts/wire-contracts.ts'
import { Fleet, type ServiceProcess } from '../support/kafka-home/fleet.ts'
import { type Installation, openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeOwnRegistry } from '../support/real-servers/describe-own-registry.ts'

const ALL_END_MS = 90_000
const READY_WITHIN_MS = 30_000
const WAITS = 'the schema registry does not give what is needed; what needs it waits'
const OVER = 'the schema registry gives again what is needed'
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function readiness(service: ServiceProcess): Promise<number> {
  const { port } = await service.said('health and metrics answer', 5_000)
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).status
}

/** How many values of a topic are framed, and how many are plain. */
async function forms(kafka: string, topic: string): Promise<{ framed: number; plain: number }> {
  const broker = await openTestKafka(kafka)
  const found = { framed: 0, plain: 0 }
  try {
    for (const { partition, start } of await broker.offsets(topic))
      for await (const records of broker.read(topic, partition, start))
        for (const { value } of records) found[value?.[0] === 0 ? 'framed' : 'plain']++
    return found
  } finally {
    await broker.close()
  }
}

await describeOwnRegistry('a schema registry that goes away', (servers) => {
  const { registry } = servers
  let installation: Installation & { close(): Promise<void> }
  let fleet: Fleet
  let shop: Shop

  beforeAll(async () => {
    const env = { KASAGA_REGISTRY_URL: registry.address, KASAGA_PORT: '0' }
    installation = { ...(await openInstallation(servers, 'outage')), env }
    fleet = new Fleet(installation)
    const choice = registryFrom(env)
    shop = await Shop.open(installation, choice && { ...choice, contracts: contractsOf(definitions), prefix: 'outage' })
    await fleet.start('orchestrator', 'inventory', 'payment', 'projector')
    // One that reads what the others write, and writes plain JSON: as while it is being turned on.
    await fleet.startWith('shipping', { KASAGA_REGISTRY_WRITE: '0' })
  })
  afterAll(async () => {
    await fleet?.end()
    await shop?.close()
    await installation?.close()
  })

  test('what needs it waits, readiness says so, and when it is back every saga ends without a dead letter', async () => {
    const published = shop.publish(600, 12_000)
    await pause(2_000)
    await registry.kill()
    // What they knew is gone with them: the new ones have to ask.
    await fleet.one('payment').end('SIGKILL')
    await fleet.one('orchestrator').end('SIGKILL')
    const [payment, orchestrator] = await fleet.start('payment', 'orchestrator')
    if (!payment || !orchestrator) throw new Error('two were started')
    expect([await readiness(payment), await readiness(orchestrator)]).toEqual([503, 503])
    await published
    await pause(3_000)
    await registry.startAgain()
    for (const service of [payment, orchestrator])
      await expect.poll(() => readiness(service), { timeout: READY_WITHIN_MS }).toBe(200)
    const ends = await shop.allEnd(ALL_END_MS)
    const report = await shop.audit()
    expect(report.violations).toEqual([])
    expect(report.sagas).toMatchObject({ ...ends, stuck: 0, running: 0 })
    expect(report.deadLetters.total).toBe(0)
    for (const { lines } of [payment, orchestrator])
      expect(lines.filter(({ msg }) => msg === WAITS || msg === OVER).map(({ msg }) => msg)).toEqual([WAITS, OVER])
  })

  test('values were framed by those who write so, plain by the one who does not, and the log was left alone', async () => {
    const { kafka, prefix } = installation
    for (const topic of ['payment.commands', 'inventory.commands', `${prefix}.commands`])
      expect(await forms(kafka, topic)).toMatchObject({ framed: expect.any(Number), plain: 0 })
    const replies = await forms(kafka, `${prefix}.replies`)
    expect(replies.framed).toBeGreaterThan(100)
    expect(replies.plain).toBeGreaterThan(100)
    expect(await forms(kafka, `${prefix}.events`)).toMatchObject({ framed: 0 })
  })
})
