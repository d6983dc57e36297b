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
  /**
   * Every change of stock, only ever added to. What is set aside of an article is the sum of its rows: a counter would be
   * one row that all orders wait for, in whatever order they come to it.
   */
  readonly stock_movements: {
    readonly order_id: string
    readonly sku: string
    /** Set aside when positive, given back when negative. */
    readonly quantity: number
    /** Milliseconds since the epoch. */
    readonly moved_at: number | string
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
        .createTable('stock_movements')
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('sku', 'text', (column) => column.notNull())
        .addColumn('quantity', 'integer', (column) => column.notNull())
        .addColumn('moved_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}
