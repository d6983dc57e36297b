/** What the control topic says of participants, as rows, and what is read of them. */
import { type Kysely, sql } from 'kysely'
import type { ParticipantFacts, ParticipantViewWriter } from '../../ports/view-store.ts'
import { classified } from './view-trouble.ts'

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

/** Writes what the control topic says. What is older than what stands there changes nothing, so several may write. */
export class KyselyParticipantViews implements ParticipantViewWriter {
  readonly #db: Db

  constructor(db: Db) {
    this.#db = db
  }

  async replace(facts: ParticipantFacts): Promise<void> {
    await classified(() =>
      this.#db.transaction().execute(async (tx) => {
        await sql`delete from kasaga.participant_limits`.execute(tx)
        await sql`delete from kasaga.participant_breakers`.execute(tx)
        await put(tx, facts)
      }),
    )
  }

  async put(facts: ParticipantFacts): Promise<void> {
    await classified(() => this.#db.transaction().execute((tx) => put(tx, facts)))
  }
}

async function put(db: Db, { limits, breakers }: ParticipantFacts): Promise<void> {
  for (const { participant, json, actor, reason, at, offset } of limits)
    await sql`
      insert into kasaga.participant_limits as known (participant, limits, actor, reason, set_at, topic_offset)
      values (${participant}, ${json}, ${actor}, ${reason}, ${at}, ${String(offset)}::bigint)
      on conflict (participant) do update set limits = excluded.limits, actor = excluded.actor,
        reason = excluded.reason, set_at = excluded.set_at, topic_offset = excluded.topic_offset
      where known.topic_offset < excluded.topic_offset`.execute(db)
  for (const { participant, process, isOpen, since, failures, calls, at, offset } of breakers)
    await sql`
      insert into kasaga.participant_breakers as known
        (participant, process, is_open, since, failures, calls, said_at, topic_offset)
      values (${participant}, ${process}, ${isOpen}, ${since}, ${failures}, ${calls}, ${at}, ${String(offset)}::bigint)
      on conflict (participant, process) do update set is_open = excluded.is_open, since = excluded.since,
        failures = excluded.failures, calls = excluded.calls, said_at = excluded.said_at,
        topic_offset = excluded.topic_offset
      where known.topic_offset < excluded.topic_offset`.execute(db)
}

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
