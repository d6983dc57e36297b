/** Reads what the views say of one partition's sagas, in one snapshot of the database; one statement a function. */
import { type Kysely, sql } from 'kysely'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'

type Db = Kysely<ViewTables>

/** Sagas that one statement reads. */
const PAGE_SAGAS_MAX = 2_000

export interface StandingCheckpoint {
  readonly projection: string
  readonly nextOffset: bigint
  readonly nextNumber: number
  readonly commands: bigint
  readonly replies: bigint
}

export interface ViewSaga {
  readonly status: string | null
  readonly definition: string | null
  readonly version: number | null
  readonly seq: number | null
  readonly endedAt: number | null
  /** `stock/forward succeeded 1, ...`, in the order of their first events; those of one event by name. */
  readonly steps: string
  readonly events: number
  readonly seqMax: number
  readonly offsets: bigint
}

export interface PartitionRows {
  readonly checkpoints: readonly StandingCheckpoint[]
  readonly sagas: Map<string, ViewSaga>
}

/** The checkpoints and rows of a partition, as they stand at one moment. */
export function readPartitionRows(db: Db, partition: number): Promise<PartitionRows> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const checkpoints = await readCheckpoints(tx, partition)
      const sagas = new Map<string, ViewSaga>()
      // Rows that another version has made say nothing to this one.
      if (!checkpoints.some(({ projection }) => projection === sagasProjection.name)) return { checkpoints, sagas }
      for (let after = ''; ; ) {
        const page = await readSagas(tx, partition, after)
        for (const { saga_id, ...row } of page) sagas.set(saga_id, sagaOf(row))
        after = page.at(-1)?.saga_id ?? ''
        if (page.length < PAGE_SAGAS_MAX) return { checkpoints, sagas }
      }
    })
}

async function readCheckpoints(db: Db, partition: number): Promise<StandingCheckpoint[]> {
  const { rows } = await sql<{
    projection: string
    version: number
    next_offset: string
    next_number: string
    commands: string
    replies: string
  }>`select projection, version, next_offset::text, next_number::text, commands_offset::text as commands,
      replies_offset::text as replies
    from kasaga.checkpoints where partition = ${partition}`.execute(db)
  const own = (row: { projection: string; version: number }) =>
    row.projection !== sagasProjection.name || Number(row.version) === sagasProjection.version
  return rows.filter(own).map((row) => ({
    projection: row.projection,
    nextOffset: BigInt(row.next_offset),
    nextNumber: Number(row.next_number),
    commands: BigInt(row.commands),
    replies: BigInt(row.replies),
  }))
}

interface SagaText {
  readonly saga_id: string
  readonly status: string | null
  readonly definition: string | null
  readonly version: number | null
  readonly seq: number | null
  readonly ended_at: number | string | null
  readonly steps: string | null
  readonly events: string
  readonly seq_max: number | null
  readonly offsets: string | null
}

async function readSagas(db: Db, partition: number, after: string): Promise<readonly SagaText[]> {
  const { rows } = await sql<SagaText>`
    select s.saga_id, s.status, s.definition, s.version, s.seq, s.ended_at, t.steps, e.events, e.seq_max, e.offsets
    from (
      select * from kasaga.sagas
      where partition = ${partition} and saga_id > ${after}
      order by saga_id limit ${PAGE_SAGAS_MAX}
    ) as s
    left join lateral (
      select string_agg(step || '/' || direction || ' ' || coalesce(status, '-') || ' ' || coalesce(attempts, 0), ', '
        order by first_seq, step collate "C", direction) as steps
      from kasaga.steps as t where t.saga_id = s.saga_id
    ) as t on true
    left join lateral (
      select count(*)::text as events, max(seq) as seq_max, sum("offset")::text as offsets
      from kasaga.events as e where e.saga_id = s.saga_id
    ) as e on true
    order by s.saga_id`.execute(db)
  return rows
}

const asNumber = (value: number | string | null): number | null => (value === null ? null : Number(value))

function sagaOf(row: Omit<SagaText, 'saga_id'>): ViewSaga {
  return {
    status: row.status,
    definition: row.definition,
    version: asNumber(row.version),
    seq: asNumber(row.seq),
    endedAt: asNumber(row.ended_at),
    steps: row.steps ?? '',
    events: Number(row.events),
    seqMax: Number(row.seq_max ?? 0),
    offsets: BigInt(row.offsets ?? 0),
  }
}

/** Rows that belong to no partition's sagas: of a partition that the log does not have, or of a saga without a row. */
export async function readStrayRows(db: Db, partitions: number): Promise<readonly { table: string; saga: string }[]> {
  const { rows } = await sql<{ table: string; saga: string }>`
    select 'sagas' as "table", saga_id as saga from kasaga.sagas
      where partition is null or partition < 0 or partition >= ${partitions}
    union all
    select distinct 'steps', saga_id from kasaga.steps as t
      where not exists (select 1 from kasaga.sagas as s where s.saga_id = t.saga_id)
    union all
    select distinct 'events', saga_id from kasaga.events as e
      where not exists (select 1 from kasaga.sagas as s where s.saga_id = e.saga_id)
    limit 1000`.execute(db)
  return rows
}
