/** Which sagas are meant: the one filter of lists and of bulk acts, as a condition on `kasaga.sagas`. */
import { type RawBuilder, sql } from 'kysely'
import type { SagaStatus } from '../../view/standing.ts'
import { FAILING } from './operator-queries.ts'

/** What a list can be narrowed to: a status, or those that nothing is decided for. */
export type ListedStatus = SagaStatus | 'stopped'

/** All that is given must hold. */
export interface SagaCriteria {
  readonly status?: ListedStatus | undefined
  readonly definition?: string | undefined
  readonly version?: number | undefined
  /** Path of a step that is under way or waits for a person; with `[]` for the items of a block: whichever item. */
  readonly step?: string | undefined
  /** That such a step is waited for of. */
  readonly participant?: string | undefined
  /** Fingerprint of an incident. */
  readonly incident?: string | undefined
  readonly priority?: number | undefined
  /** Beginning of the saga's id. */
  readonly idPrefix?: string | undefined
  /** Value of each attribute, as text: all of them are asked for. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** Milliseconds since the epoch. */
  readonly startedFrom?: number | undefined
  readonly startedBefore?: number | undefined
}

/** Of a saga that waits for a person: the paths of what is parked, `null` for its output. */
const PARKED = sql`jsonb_array_elements((nullif(kasaga.sagas.standing, ''))::jsonb -> 'parked')`
/** Of a saga that has turned back what was under way on its way forward is left, and is waited for no more. */
const UNDER_WAY = sql`t.status in ('requested', 'progressed', 'held', 'retrying', 'waiting', 'open')
  and kasaga.sagas.ended_at is null and (t.direction = 'compensate' or kasaga.sagas.phase = 'running')`

/** Whether a path is the one that is asked for, or an item of it. */
const isStep = (path: RawBuilder<unknown>, asked: string) =>
  sql`${asked} in (${path}, regexp_replace(${path}, '\\[\\d+\\]', '[]', 'g'))`

/** A saga waits for a person at that step. */
export function isParkedAt(step: string): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from ${PARKED} as p (parked) where ${isStep(sql`p.parked ->> 0`, step)})`
}

/** That step of a saga has begun, and is not over. */
export function isUnderWayAt(step: string): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from kasaga.steps t where t.saga_id = kasaga.sagas.saga_id
    and t.direction = 'forward' and ${UNDER_WAY} and ${isStep(sql`t.step`, step)})`
}

const isStopped = sql<boolean>`exists (select 1 from kasaga.stopped_sagas stop
  where stop.saga_id = kasaga.sagas.saga_id and stop.is_stopped)`

function standsAt(step: string): RawBuilder<boolean> {
  return sql<boolean>`(exists (select 1 from kasaga.steps t where t.saga_id = kasaga.sagas.saga_id
      and ${UNDER_WAY} and ${isStep(sql`t.step`, step)}) or ${isParkedAt(step)})`
}

function waitsFor(participant: string): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from kasaga.steps t where t.saga_id = kasaga.sagas.saga_id
    and t.participant = ${participant} and (${UNDER_WAY}
      or exists (select 1 from ${PARKED} as p (parked) where p.parked ->> 0 = t.step)))`
}

function isOfIncident(fingerprint: string): RawBuilder<boolean> {
  return sql<boolean>`kasaga.sagas.saga_id in (
    with ${FAILING} select marked.saga_id from marked where marked.fingerprint = ${fingerprint})`
}

function hasAttribute([name, value]: readonly [string, string]): RawBuilder<boolean> {
  return sql<boolean>`kasaga.sagas.saga_id in (
    select saga_id from kasaga.saga_attributes where name = ${name} and value = ${value})`
}

/** True of the sagas that are meant; of all, where nothing is given. */
export function isMeant(filter: SagaCriteria): RawBuilder<boolean> {
  const { status, definition, version, step, participant, incident, priority, idPrefix, attributes = {} } = filter
  const { startedFrom, startedBefore } = filter
  const all = [
    sql<boolean>`true`,
    ...(status === undefined ? [] : [status === 'stopped' ? isStopped : sql<boolean>`status = ${status}`]),
    ...(definition === undefined ? [] : [sql<boolean>`definition = ${definition}`]),
    ...(version === undefined ? [] : [sql<boolean>`version = ${version}::int`]),
    ...(priority === undefined ? [] : [sql<boolean>`priority = ${priority}::int`]),
    ...(idPrefix === undefined ? [] : [sql<boolean>`starts_with(saga_id, ${idPrefix})`]),
    ...(startedFrom === undefined ? [] : [sql<boolean>`started_at >= ${startedFrom}::bigint`]),
    ...(startedBefore === undefined ? [] : [sql<boolean>`started_at < ${startedBefore}::bigint`]),
    ...Object.entries(attributes).map(hasAttribute),
    ...(step === undefined ? [] : [standsAt(step)]),
    ...(participant === undefined ? [] : [waitsFor(participant)]),
    ...(incident === undefined ? [] : [isOfIncident(incident)]),
  ]
  return sql<boolean>`${sql.join(all, sql` and `)}`
}
