/** What kysely knows of the views' schema, and the migrations of what does not come from a projection. */
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { ActRow, AttributeRow, EventRow, LockRow, SagaRow, StepRow } from '../../view/saga-tables.ts'
import type { ControlTables } from './control-views.ts'
import { VIEW_SCHEMA } from './view-statements.ts'

export interface CheckpointRow {
  projection: string
  version: number
  partition: number
  next_offset: string | bigint
  next_number: number
  commands_offset: string | bigint
  replies_offset: string | bigint
  /** When the last applied batch was appended, milliseconds since the epoch. */
  applied_at: number
}

/** The views that Kasaga brings; a projection of one's own adds its tables by intersection. */
export interface ViewTables extends ControlTables {
  'kasaga.sagas': SagaRow
  'kasaga.steps': StepRow
  'kasaga.events': EventRow
  'kasaga.acts': ActRow
  'kasaga.saga_attributes': AttributeRow
  'kasaga.locks': LockRow
  'kasaga.checkpoints': CheckpointRow
}

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-checkpoints': {
    async up(db) {
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.checkpoints`)} (
        projection text not null,
        version integer not null,
        partition integer not null,
        next_offset bigint not null,
        next_number bigint not null,
        commands_offset bigint not null,
        replies_offset bigint not null,
        applied_at bigint not null,
        primary key (projection, version, partition)
      ) with (fillfactor = 50)`.execute(db)
    },
  },
  '002-followed-log': {
    async up(db) {
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.followed_log`)} (
        only_one boolean primary key default true check (only_one),
        topic text not null
      )`.execute(db)
    },
  },
  '003-participants': {
    async up(db) {
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.participant_limits`)} (
        participant text primary key,
        limits text,
        actor text not null,
        reason text not null,
        set_at bigint not null,
        topic_offset bigint not null
      )`.execute(db)
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.participant_breakers`)} (
        participant text not null,
        process text not null,
        is_open boolean not null,
        since bigint not null,
        failures integer not null,
        calls integer not null,
        said_at bigint not null,
        topic_offset bigint not null,
        primary key (participant, process)
      )`.execute(db)
    },
  },
  '004-stopped-sagas': {
    async up(db) {
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.stopped_sagas`)} (
        saga_id text primary key,
        is_stopped boolean not null,
        why text not null,
        since bigint not null,
        topic_offset bigint not null
      )`.execute(db)
    },
  },
  '005-kept-views': {
    async up(db) {
      await sql`create table ${sql.table(`${VIEW_SCHEMA}.kept_views`)} (
        projection text primary key,
        kept_until bigint not null
      )`.execute(db)
    },
  },
}

/** Brings the schema up to date; safe when several processes do it at once. */
export async function migrateViews<Tables>(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableSchema: VIEW_SCHEMA,
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
