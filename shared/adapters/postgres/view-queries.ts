/** What the gateway and the command line read from the views. Every list is bounded; counts come from the same rows. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { ViewCheckpoint } from '../../ports/view-store.ts'
import { besideOf } from '../../view/generation.ts'
import type { AttributeRow, EventRow, SagaRow, StepRow } from '../../view/saga-tables.ts'
import type { SagaStatus } from '../../view/standing.ts'
import { pageOf } from './page.ts'
import { isMeant, type SagaCriteria } from './saga-filter.ts'
import { readCheckpoints } from './view-checkpoints.ts'
import type { ViewTables } from './view-schema.ts'

type Db<Tables extends ViewTables = ViewTables> = Kysely<Tables>

export interface SagaView extends Omit<SagaRow, 'status' | 'started_at'> {
  readonly status: SagaStatus | null
  readonly started_at: number
  /** From start to end; null while it runs. */
  readonly duration_ms: number | null
  /** Why nothing is decided for it, and since when, where a decision of it is broken. */
  readonly stopped_why: string | null
  readonly stopped_since: number | null
}

/** Where a list goes on: behind the last saga of the page before. */
export interface SagaMark {
  readonly started_at: number
  readonly saga_id: string
}

export interface SagaFilter extends SagaCriteria {
  /** At most `SAGAS_LISTED_MAX`. */
  readonly limit?: number
  readonly after?: SagaMark
}

export const SAGAS_LISTED_MAX = 1_000
export const EVENTS_LISTED_MAX = 10_000

const limited = (limit: number | undefined, max: number) => Math.max(1, Math.min(limit ?? 50, max))

/** One saga, or `undefined` when the views do not know it (yet). */
export async function sagaById(db: Db, id: string): Promise<SagaView | undefined> {
  return sagasOf(db).where('saga_id', '=', id).executeTakeFirst()
}

function sagasOf(db: Db) {
  return db
    .selectFrom('kasaga.sagas')
    .selectAll()
    .select(sql<number | null>`ended_at - started_at`.as('duration_ms'))
    .select((eb) => [stopOf(eb, 'why').as('stopped_why'), stopOf(eb, 'since').as('stopped_since')])
    .$castTo<SagaView>()
}

function stopOf(eb: ExpressionBuilder<ViewTables, 'kasaga.sagas'>, column: 'why' | 'since') {
  const stopped = eb.selectFrom('kasaga.stopped_sagas as stop').select(`stop.${column}`)
  return stopped.whereRef('stop.saga_id', '=', 'kasaga.sagas.saga_id').where('stop.is_stopped', '=', true)
}

/** Sagas, newest first. `next`: where the list goes on, absent on the last page. */
export async function listSagas(
  db: Db,
  filter: SagaFilter = {},
): Promise<{ readonly sagas: readonly SagaView[]; readonly next?: SagaMark }> {
  const limit = limited(filter.limit, SAGAS_LISTED_MAX)
  let query = sagasOf(db).where(isMeant(filter))
  const { after } = filter
  if (after) query = query.where(sql<boolean>`(started_at, saga_id) < (${after.started_at}::bigint, ${after.saga_id})`)
  const sagas = await query
    .orderBy('started_at', 'desc')
    .orderBy('saga_id', 'desc')
    .limit(limit + 1)
    .execute()
  const { page, last } = pageOf(sagas, limit)
  return { sagas: page, ...(last && { next: { started_at: last.started_at, saga_id: last.saga_id } }) }
}

function stoppedSagas(db: Db) {
  return db.selectFrom('kasaga.stopped_sagas').select('saga_id').where('is_stopped', '=', true)
}

/** What a saga can be found by. */
export async function attributesOf(db: Db, id: string): Promise<AttributeRow[]> {
  return db.selectFrom('kasaga.saga_attributes').selectAll().where('saga_id', '=', id).orderBy('name').execute()
}

/** A saga's steps in both directions, in the order in which they began; what a fork was given by name. */
export async function stepsOf(db: Db, id: string): Promise<StepRow[]> {
  const steps = db.selectFrom('kasaga.steps').selectAll().where('saga_id', '=', id)
  return steps.orderBy('first_seq').orderBy(sql`step collate "C"`).execute()
}

export interface HistoryEvent extends Omit<EventRow, 'offset' | 'data'> {
  readonly offset: string
  /** The event's data, without its type. */
  readonly data: unknown
}

/** A saga's events in order, from a seq on, at most `EVENTS_LISTED_MAX`. */
export async function historyOf(
  db: Db,
  id: string,
  page: { readonly fromSeq?: number; readonly limit?: number } = {},
): Promise<HistoryEvent[]> {
  const rows = await eventsOf(db, id)
    .where('seq', '>=', page.fromSeq ?? 1)
    .orderBy('seq')
    .limit(limited(page.limit ?? EVENTS_LISTED_MAX, EVENTS_LISTED_MAX))
    .execute()
  return rows.map(withData)
}

/** The event by which a saga was forked under that request id. */
export async function forkedBy(db: Db, id: string, requestId: string): Promise<HistoryEvent | undefined> {
  const forked = eventsOf(db, id).where('type', '=', 'saga-forked').where('causation_id', '=', requestId)
  const row = await forked.executeTakeFirst()
  return row && withData(row)
}

function eventsOf(db: Db, id: string) {
  return db
    .selectFrom('kasaga.events')
    .select(['saga_id', 'seq', 'type', 'at', 'causation_id', 'topic', 'partition', 'data'])
    .select(sql<string>`"offset"::text`.as('offset'))
    .where('saga_id', '=', id)
}

function withData<Row extends Pick<EventRow, 'data'>>(row: Row): Omit<Row, 'data'> & { readonly data: unknown } {
  return { ...row, data: JSON.parse(row.data ?? 'null') }
}

export type StatusCounts = Readonly<Record<SagaStatus, number>>

/** How many sagas stand in each status. */
export async function countsByStatus(db: Db, definition?: string): Promise<StatusCounts> {
  let query = db
    .selectFrom('kasaga.sagas')
    .select(['status', sql<number>`count(*)`.as('sagas')])
    .groupBy('status')
  if (definition !== undefined) query = query.where('definition', '=', definition)
  const counts = { running: 0, compensating: 0, stuck: 0, paused: 0, completed: 0, compensated: 0, failed: 0 }
  for (const { status, sagas } of await query.execute())
    if (status !== null) counts[status as SagaStatus] = Number(sagas)
  return counts
}

/** How many sagas hold an event that could not be read. */
export async function countQuarantined(db: Db): Promise<number> {
  const query = db.selectFrom('kasaga.sagas').select(sql<number>`count(*)`.as('sagas'))
  const row = await query.where('quarantined', 'is not', null).executeTakeFirst()
  return Number(row?.sagas ?? 0)
}

/** For how many sagas nothing is decided, because a decision of them is broken. */
export async function countStopped(db: Db): Promise<number> {
  const query = db.selectFrom('kasaga.sagas').select(sql<number>`count(*)`.as('sagas'))
  const row = await query.where('saga_id', 'in', stoppedSagas(db)).executeTakeFirst()
  return Number(row?.sagas ?? 0)
}

export interface Durations {
  readonly ended: number
  /** Milliseconds; null when nothing has ended. */
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** How long sagas took that ended in a status, from a time on. */
export async function durations(
  db: Db,
  filter: {
    readonly status?: 'completed' | 'compensated' | 'failed'
    readonly endedFrom?: number
    readonly definition?: string
  } = {},
): Promise<Durations> {
  const { status = null, definition = null, endedFrom = 0 } = filter
  const { rows } = await sql<Durations>`
    select count(*) as ended,
      percentile_disc(0.5) within group (order by ended_at - started_at) as p50,
      percentile_disc(0.99) within group (order by ended_at - started_at) as p99,
      max(ended_at - started_at) as max
    from kasaga.sagas
    where ended_at >= ${endedFrom}::bigint
      and (${status}::text is null or status = ${status}) and (${definition}::text is null or definition = ${definition})
  `.execute(db)
  return rows[0] ?? { ended: 0, p50: null, p99: null, max: null }
}

export interface WorkDone {
  readonly ended: number
  /** Milliseconds in which sagas started or ended, one soon after another. */
  readonly busyMs: number
}

/** Without a start or an end for so long, nothing was asked for: such a pause is no work. */
const PAUSE_MS = 2_000

/** How many sagas have ended, and in how much time of work; pauses between runs are left out. */
export async function workDone(db: Db): Promise<WorkDone> {
  const { rows } = await sql<{ ended: number | string; busy: number | string }>`
    with marks as (
      select started_at as at from kasaga.sagas
      union all select ended_at from kasaga.sagas where ended_at is not null
    ), gaps as (select at - lag(at) over (order by at) as gap from marks)
    select (select count(*) from kasaga.sagas where ended_at is not null) as ended,
      coalesce(sum(gap) filter (where gap <= ${PAUSE_MS}::bigint), 0) as busy
    from gaps
  `.execute(db)
  return { ended: Number(rows[0]?.ended ?? 0), busyMs: Number(rows[0]?.busy ?? 0) }
}

/** Where a projection stands on a partition; `undefined` when it never was there. */
export async function checkpointOf(
  db: Db,
  partition: number,
  projection = 'sagas',
): Promise<ViewCheckpoint | undefined> {
  return (await readCheckpoints(db, [partition])).find((one) => one.projection === projection)
}

/** All checkpoints of what is read: what was applied, and when it was appended. */
export async function allCheckpoints(db: Db): Promise<ViewCheckpoint[]> {
  return (await readCheckpoints(db)).filter(({ projection }) => besideOf(projection) === undefined)
}

/** A hash over the rows of a view in the order of their key: equal for equal views (S16). */
export async function viewHash(
  db: Db,
  table: { readonly name: string; readonly key: readonly string[] },
): Promise<string> {
  const key = sql.join(table.key.map((name) => sql`${sql.ref(`t.${name}`)}::text collate "C"`))
  const { rows } = await sql<{ hash: string }>`
    select md5(coalesce(string_agg(md5(t::text), '' order by ${key}), '')) as hash
    from ${sql.table(`kasaga.${table.name}`)} as t`.execute(db)
  return rows[0]?.hash ?? ''
}
