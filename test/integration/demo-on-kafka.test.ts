/** The demo on a real Kafka and Postgres comes to the same end as on the embedded home, order for order. */
import { expect, test } from 'vitest'
import { type DemoOptions, demo } from '../../services/demo/main.ts'
import { generateOrders } from '../../services/orders/order-generator.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import type { Fields, Log } from '../../shared/ports/telemetry.ts'
import { StopSignal } from '../../shared/runtime/stop-signal.ts'
import { openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { endsImpliedBy } from '../support/kafka-home/shop.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const ORDERS = 300
const SEED = 7

/** Keeps what is said louder than in passing. */
class Loud implements Log {
  readonly said: string[] = []
  debug() {}
  info() {}
  warn(message: string, fields?: Fields) {
    this.said.push(`${message} ${JSON.stringify(fields)}`)
  }
  error(message: string, fields?: Fields) {
    this.warn(message, fields)
  }
  with() {
    return this
  }
}

async function run(options: Partial<DemoOptions>) {
  const lines: string[] = []
  const log = new Loud()
  const end = await demo(
    {
      orders: ORDERS,
      seed: SEED,
      port: 0,
      prefix: 'demo',
      inFlightMax: 100,
      keepRunning: false,
      json: true,
      ...options,
    },
    { out: (line) => lines.push(line), progress() {}, note() {}, log, stop: new StopSignal() },
  )
  const summary: unknown = JSON.parse(lines.at(-1) ?? '')
  return { end, summary, said: log.said }
}

await describeReal('the demo', ['kafka', 'postgres'], (servers) => {
  test(`${ORDERS} orders end on Kafka as they end embedded`, async () => {
    const { completed, compensated } = endsImpliedBy([...generateOrders(ORDERS, `order-${SEED}`, seededRandom(SEED))])
    const summary = expect.objectContaining({ orders: ORDERS, completed, compensated, stuck: 0, violations: 0 })
    expect(await run({})).toEqual({ end: 'clean', summary, said: [] })
    const installation = await openInstallation(servers, 'demo')
    try {
      expect(await run(installation)).toEqual({ end: 'clean', summary, said: [] })
    } finally {
      await installation.close()
    }
  })
})
