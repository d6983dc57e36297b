import type { Kysely } from 'kysely'
import { type Migrations, migrate } from './migrate.ts'

/** Payloads of the log. Beside the views, and not of them: nothing can rebuild it. */
export interface PayloadTables {
  readonly kasaga_payloads: {
    /** SHA-256 of the content, hexadecimal. */
    readonly id: string
    readonly content: Uint8Array
    readonly bytes: number
    /** Milliseconds since the epoch; Postgres' driver gives an int8 as text. */
    readonly stored_at: number | string
  }
}

const payloadMigrations: Migrations = {
  '0001-payloads': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('kasaga_payloads')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('content', 'bytea', (column) => column.notNull())
        .addColumn('bytes', 'integer', (column) => column.notNull())
        .addColumn('stored_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}

/** Makes the table where it is missing, on Postgres or SQLite. */
export function migratePayloads<Tables>(db: Kysely<Tables>): Promise<void> {
  return migrate(db, 'kasaga_payloads', payloadMigrations)
}
