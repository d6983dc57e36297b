/** Orders at a steady rate, by the client library, whatever happens meanwhile: each is asked for until it is acknowledged. */
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import type { Order } from '../../../services/orders/order.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type SagaClient, sagaClient } from '../../../shared/client/saga-client.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import type { Stage } from '../stage/stage.ts'

export const ORDER_PREFIX = 'order'
const CHUNK_MS = 250
/** Chunks that are asked for at the same time: while nothing is acknowledged, no more orders come. */
const CHUNKS_OUT_MAX = 40
const AGAIN_MS = 250
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class OrderLoad {
  /** In order of their acknowledgements. */
  readonly acknowledged: Order[] = []
  /** Why chunks had to be asked for again, with how often. */
  readonly askedAgain = new Map<string, number>()
  longestWaitMs = 0
  readonly #client: SagaClient
  readonly #orders: Generator<Order>
  readonly #perChunk: number
  readonly #out = new Set<Promise<void>>()
  #over = false
  #running: Promise<void> | undefined

  constructor({ home, topics }: Stage, { seed, rate }: { readonly seed: number; readonly rate: number }) {
    const { broker, clock, ids } = home
    this.#client = sagaClient({ broker, clock, ids, topics, source: '/test/chaos' })
    this.#orders = generateOrders(Number.MAX_SAFE_INTEGER, ORDER_PREFIX, seededRandom(seed))
    this.#perChunk = (rate * CHUNK_MS) / 1_000
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ends when everything that was asked for has been acknowledged. */
  async end(): Promise<void> {
    this.#over = true
    await this.#running
    await Promise.all(this.#out)
  }

  /** Asks for that many more, and waits for their acknowledgement. */
  more(count: number): Promise<readonly Order[]> {
    return this.#ask(this.#take(count))
  }

  async #run(): Promise<void> {
    let due = 0
    while (!this.#over) {
      due += this.#perChunk
      if (this.#out.size < CHUNKS_OUT_MAX && due >= 1) {
        const orders = this.#take(Math.floor(due))
        const asked = this.#ask(orders).then(() => void this.#out.delete(asked))
        this.#out.add(asked)
      }
      due -= Math.floor(due)
      await pause(CHUNK_MS)
    }
  }

  #take(count: number): readonly Order[] {
    return Array.from({ length: count }, () => this.#orders.next().value as Order)
  }

  async #ask(orders: readonly Order[]): Promise<readonly Order[]> {
    const began = performance.now()
    const sagas = orders.map((order) => ({ sagaId: order.id, input: order }))
    for (;;) {
      try {
        await this.#client.startMany(fulfilOrder, sagas)
        break
      } catch (error) {
        const why = messageOf(error)
        this.askedAgain.set(why, (this.askedAgain.get(why) ?? 0) + 1)
        await pause(AGAIN_MS)
      }
    }
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - began)
    this.acknowledged.push(...orders)
    return orders
  }
}
