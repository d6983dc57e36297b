/** What an auditor adds up: what was set aside and given back, per order, and whether the stock agrees. */
import { type Kysely, sql } from 'kysely'
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
  readonly orderId: string
  readonly sku: string
  /** What the stock movements add up to. */
  readonly moved: number
  /** What the reservations that are not released add up to. */
  readonly reserved: number
}

/** More than these are not listed. */
const MISMATCHES_MAX = 1_000

/** Where an order's movements of an article are not what it has set aside of it: nowhere, ever. */
export async function auditStock(db: Kysely<InventoryTables>): Promise<readonly StockMismatch[]> {
  const rows = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('stock_movements')
        .select(['order_id', 'sku', 'quantity as moved', sql<number>`0`.as('reserved')])
        .unionAll(
          eb
            .selectFrom('reservations')
            .select(['order_id', 'sku', sql<number>`0`.as('moved'), 'quantity as reserved'])
            .where('released_at', 'is', null),
        )
        .as('both'),
    )
    .select((eb) => [
      'order_id',
      'sku',
      eb.fn.sum<number | string>('moved').as('moved'),
      eb.fn.sum<number | string>('reserved').as('reserved'),
    ])
    .groupBy(['order_id', 'sku'])
    .having((eb) => eb(eb.fn.sum('moved'), '!=', eb.fn.sum('reserved')))
    .orderBy('order_id')
    .orderBy('sku')
    .limit(MISMATCHES_MAX)
    .execute()
  return rows.map((row) => ({
    orderId: row.order_id,
    sku: row.sku,
    moved: Number(row.moved),
    reserved: Number(row.reserved),
  }))
}
