/** What the control topic says of participants, as rows, and what is read of them together with the steps that they have. */
import { type Kysely, sql } from 'kysely'
import { AGEING_MS } from '../../flow/limits.ts'
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

export interface ParticipantWork {
  readonly participant: string
  readonly held: number
  readonly oldest_held_at: number | null
  readonly in_flight: number
}

/** A held step of a saga that does not go on to that step any more is none; its row says nothing of that. */
const IS_HELD = sql<boolean>`t.status = 'held' and (t.direction = 'compensate' or s.phase = 'running')`
const IS_LIVE = sql<boolean>`s.status in ('running', 'compensating', 'stuck', 'paused')`

/** What sagas that have not ended have under way at each participant. */
export async function participantWork(db: Db): Promise<readonly ParticipantWork[]> {
  const { rows } = await sql<ParticipantWork>`
    select t.participant, (count(*) filter (where ${IS_HELD}))::int as held,
      min(t.held_at) filter (where ${IS_HELD}) as oldest_held_at,
      (count(*) filter (where t.status in ('requested', 'progressed')))::int as in_flight
    from kasaga.sagas s join kasaga.steps t using (saga_id)
    where ${IS_LIVE} and t.participant is not null and t.child_saga_id is null
      and t.status in ('held', 'requested', 'progressed')
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

export interface HeldRow {
  readonly saga_id: string
  readonly step: string
  readonly direction: string
  readonly limit_key: string | null
  readonly priority: number
  readonly paused: boolean
  readonly held_at: number | null
}

/** Priority steps that an undo is ahead; as shared/flow/call.ts orders those that wait. */
const UNDO_AHEAD = 10

/** Who waits for a participant, in the order in which they go. */
export async function heldFor(db: Db, participant: string, limit: number): Promise<readonly HeldRow[]> {
  const { rows } = await sql<HeldRow>`
    select t.saga_id, t.step, t.direction, t.limit_key, coalesce(s.priority, 5) as priority,
      s.status = 'paused' as paused, t.held_at
    from kasaga.sagas s join kasaga.steps t using (saga_id)
    where ${IS_LIVE} and t.participant = ${participant} and ${IS_HELD}
    order by t.held_at - (coalesce(s.priority, 5) + case t.direction when 'compensate' then ${UNDO_AHEAD}::int
      else 0 end) * ${AGEING_MS}::bigint, t.held_at, t.saga_id, t.step
    limit ${limit}::int`.execute(db)
  return rows
}
