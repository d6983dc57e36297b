import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export interface InventoryTables {
  /** What is or was set aside, a row per order and article. */
  readonly reservations: {
    readonly order_id: string
    readonly sku: string
    readonly quantity: number
    /** When it was set aside, milliseconds since the epoch. */
    readonly reserved_at: number | string
    /** When it was given back; null while it counts. */
    readonly released_at: number | string | null
  }
  /** The sum of what counts, kept beside it: `reserved` = sum of the quantities that are not released. */
  readonly stock: {
    readonly sku: string
    readonly reserved: number
  }
}

export const inventoryMigrations: Readonly<Record<string, Migration>> = {
  '0001-reservations': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('reservations')
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('sku', 'text', (column) => column.notNull())
        .addColumn('quantity', 'integer', (column) => column.notNull())
        .addColumn('reserved_at', 'bigint', (column) => column.notNull())
        .addColumn('released_at', 'bigint')
        .addPrimaryKeyConstraint('reservations_pkey', ['order_id', 'sku'])
        .execute()
      await db.schema
        .createTable('stock')
        .addColumn('sku', 'text', (column) => column.primaryKey().notNull())
        .addColumn('reserved', 'integer', (column) => column.notNull())
        .execute()
    },
  },
}
