import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export interface ShippingTables {
  /** Parcels handed over; at most one an order. */
  readonly shipments: {
    readonly tracking: string
    readonly order_id: string
    readonly country: string
    readonly weight_grams: number
    /** Milliseconds since the epoch. */
    readonly shipped_at: number | string
  }
}

export const shippingMigrations: Readonly<Record<string, Migration>> = {
  '0001-shipments': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('shipments')
        .addColumn('tracking', 'text', (column) => column.primaryKey().notNull())
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('country', 'text', (column) => column.notNull())
        .addColumn('weight_grams', 'integer', (column) => column.notNull())
        .addColumn('shipped_at', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('shipments_order_id').on('shipments').column('order_id').execute()
    },
  },
}
