/** The shop in front of an installation: publishes orders, waits for their ends, and has everything audited. */
import type { AuditReport } from '../../../services/auditor/report.ts'
import type { Home } from '../../../services/home.ts'
import { type Framing, openKafkaHome } from '../../../services/kafka/home.ts'
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import type { Order } from '../../../services/orders/order.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { allCheckpoints, countsByStatus } from '../../../shared/adapters/postgres/view-queries.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type SagaClient, sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import type { Installation } from './fresh-installation.ts'

export interface Ends {
  completed: number
  compensated: number
}

const CHUNK_ORDERS = 50
const LOOK_AGAIN_MS = 100

/** How many of the orders can be fulfilled, and how many cannot: it follows from the order alone. */
export function endsImpliedBy(orders: readonly Order[]): Ends {
  const completed = orders.filter(isFulfillable).length
  return { completed, compensated: orders.length - completed }
}

function isFulfillable({ country, card, lines }: Order): boolean {
  return country !== 'ZZ' && !card.endsWith('0002') && !lines.some(({ sku }) => sku.startsWith('NEVER-'))
}

export class Shop {
  readonly home: Home
  readonly client: SagaClient
  readonly #installation: Installation
  readonly #expected: Ends = { completed: 0, compensated: 0 }
  #batches = 0

  private constructor(home: Home, installation: Installation) {
    this.home = home
    this.#installation = installation
    const { broker, clock, ids } = home
    this.client = sagaClient({ broker, clock, ids, topics: this.topics, source: '/test/shop' })
  }

  static async open(installation: Installation, framing?: Framing): Promise<Shop> {
    const kafka = { brokers: installation.kafka.split(','), clientId: 'shop' }
    const { databaseUrl } = installation
    return new Shop(await openKafkaHome({ kafka, databaseUrl, framing, log: noLog }), installation)
  }

  get topics() {
    return kasagaTopics(this.#installation.prefix)
  }

  /** Publishes that many orders evenly over a time. Answers them, and adds what they imply to what is expected. */
  async publish(count: number, overMs: number): Promise<readonly Order[]> {
    const prefix = `order-${++this.#batches}`
    const orders = [...generateOrders(count, prefix, seededRandom(7 + this.#batches))]
    const began = Date.now()
    for (let at = 0; at < count; at += CHUNK_ORDERS) {
      const dueMs = began + (overMs * at) / count - Date.now()
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
      const sagas = orders.slice(at, at + CHUNK_ORDERS).map((order) => ({ sagaId: order.id, input: order }))
      await this.client.startMany(fulfilOrder, sagas)
    }
    const { completed, compensated } = endsImpliedBy(orders)
    this.#expected.completed += completed
    this.#expected.compensated += compensated
    return orders
  }

  /** Waits until the views show the end of everything that was published, and nothing else. Answers how many ended. */
  async allEnd(withinMs: number): Promise<Ends> {
    const { db } = (await this.home.views()).store
    const until = Date.now() + withinMs
    for (;;) {
      const counts = await countsByStatus(db)
      const { completed, compensated } = this.#expected
      if (counts.completed === completed && counts.compensated === compensated && (await this.#viewsAtEnd()))
        return { completed, compensated }
      if (Date.now() > until)
        throw new Error(`after ${withinMs} ms: ${JSON.stringify(counts)}, not ${JSON.stringify(this.#expected)}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  audit(): Promise<AuditReport> {
    return verifyHome(this.home, { topics: this.topics, atRest: true, commands: true })
  }

  close(): Promise<void> {
    return this.home.close()
  }

  /** Every command has been consumed by a batch that is in the views. */
  async #viewsAtEnd(): Promise<boolean> {
    const { db } = (await this.home.views()).store
    const [checkpoints, ends] = await Promise.all([allCheckpoints(db), this.home.broker.offsets(this.topics.commands)])
    return ends.every(({ partition, end }) => {
      const here = checkpoints.filter((checkpoint) => checkpoint.partition === partition)
      return end === 0n || (here.length > 0 && here.every(({ commands }) => commands >= end))
    })
  }
}
