/** What the control topic says, as rows: of participants, and of sagas that nothing is decided for. */
import { type Kysely, sql } from 'kysely'
import type { ControlFacts, ControlViewWriter } from '../../ports/view-store.ts'
import type { ParticipantTables } from './participant-views.ts'
import { classified } from './view-trouble.ts'

export interface StoppedSagaRow {
  saga_id: string
  /** False: it is decided for again, as far as is known. */
  is_stopped: boolean
  why: string
  since: number
  /** Where it stands in the control topic: what comes later holds. */
  topic_offset: string | bigint
}

export interface ControlTables extends ParticipantTables {
  'kasaga.stopped_sagas': StoppedSagaRow
}

type Db<Tables extends ControlTables = ControlTables> = Kysely<Tables>

/** Writes what the control topic says. What is older than what stands there changes nothing, so several may write. */
export class KyselyControlViews implements ControlViewWriter {
  readonly #db: Db

  constructor(db: Db) {
    this.#db = db
  }

  async replace(facts: ControlFacts): Promise<void> {
    await classified(() =>
      this.#db.transaction().execute(async (tx) => {
        await sql`delete from kasaga.participant_limits`.execute(tx)
        await sql`delete from kasaga.participant_breakers`.execute(tx)
        await sql`delete from kasaga.stopped_sagas`.execute(tx)
        await put(tx, facts)
      }),
    )
  }

  async put(facts: ControlFacts): Promise<void> {
    await classified(() => this.#db.transaction().execute((tx) => put(tx, facts)))
  }
}

async function put(db: Db, { limits, breakers, sagas }: ControlFacts): Promise<void> {
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
  for (const { saga, isStopped, why, since, offset } of sagas)
    await sql`
      insert into kasaga.stopped_sagas as known (saga_id, is_stopped, why, since, topic_offset)
      values (${saga}, ${isStopped}, ${why}, ${since}, ${String(offset)}::bigint)
      on conflict (saga_id) do update set is_stopped = excluded.is_stopped, why = excluded.why, since = excluded.since,
        topic_offset = excluded.topic_offset
      where known.topic_offset < excluded.topic_offset`.execute(db)
}
