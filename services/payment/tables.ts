import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export interface PaymentTables {
  /** Money taken. Never changed: what was given back is a row of `refunds`. */
  readonly charges: {
    readonly charge_id: string
    readonly order_id: string
    readonly cents: number
    /** Milliseconds since the epoch. */
    readonly charged_at: number | string
  }
  readonly refunds: {
    readonly refund_id: string
    readonly charge_id: string
    readonly order_id: string
    readonly cents: number
    /** Milliseconds since the epoch. */
    readonly refunded_at: number | string
  }
}

export const paymentMigrations: Readonly<Record<string, Migration>> = {
  '0001-charges': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('charges')
        .addColumn('charge_id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('cents', 'integer', (column) => column.notNull())
        .addColumn('charged_at', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('charges_order_id').on('charges').column('order_id').execute()
      await db.schema
        .createTable('refunds')
        .addColumn('refund_id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('charge_id', 'text', (column) => column.notNull().references('charges.charge_id'))
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('cents', 'integer', (column) => column.notNull())
        .addColumn('refunded_at', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('refunds_charge_id').on('refunds').column('charge_id').execute()
    },
  },
}
