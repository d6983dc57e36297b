/** The orders that one life of a process that is killed takes: a function of its number, so that others know them too. */
import type { Order } from '../../../services/orders/order.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'

export const PREFIX = 'killed'
export const ORDERS_A_LIFE_MAX = 36

export function ordersOfLife(life: number): Order[] {
  return [...generateOrders(ORDERS_A_LIFE_MAX, `life-${life}`, seededRandom(life))]
}
