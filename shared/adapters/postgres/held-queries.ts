/** Who waits for which participant, as the views have it. What turned back while it was held has no event that says so, so it is left out here. */
import { type Kysely, sql } from 'kysely'
import { UNDO_AHEAD } from '../../flow/call.ts'
import { AGEING_MS } from '../../flow/limits.ts'
import type { Direction } from '../../message/ids.ts'
import { STILL_ASKED } from './still-asked.ts'
import type { ViewTables } from './view-schema.ts'

type Db<Tables extends ViewTables = ViewTables> = Kysely<Tables>

export interface HeldRow {
  readonly saga_id: string
  /** Path of the step. */
  readonly step: string
  readonly direction: Direction
  readonly participant: string
  readonly limit_key: string | null
  /** Since when, milliseconds since the epoch. */
  readonly held_at: number
  /** Of its saga: 9 is first. */
  readonly priority: number
  /** Its saga is paused: it keeps its place, and is not admitted until that is resumed. */
  readonly paused: boolean
}

export interface HeldCount {
  readonly participant: string
  readonly held: number
  /** Since when the oldest waits. */
  readonly oldest_at: number
}

export const HELD_LISTED_MAX = 1_000

/** Rows that say that they are held, and are. */
const HELD = sql`
  from kasaga.steps h join kasaga.sagas g on g.saga_id = h.saga_id
  where h.held_at is not null and h.status = 'held' and ${STILL_ASKED}`

/** Steps that wait, in the order in which a process lets them go: see `rankOf`, which this says again. */
export async function heldStepsOf(
  db: Db,
  { participant = null, limit = 100 }: { readonly participant?: string | null; readonly limit?: number } = {},
): Promise<readonly HeldRow[]> {
  const { rows } = await sql<HeldRow>`
    select h.saga_id, h.step, h.direction, h.participant, h.limit_key, h.held_at, coalesce(g.priority, 5) as priority,
      g.status = 'paused' as paused
    ${HELD} and (${participant}::text is null or h.participant = ${participant})
    order by h.held_at - (coalesce(g.priority, 5) + case h.direction when 'compensate' then ${UNDO_AHEAD}::int else 0 end)
      * ${AGEING_MS}::bigint, h.held_at, h.saga_id, h.first_seq
    limit ${Math.max(1, Math.min(limit, HELD_LISTED_MAX))}`.execute(db)
  return rows
}

/** How many wait for each participant that any wait for. */
export async function heldCounts(db: Db): Promise<readonly HeldCount[]> {
  const { rows } = await sql<{ participant: string; held: number | string; oldest_at: number | string }>`
    select h.participant, count(*) as held, min(h.held_at) as oldest_at ${HELD}
    group by h.participant order by h.participant`.execute(db)
  return rows.map((row) => ({ ...row, held: Number(row.held), oldest_at: Number(row.oldest_at) }))
}
