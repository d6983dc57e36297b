/** What an auditor adds up: what was set aside and given back, per order, and whether the stock agrees. */
import type { Kysely } from 'kysely'
import type { InventoryTables } from './tables.ts'

export interface InventoryAudit {
  readonly orderId: string
  /** Items ever set aside. */
  readonly applied: number
  /** Items given back. What counts is `applied - undone`. */
  readonly undone: number
}

export interface AuditPage {
  /** Orders after this one, in the order of their ids; from the first when absent. */
  readonly after?: string
  readonly ordersMax: number
}

/** One page of orders. The next begins after its last; an empty page is the end. */
export async function auditInventory(db: Kysely<InventoryTables>, page: AuditPage): Promise<readonly InventoryAudit[]> {
  const rows = await db
    .selectFrom('reservations')
    .select((eb) => [
      'order_id',
      eb.fn.sum<number | string>('quantity').as('applied'),
      eb.fn
        .sum<number | string>(eb.case().when('released_at', 'is', null).then(0).else(eb.ref('quantity')).end())
        .as('undone'),
    ])
    .where('order_id', '>', page.after ?? '')
    .groupBy('order_id')
    .orderBy('order_id')
    .limit(page.ordersMax)
    .execute()
  return rows.map((row) => ({ orderId: row.order_id, applied: Number(row.applied), undone: Number(row.undone) }))
}

export interface StockMismatch {
  readonly sku: string
  /** What `stock` says is reserved. */
  readonly kept: number
  /** What the reservations that are not released add up to. */
  readonly summed: number
}

/** Articles whose kept stock is not the sum of their reservations: none, ever. */
export async function auditStock(db: Kysely<InventoryTables>): Promise<readonly StockMismatch[]> {
  const rows = await db
    .selectFrom('stock')
    .leftJoin('reservations', (join) =>
      join.onRef('reservations.sku', '=', 'stock.sku').on('reservations.released_at', 'is', null),
    )
    .select((eb) => [
      'stock.sku',
      'stock.reserved',
      eb.fn.coalesce(eb.fn.sum<number | string>('reservations.quantity'), eb.val(0)).as('summed'),
    ])
    .groupBy(['stock.sku', 'stock.reserved'])
    .having((eb) => eb('stock.reserved', '!=', eb.fn.coalesce(eb.fn.sum<number>('reservations.quantity'), eb.val(0))))
    .orderBy('stock.sku')
    .execute()
  return rows.map((row) => ({ sku: row.sku, kept: row.reserved, summed: Number(row.summed) }))
}
