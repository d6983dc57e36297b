/** Hands parcels over, many orders to a statement. */
import type { Transaction } from 'kysely'
import { rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../shared/participant/handlers.ts'
import type { shipping } from './contract.ts'
import type { ShippingTables } from './tables.ts'

type Tx = Transaction<ShippingTables>
type Ship = BatchItem<{ orderId: string; country: string; parcel: { weightGrams: number } }>

/** Nobody delivers there. */
const UNDELIVERABLE: ReadonlySet<string> = new Set(['ZZ', 'Atlantis'])

export const shippingHandlers: Handlers<typeof shipping, Tx> = {
  ship: batched(async (items, { tx }) => {
    const deliverable = items.filter(({ input }) => !UNDELIVERABLE.has(input.country))
    if (deliverable.length > 0) await insertShipments(tx, deliverable)
    return items.map(({ input }) => {
      if (UNDELIVERABLE.has(input.country))
        return rejected('undeliverable-address', `nobody delivers to ${input.country}`, { country: input.country })
      return { tracking: trackingOf(input.orderId) }
    })
  }),
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
