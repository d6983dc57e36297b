/** What an auditor counts: parcels, per order. */
import type { Kysely } from 'kysely'
import type { ShippingTables } from './tables.ts'

export interface ShippingAudit {
  readonly orderId: string
  /** Parcels handed over. */
  readonly applied: number
  /** Always 0: a parcel that has left does not come back. */
  readonly undone: number
}

export interface AuditPage {
  /** Orders after this one, in the order of their ids; from the first when absent. */
  readonly after?: string
  readonly ordersMax: number
}

/** One page of orders. The next begins after its last; an empty page is the end. */
export async function auditShipping(db: Kysely<ShippingTables>, page: AuditPage): Promise<readonly ShippingAudit[]> {
  const rows = await db
    .selectFrom('shipments')
    .select((eb) => ['order_id', eb.fn.countAll<number | string>().as('applied')])
    .where('order_id', '>', page.after ?? '')
    .groupBy('order_id')
    .orderBy('order_id')
    .limit(page.ordersMax)
    .execute()
  return rows.map((row) => ({ orderId: row.order_id, applied: Number(row.applied), undone: 0 }))
}
