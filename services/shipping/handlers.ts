/** Hands parcels over, many orders to a statement. */
import type { Transaction } from 'kysely'
import { type Rejected, rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../shared/participant/handlers.ts'
import type { shipping } from './contract.ts'
import type { ShippingTables } from './tables.ts'

type Tx = Transaction<ShippingTables>
type Ship = BatchItem<{ orderId: string; country: string; parcel: { weightGrams: number } }>

/** Nobody delivers there. */
const UNDELIVERABLE: ReadonlySet<string> = new Set(['ZZ', 'Atlantis'])

export const shippingHandlers: Handlers<typeof shipping, Tx> = {
  ship: batched(async (items, { tx }) => {
    const known = await knownOrders(tx, items)
    const refusals = items.map((item) => refusalOf(item, known))
    const accepted = items.filter((_, index) => !refusals[index])
    if (accepted.length > 0) await insertShipments(tx, accepted)
    return items.map(({ input }, index) => refusals[index] ?? { tracking: trackingOf(input.orderId) })
  }),
}

/** Orders whose parcel has left: by other sagas, because one's own command comes here once. */
async function knownOrders(tx: Tx, items: readonly Ship[]): Promise<ReadonlySet<string>> {
  const trackings = items.map(({ input }) => trackingOf(input.orderId))
  const rows = await tx.selectFrom('shipments').select('order_id').where('tracking', 'in', trackings).execute()
  return new Set(rows.map((row) => row.order_id))
}

/** A known order is a no: left to the table's key it would be a failure in SQL's words, tried again and again. */
function refusalOf({ input: { orderId, country } }: Ship, known: ReadonlySet<string>): Rejected | undefined {
  if (known.has(orderId)) return rejected('order-known', `${orderId} is another saga's order`)
  if (!UNDELIVERABLE.has(country)) return undefined
  return rejected('undeliverable-address', `nobody delivers to ${country}`, { country })
}

function trackingOf(orderId: string): string {
  return `tr-${orderId}`
}

async function insertShipments(tx: Tx, items: readonly Ship[]): Promise<void> {
  const rows = items.map(({ input, command }) => ({
    tracking: trackingOf(input.orderId),
    order_id: input.orderId,
    country: input.country,
    weight_grams: input.parcel.weightGrams,
    shipped_at: command.at,
  }))
  await tx.insertInto('shipments').values(rows).execute()
}
