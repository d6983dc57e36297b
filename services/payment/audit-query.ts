/** What an auditor adds up: money taken and given back, per order. */
import type { Kysely } from 'kysely'
import type { PaymentTables } from './tables.ts'

export interface PaymentAudit {
  readonly orderId: string
  /** Cents ever charged. */
  readonly applied: number
  /** Cents refunded. The net charge is `applied - undone`. */
  readonly undone: number
}

export interface AuditPage {
  /** Orders after this one, in the order of their ids; from the first when absent. */
  readonly after?: string
  readonly ordersMax: number
}

/** One page of orders. The next begins after its last; an empty page is the end. */
export async function auditPayment(db: Kysely<PaymentTables>, page: AuditPage): Promise<readonly PaymentAudit[]> {
  const rows = await db
    .selectFrom('charges')
    .leftJoin('refunds', 'refunds.charge_id', 'charges.charge_id')
    .select((eb) => [
      'charges.order_id',
      eb.fn.sum<number | string>('charges.cents').as('applied'),
      eb.fn.coalesce(eb.fn.sum<number | string>('refunds.cents'), eb.val(0)).as('undone'),
    ])
    .where('charges.order_id', '>', page.after ?? '')
    .groupBy('charges.order_id')
    .orderBy('charges.order_id')
    .limit(page.ordersMax)
    .execute()
  return rows.map((row) => ({ orderId: row.order_id, applied: Number(row.applied), undone: Number(row.undone) }))
}
