import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/** Migrations by name; carried out in the order of their names, each once. */
export type Migrations = Readonly<Record<string, Migration>>

/**
 * Brings a set of tables up to date, on Postgres or SQLite. Each set keeps its own record of what was done, so that
 * several sets can live in one database. Safe to run from several processes at once on Postgres.
 * @throws what the migration that failed threw; those before it are kept on SQLite and undone on Postgres.
 */
export async function migrate<Tables>(db: Kysely<Tables>, set: string, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: `${set}_migration`,
    migrationLockTableName: `${set}_migration_lock`,
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
