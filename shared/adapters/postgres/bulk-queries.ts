/** What a bulk act asks of the views: which sagas are meant, and how each stands to the act. Every list is bounded. */
import { type Kysely, sql } from 'kysely'
import type { SagaStatus } from '../../view/standing.ts'
import { isMeant, isParkedAt, isUnderWayAt, type SagaCriteria } from './saga-filter.ts'
import type { SagaMark } from './view-queries.ts'
import type { ViewTables } from './view-schema.ts'

type Db = Kysely<ViewTables>

/** What decides whether a saga is open to an act. */
export interface ActStanding {
  readonly status: SagaStatus | null
  readonly phase: string | null
  readonly ended: boolean
  /** Nothing is decided for it. */
  readonly stopped: boolean
  /** An event of it cannot be read. */
  readonly unreadable: boolean
  /** It waits for a person at the step that the act is about. */
  readonly parked: boolean
  /** That step of it has begun, and is not over. */
  readonly underWay: boolean
}

export interface StandingCount extends ActStanding {
  readonly sagas: number
}

export interface StandingSaga extends ActStanding {
  readonly saga_id: string
}

/** `step`: what the act is about; absent: the saga. */
function standing(step: string | undefined) {
  return sql`status, phase, ended_at is not null as ended, quarantined is not null as unreadable,
    exists (select 1 from kasaga.stopped_sagas stop
      where stop.saga_id = kasaga.sagas.saga_id and stop.is_stopped) as stopped,
    ${step === undefined ? sql`false` : isParkedAt(step)} as parked,
    ${step === undefined ? sql`false` : isUnderWayAt(step)} as "underWay"`
}

/** How many sagas are meant, by how they stand to the act. */
export async function countStandings(db: Db, filter: SagaCriteria, step?: string): Promise<readonly StandingCount[]> {
  const { rows } = await sql<StandingCount>`
    select status, phase, ended, unreadable, stopped, parked, "underWay", count(*)::int as sagas
    from (select ${standing(step)} from kasaga.sagas where ${isMeant(filter)}) as meant
    group by status, phase, ended, unreadable, stopped, parked, "underWay"`.execute(db)
  return rows
}

/** Those that are meant, the oldest first: at most so many, behind a mark. */
export async function meantSagas(
  db: Db,
  filter: SagaCriteria,
  page: { readonly limit: number; readonly after?: SagaMark | undefined },
): Promise<readonly SagaMark[]> {
  const { after, limit } = page
  const behind = after ? sql`(started_at, saga_id) > (${after.started_at}::bigint, ${after.saga_id})` : sql`true`
  const { rows } = await sql<SagaMark>`
    select started_at, saga_id from kasaga.sagas where ${isMeant(filter)} and ${behind}
    order by started_at, saga_id limit ${limit}::int`.execute(db)
  return rows.map(({ started_at, saga_id }) => ({ started_at: Number(started_at), saga_id }))
}

/** How these sagas stand to the act; nothing of one that the views do not know. */
export async function standingsOf(db: Db, ids: readonly string[], step?: string): Promise<readonly StandingSaga[]> {
  const { rows } = await sql<StandingSaga>`
    select saga_id, ${standing(step)} from kasaga.sagas where saga_id = any(${[...ids]}::text[])`.execute(db)
  return rows
}
