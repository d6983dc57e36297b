/** What the control topic says of participants, as rows, and what is read of them. */
import { type Kysely, sql } from 'kysely'

export interface ParticipantLimitsRow {
  participant: string
  /** JSON text; null: none is set. */
  limits: string | null
  actor: string
  reason: string
  set_at: number
  /** Where it stands in the control topic: what comes later holds. */
  topic_offset: string | bigint
}

export interface ParticipantBreakersRow {
  participant: string
  /** Names an orchestrator's process. */
  process: string
  is_open: boolean
  since: number
  failures: number
  calls: number
  said_at: number
  topic_offset: string | bigint
}

export interface ParticipantTables {
  'kasaga.participant_limits': ParticipantLimitsRow
  'kasaga.participant_breakers': ParticipantBreakersRow
}

type Db<Tables extends ParticipantTables = ParticipantTables> = Kysely<Tables>

export interface CallsInFlight {
  readonly participant: string
  readonly calls: number
  /** When the oldest of them was sent. */
  readonly oldest_at: number
}

/** Commands to each participant that were sent and not answered, of sagas that have not ended. */
export async function callsInFlight(db: Db): Promise<readonly CallsInFlight[]> {
  const { rows } = await sql<CallsInFlight>`
    select t.participant, count(*)::int as calls, min(t.attempt_at) as oldest_at
    from kasaga.sagas s join kasaga.steps t using (saga_id)
    where s.status in ('running', 'compensating', 'stuck', 'paused') and t.status in ('requested', 'progressed')
      and t.participant is not null and t.child_saga_id is null
    group by t.participant order by t.participant`.execute(db)
  return rows
}

/** How a participant has answered in a while: of the steps, and undos, that came to an end in it. */
export interface RecentCalls {
  readonly participant: string
  readonly steps: number
  /** Of all of them together, from their beginning. */
  readonly attempts: number
  /** Attempts that were not answered in time. */
  readonly timeouts: number
  /** Answers that came after their attempt had been given up, and counted. */
  readonly late: number
  /** Milliseconds from the command to its answer, of the attempt that was answered; null: none was. */
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** Steps that are looked at: of more, as many are, whichever. */
export const RECENT_STEPS_MAX = 500_000

/** By participant, of what has ended from that time on. */
export async function recentCalls(
  db: Db,
  endedFrom: number,
  stepsMax = RECENT_STEPS_MAX,
): Promise<readonly RecentCalls[]> {
  const { rows } = await sql<RecentCalls & { readonly took: readonly number[] | null }>`
    select participant, count(*)::int as steps, sum(attempts)::int as attempts, sum(coalesce(timeouts, 0))::int as timeouts,
      (count(*) filter (where answered <= timed_out))::int as late,
      percentile_disc(array[0.5, 0.95, 0.99]) within group (order by (finished_at - attempt_at)::double precision)
        filter (where answered = attempts) as took
    from (
      select participant, attempts, timeouts, answered, timed_out, finished_at, attempt_at from kasaga.steps
      where finished_at >= ${endedFrom}::bigint and participant is not null and attempts > 0
        and child_saga_id is null and lock_resource is null
      limit ${Math.max(1, stepsMax)}::int
    ) as recent
    group by participant order by participant`.execute(db)
  return rows.map(({ took, ...row }) => {
    const [p50 = null, p95 = null, p99 = null] = took ?? []
    return { ...row, p50, p95, p99 }
  })
}

export async function participantLimits(db: Db): Promise<readonly ParticipantLimitsRow[]> {
  const { rows } = await sql<ParticipantLimitsRow>`
    select * from kasaga.participant_limits order by participant`.execute(db)
  return rows
}

/** Those that are open, and were said to be since a time: a process that died says nothing any more. */
export async function openBreakers(db: Db, saidFrom: number): Promise<readonly ParticipantBreakersRow[]> {
  const { rows } = await sql<ParticipantBreakersRow>`
    select * from kasaga.participant_breakers where is_open and said_at >= ${saidFrom}::bigint
    order by participant, since, process`.execute(db)
  return rows
}
