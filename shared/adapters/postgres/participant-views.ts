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
}

/** Commands to each participant that were sent and not answered, of sagas that have not ended. */
export async function callsInFlight(db: Db): Promise<readonly CallsInFlight[]> {
  const { rows } = await sql<CallsInFlight>`
    select t.participant, count(*)::int as calls
    from kasaga.sagas s join kasaga.steps t using (saga_id)
    where s.status in ('running', 'compensating', 'stuck', 'paused') and t.status in ('requested', 'progressed')
      and t.participant is not null and t.child_saga_id is null
    group by t.participant order by t.participant`.execute(db)
  return rows
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
