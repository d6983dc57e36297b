/** What operators ask of all sagas together: what is wrong, who did what, which versions live. Every list is bounded. */
import { type Kysely, sql } from 'kysely'
import type { ActRow } from '../../view/saga-tables.ts'
import { pageOf } from './page.ts'
import type { ViewTables } from './view-schema.ts'

type Db = Kysely<ViewTables>

export type IncidentState = 'stuck' | 'retrying'

/** Sagas that fail in the same way: the same step of a definition, with the same code and message but for ids and numbers. */
export interface IncidentRow {
  readonly fingerprint: string
  readonly state: IncidentState
  readonly definition: string | null
  /** Path without the indexes of items. */
  readonly step: string | null
  readonly participant: string | null
  readonly code: string | null
  /** Of one of them. */
  readonly message: string | null
  readonly sagas: number
  /** When something happened last in the saga that has stood still for longest. */
  readonly oldest_at: number
  readonly newest_at: number
  /** Some of them, those that have stood still for longest first. */
  readonly examples: readonly string[]
}

const EXAMPLES = 3
export const INCIDENTS_LISTED_MAX = 200
export const INCIDENT_SAGAS_LISTED_MAX = 1_000

/** One row for each step that is parked or waits for its next attempt. */
export const FAILING = sql`
  failing as (
    select s.saga_id, 'stuck' as state, s.definition, p.parked ->> 0 as step, p.parked ->> 1 as code,
      p.parked ->> 2 as message, s.updated_at as at
    from kasaga.sagas s
    cross join lateral jsonb_array_elements((nullif(s.standing, ''))::jsonb -> 'parked') as p (parked)
    where s.status = 'stuck'
    union all
    select s.saga_id, 'retrying', s.definition, t.step, t.error_code, t.error_message, s.updated_at
    from kasaga.sagas s join kasaga.steps t using (saga_id)
    where s.status in ('running', 'compensating', 'stuck') and t.status = 'retrying'
  ), named as (
    select *, regexp_replace(step, '\\[\\d+\\]', '[]', 'g') as place,
      left(regexp_replace(message, '[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+', '#', 'g'), 300) as sort
    from failing
  ), marked as (
    select *, left(md5(concat_ws(chr(1), state, definition, place, code, sort)), 12) as fingerprint from named
  )`

/** What is wrong, most sagas first. */
export async function incidents(db: Db, limit = INCIDENTS_LISTED_MAX): Promise<readonly IncidentRow[]> {
  const { rows } = await sql<IncidentRow>`
    with ${FAILING}, grouped as (
      select fingerprint, state, definition, place as step, code, min(message) as message, count(distinct saga_id) as sagas,
        min(at) as oldest_at, max(at) as newest_at, (array_agg(saga_id order by at, saga_id))[1:${EXAMPLES}] as examples,
        (array_agg(step order by at, saga_id))[1] as one_step
      from marked group by fingerprint, state, definition, place, code
    )
    select g.fingerprint, g.state, g.definition, g.step, g.code, g.message, g.sagas, g.oldest_at, g.newest_at, g.examples,
      (select participant from kasaga.steps t where t.saga_id = g.examples[1] and t.step = g.one_step
        and t.participant is not null limit 1) as participant
    from grouped g order by g.sagas desc, g.fingerprint
    limit ${Math.max(1, Math.min(limit, INCIDENTS_LISTED_MAX))}::int`.execute(db)
  return rows.map((row) => ({
    ...row,
    sagas: Number(row.sagas),
    oldest_at: Number(row.oldest_at),
    newest_at: Number(row.newest_at),
  }))
}

/** Sagas of one incident, those that have stood still for longest first. */
export async function incidentSagas(db: Db, fingerprint: string, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ saga_id: string }>`
    with ${FAILING}
    select saga_id from marked where fingerprint = ${fingerprint} group by saga_id
    order by min(at), saga_id limit ${Math.max(1, Math.min(limit, INCIDENT_SAGAS_LISTED_MAX))}::int`.execute(db)
  return rows.map(({ saga_id }) => saga_id)
}

export interface ActMark {
  readonly at: number
  readonly saga_id: string
  readonly seq: number
}

export interface ActFilter {
  readonly actor?: string
  readonly type?: string
  readonly saga?: string
  readonly after?: ActMark
  readonly limit: number
}

/** What persons have asked, newest first. `next`: where the list goes on, absent on the last page. */
export async function listActs(
  db: Db,
  { actor, type, saga, after, limit }: ActFilter,
): Promise<{ readonly acts: readonly ActRow[]; readonly next?: ActMark }> {
  let query = db.selectFrom('kasaga.acts').selectAll()
  // As it is stored: see `changeArrays`.
  if (actor !== undefined) query = query.where('actor', '=', actor.replaceAll('\0', '\ufffd').toWellFormed())
  if (type !== undefined) query = query.where('type', '=', type)
  if (saga !== undefined) query = query.where('saga_id', '=', saga)
  if (after)
    query = query.where(sql<boolean>`(at, saga_id, seq) < (${after.at}::bigint, ${after.saga_id}, ${after.seq}::int)`)
  const rows = await query
    .orderBy('at', 'desc')
    .orderBy('saga_id', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute()
  const { page: acts, last } = pageOf(rows, limit)
  return { acts, ...(last && { next: { at: last.at ?? 0, saga_id: last.saga_id, seq: last.seq } }) }
}

export interface LiveCount {
  readonly definition: string
  readonly version: number
  readonly status: string
  readonly sagas: number
  readonly oldest_at: number
}

/** How many sagas of each version live, by status. */
export async function liveCounts(db: Db): Promise<readonly LiveCount[]> {
  const { rows } = await sql<LiveCount>`
    select definition, version, status, count(*)::int as sagas, min(started_at) as oldest_at from kasaga.sagas
    where status in ('running', 'compensating', 'stuck', 'paused') and definition is not null
    group by definition, version, status order by definition, version, status`.execute(db)
  return rows.map((row) => ({ ...row, version: Number(row.version), oldest_at: Number(row.oldest_at) }))
}
