/** Orders from a seed: the same seed gives the same orders, and what is refused follows from the order alone. */
import type { Random } from '../../shared/ports/clock.ts'
import type { Order } from './order.ts'

const COUNTRIES = ['DE', 'FR', 'NL', 'PL', 'ES', 'IT', 'AT', 'SE'] as const
const SKUS = Array.from({ length: 50 }, (_, i) => `SKU-${String(i + 1).padStart(4, '0')}`)
const LINES_MAX = 4

/** Shares of orders that a participant refuses; together one in ten. */
const NEVER_IN_STOCK_SHARE = 0.03
const CARD_REFUSED_SHARE = 0.04
const UNDELIVERABLE_SHARE = 0.03

function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random.next() * items.length)] ?? items[0]
}

function line(random: Random): Order['lines'][number] {
  const sku = pick(random, SKUS as [string, ...string[]])
  return { sku, quantity: 1 + Math.floor(random.next() * 3), cents: 199 + Math.floor(random.next() * 9_800) }
}

/** What is wrong with the order, if anything. */
type Flaw = 'never-in-stock' | 'card-refused' | 'undeliverable' | undefined

function flaw(random: Random): Flaw {
  const draw = random.next()
  if (draw < NEVER_IN_STOCK_SHARE) return 'never-in-stock'
  if (draw < NEVER_IN_STOCK_SHARE + CARD_REFUSED_SHARE) return 'card-refused'
  return draw < NEVER_IN_STOCK_SHARE + CARD_REFUSED_SHARE + UNDELIVERABLE_SHARE ? 'undeliverable' : undefined
}

function order(id: string, random: Random): Order {
  const lines = Array.from({ length: 1 + Math.floor(random.next() * LINES_MAX) }, () => line(random))
  const wrong = flaw(random)
  const first = lines[0]
  if (wrong === 'never-in-stock' && first) lines[0] = { ...first, sku: 'NEVER-0001' }
  return {
    id,
    country: wrong === 'undeliverable' ? 'ZZ' : pick(random, COUNTRIES),
    card:
      wrong === 'card-refused'
        ? '4000000000000002'
        : `42424242424${String(10_000 + Math.floor(random.next() * 89_999))}`,
    cents: lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0),
    lines,
  }
}

/** The orders `<prefix>-1` to `<prefix>-<count>`, one after another. */
export function* generateOrders(count: number, prefix: string, random: Random): Generator<Order> {
  for (let i = 1; i <= count; i++) yield order(`${prefix}-${i}`, random)
}
