/** Where a run's orders come from. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Random } from '../../shared/ports/clock.ts'
import type { Order } from './order.ts'
import { readOrders, writeOrders } from './order-file.ts'
import { generateOrders } from './order-generator.ts'

export interface OrdersWanted {
  /** How many orders to make from the seed; absent: the orders of the sample file. */
  readonly orders?: number | undefined
  readonly seed: number
  /** A file of orders, one JSON object a line, instead of generated ones. */
  readonly ordersFile?: string | undefined
}

const SAMPLE_ORDERS = fileURLToPath(new URL('./sample-orders.ndjson', import.meta.url))

/** The orders of the file named, of a file made from the seed (where there is a folder for it), or of the sample. */
export async function ordersOf(
  options: OrdersWanted,
  { folder, random }: { readonly folder: string | undefined; readonly random: Random },
): Promise<AsyncIterable<Order> | Iterable<Order>> {
  if (options.ordersFile !== undefined) return readOrders(options.ordersFile)
  if (options.orders === undefined) return readOrders(SAMPLE_ORDERS)
  const { orders, seed } = options
  const made = generateOrders(orders, `order-${seed}`, random)
  if (folder === undefined) return made
  const path = join(folder, `orders-seed-${seed}-${orders}.ndjson`)
  await writeOrders(path, made)
  return readOrders(path)
}
