/** Publishes orders as fast as they are worked off, so that what is measured is the saga and not a queue in front of it. */
import type { SagaClient } from '../../shared/client/saga-client.ts'
import type { Clock } from '../../shared/ports/clock.ts'
import { sleep } from '../../shared/ports/clock.ts'
import type { Definition } from '../../shared/saga/definition.ts'

export interface PublishOptions<Order extends { readonly id: string }> {
  readonly client: SagaClient
  readonly clock: Clock
  readonly definition: Definition<Order, unknown>
  readonly orders: AsyncIterable<Order> | Iterable<Order>
  /** Sagas that are started and have not ended. */
  readonly inFlight: () => number
  /** No more are started while that many are in flight. */
  readonly inFlightMax: number
  readonly stopped: () => boolean
  readonly onPublished: (total: number) => void
}

/** Where the last order of each partition of `commands` stands: a view that is past it has seen all of them. */
export type LastPlaces = ReadonlyMap<number, bigint>

const CHUNK_ORDERS_MAX = 50
const LOOK_AGAIN_MS = 2

export interface Published {
  readonly total: number
  readonly last: LastPlaces
}

/** Publishes all orders, unless it is stopped. An order that was published before is the same saga. */
export async function publish<Order extends { readonly id: string }>(
  options: PublishOptions<Order>,
): Promise<Published> {
  const { clock, client, definition, inFlight, inFlightMax, stopped, onPublished } = options
  const last = new Map<number, bigint>()
  let total = 0
  let chunk: Order[] = []
  const flush = async () => {
    if (chunk.length === 0) return
    while (inFlight() >= inFlightMax && !stopped()) await sleep(clock, LOOK_AGAIN_MS)
    if (stopped()) return
    const sagas = chunk.map((order) => ({ sagaId: order.id, input: order }))
    chunk = []
    for (const { partition, offset } of await client.startMany(definition, sagas)) last.set(partition, offset)
    total += sagas.length
    onPublished(total)
  }
  const chunkMax = Math.max(1, Math.min(CHUNK_ORDERS_MAX, inFlightMax))
  for await (const order of options.orders) {
    chunk.push(order)
    if (chunk.length >= chunkMax) await flush()
    if (stopped()) break
  }
  await flush()
  return { total, last }
}
