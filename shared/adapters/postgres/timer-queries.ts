/** When what waits by the clock is due, as the views have it: the timers of steps, and the deadlines of sagas. */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Direction } from '../../message/ids.ts'
import type { TimerKind } from '../../view/timer-kinds.ts'
import { pageOf } from './page.ts'
import { INSIDE, NAMES, PRESENT, RENAMED, STILL_ASKED } from './still-asked.ts'
import type { ViewTables } from './view-schema.ts'

type Db<Tables extends ViewTables = ViewTables> = Kysely<Tables>

export interface TimerRow {
  readonly saga_id: string
  /** Path of the step; empty: the saga itself. */
  readonly step: string
  readonly direction: Direction
  readonly due_at: number
  readonly kind: TimerKind
  readonly attempt: number | null
  readonly participant: string | null
  /** The signal that is waited for. */
  readonly awaits: string | null
  readonly child_saga_id: string | null
  readonly lock_resource: string | null
}

/** Where a list goes on: behind the last timer of the page before. */
export type TimerMark = Pick<TimerRow, 'due_at' | 'saga_id' | 'step' | 'direction'>

export interface TimerFilter {
  readonly saga?: string
  readonly kind?: TimerKind
  /** Only what is due before this time. */
  readonly dueBefore?: number
  readonly after?: TimerMark
  readonly limit: number
}

export const TIMERS_LISTED_MAX = 1_000

/** A step that has another name by now goes on in the row that is newest. */
const IS_NEWEST = sql`(${RENAMED} is null or not exists (
  select 1 from kasaga.steps l where l.saga_id = h.saga_id and l.direction = h.direction and l.first_seq > h.first_seq
    and l.step in (select ${PRESENT} union all
      select before.key || ${INSIDE} from jsonb_each_text(${NAMES}) as before where before.value = ${RENAMED})))`

/** While a saga is paused, its times stand still, or nothing is tried again, as whoever paused it says. */
const RUNS = sql`coalesce(case when g.standing like '{%' then g.standing::jsonb ->> 'paused' end, 'no')`

const OF_STEPS = sql`
  select h.saga_id, ${PRESENT} as step, h.direction, h.due_at, h.attempts as attempt, h.participant, h.awaits,
    h.child_saga_id, h.lock_resource,
    case when h.status = 'retrying' then 'retry'
      when h.status = 'waiting' then case when h.awaits = 'time' then 'sleep' else 'signal' end
      when h.due_at = h.timeout_at then 'timeout'
      when h.status = 'progressed' then 'progress' else 'take-up' end as kind
  from kasaga.steps h join kasaga.sagas g on g.saga_id = h.saga_id
  where h.due_at is not null and ${STILL_ASKED}
    and (${RUNS} = 'no' or (${RUNS} = 'run' and h.status <> 'retrying'))
    and ${IS_NEWEST}`

const PIVOT_NAMES = sql`
  select g.pivot union all select before.key
  from jsonb_each_text(${NAMES}) as before where before.value = g.pivot`

/** The deadline counts until the pivot is on its way: from there on the pivot's answer decides. */
const OF_SAGAS = sql`
  select g.saga_id, '' as step, 'forward' as direction, g.deadline_at as due_at, null::integer as attempt,
    null as participant, null as awaits, null as child_saga_id, null as lock_resource, 'deadline' as kind
  from kasaga.sagas g
  where g.status in ('running', 'stuck', 'paused') and g.phase = 'running' and g.deadline_at is not null
    and ${RUNS} <> 'hold' and not exists (
      select 1 from kasaga.steps p where p.saga_id = g.saga_id and p.step in (${PIVOT_NAMES}) and p.direction = 'forward'
        and (p.status in ('requested', 'progressed', 'retrying', 'failed', 'succeeded', 'resolved', 'given')
          or (p.status = 'held' and p.attempts > 0)))`

/** What is due first comes first. `next`: where the list goes on, absent on the last page. */
export async function listTimers(
  db: Db,
  { saga, kind, dueBefore, after, limit: wanted }: TimerFilter,
): Promise<{ readonly timers: readonly TimerRow[]; readonly next?: TimerMark }> {
  const limit = Math.max(1, Math.min(wanted, TIMERS_LISTED_MAX))
  const wheres: RawBuilder<unknown>[] = [sql`true`]
  if (saga !== undefined) wheres.push(sql`saga_id = ${saga}`)
  if (kind !== undefined) wheres.push(sql`kind = ${kind}`)
  if (dueBefore !== undefined) wheres.push(sql`due_at < ${dueBefore}::bigint`)
  if (after)
    wheres.push(
      sql`(due_at, saga_id, step, direction) > (${after.due_at}::bigint, ${after.saga_id}, ${after.step}, ${after.direction})`,
    )
  const where = sql.join(wheres, sql` and `)
  const first = (all: RawBuilder<unknown>) => sql`
    (select * from (${all}) as pending where ${where} order by due_at, saga_id, step, direction limit ${limit + 1}::int)`
  const parts = [
    ...(kind === 'deadline' ? [] : [OF_STEPS]),
    ...(kind === undefined || kind === 'deadline' ? [OF_SAGAS] : []),
  ]
  const { rows } = await sql<TimerRow>`
    select * from (${sql.join(parts.map(first), sql` union all `)}) as timers
    order by due_at, saga_id, step, direction limit ${limit + 1}::int`.execute(db)
  const { page, last } = pageOf(
    rows.map((row) => ({ ...row, due_at: Number(row.due_at) })),
    limit,
  )
  return { timers: page, ...(last && { next: last }) }
}
