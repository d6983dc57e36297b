import type { Kysely } from 'kysely'
import { type Migrations, migrate } from './migrate.ts'

/** The inbox beside a participant's own tables; one table can serve several participants of a database. */
export interface InboxTables {
  readonly inbox: {
    readonly key: string
    readonly outcome: string
    readonly body: string
    readonly error_code: string | null
    readonly saga_id: string
    readonly command_type: string
    /** Milliseconds since the epoch; Postgres' driver gives an int8 as text. */
    readonly handled_at: number | string
  }
}

const inboxMigrations: Migrations = {
  '0001-inbox': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('inbox')
        .addColumn('key', 'text', (column) => column.primaryKey().notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('error_code', 'text')
        .addColumn('saga_id', 'text', (column) => column.notNull())
        .addColumn('command_type', 'text', (column) => column.notNull())
        .addColumn('handled_at', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('inbox_handled_at').on('inbox').column('handled_at').execute()
    },
  },
}

/** Makes the inbox's table where it is missing, on Postgres or SQLite. */
export function migrateInbox<Tables>(db: Kysely<Tables>): Promise<void> {
  return migrate(db, 'inbox', inboxMigrations)
}
