/** Rows of the views as the API answers them. Pure. */

import type { HistoryEvent, SagaMark, SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import {
  type EventAnswer,
  type LockAnswer,
  type SagaAnswer,
  type SagaDetail,
  SagaStatusName,
  type ShownStatus,
  type StepAnswer,
} from '../../shared/client/http-api.ts'
import type { Place } from '../../shared/client/place.ts'
import { isWithin } from '../../shared/message/step-path.ts'
import { hashOf } from '../../shared/runtime/plan-of.ts'
import { isChanged } from '../../shared/saga/decide.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import type { AttributeRow, StepRow } from '../../shared/view/saga-tables.ts'
import { standingOf } from '../../shared/view/standing.ts'

function time(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function direction(text: string | null): 'forward' | 'compensate' {
  return text === 'compensate' ? 'compensate' : 'forward'
}

type Shown = (typeof ShownStatus)['options'][number]

/** What a person is shown. Stuck is stuck, and a compensation that a person asked for is a cancel. */
export function shownStatus(row: SagaView): Shown {
  if (row.quarantined !== null || row.status === null) return 'unreadable'
  if (row.stopped_why !== null) return 'stopped'
  switch (row.status) {
    case 'running':
      if (row.awaits !== null || row.held_for !== null) return 'waiting'
      return row.retry_at === null ? 'running' : 'retrying'
    case 'compensated':
      return row.cause === 'cancelled' ? 'cancelled' : 'compensated'
    case 'compensating':
    case 'stuck':
    case 'paused':
    case 'completed':
    case 'failed':
      return row.status
    default:
      return 'unreadable'
  }
}

function statusOf({ status }: SagaView): SagaAnswer['status'] {
  return SagaStatusName.safeParse(status).data ?? null
}

function currentOf(row: SagaView): SagaAnswer['current'] {
  if (row.current_step === null || row.ended_at !== null) return null
  return {
    step: row.current_step,
    direction: direction(row.direction),
    attempt: row.attempt,
    timeoutAt: time(row.timeout_at),
    retryAt: time(row.retry_at),
    awaits: row.awaits,
    heldFor: row.held_for,
  }
}

/** One saga. */
export function sagaAnswer(row: SagaView, definitions: Definitions): SagaAnswer {
  const { cause, cause_step, cause_code, cause_message } = row
  return {
    id: row.saga_id,
    definition: row.definition,
    version: row.version,
    status: statusOf(row),
    shown: shownStatus(row),
    current: currentOf(row),
    cause: cause === null ? null : { kind: cause, step: cause_step, code: cause_code, message: cause_message },
    ...personsOf(row),
    waitsForDefinition: missingPlan(row, definitions),
    parent: row.parent_saga_id === null ? null : { saga: row.parent_saga_id, step: row.parent_step ?? '' },
    origin: row.origin_saga_id === null ? null : { saga: row.origin_saga_id, step: row.origin_step ?? '' },
    stuck: row.status === 'stuck' ? { step: row.stuck_step, code: row.error_code, message: row.error_message } : null,
    priority: row.priority,
    cancelRequested: row.cancel_requested === true,
    quarantined: row.quarantined,
    stopped: stoppedOf(row),
    events: row.seq,
    partition: row.partition,
    startedAt: time(row.started_at),
    updatedAt: time(row.updated_at),
    endedAt: time(row.ended_at),
    deadlineAt: time(row.deadline_at),
    durationMs: row.duration_ms,
  }
}

function stoppedOf({ stopped_why: why, stopped_since: since }: SagaView): SagaAnswer['stopped'] {
  return why === null || since === null ? null : { why, since: new Date(since).toISOString() }
}

/** What keeps a saga waiting, as far as this gateway's definitions are the orchestrators'. */
function missingPlan(row: SagaView, definitions: Definitions): SagaAnswer['waitsForDefinition'] {
  if (row.ended_at !== null || row.definition === null || row.version === null) return null
  const found = definitions.find(row.definition, row.version)
  if (!found) return 'unknown-definition'
  return isChanged({ definitionHash: row.definition_hash ?? undefined }, hashOf(found)) ? 'definition-changed' : null
}

/** What a person has to look at, or should know of. */
function personsOf(row: SagaView): Pick<SagaAnswer, 'parked' | 'incident'> {
  const { incident, incident_actor: actor, incident_reason: reason } = row
  const parked = row.status === 'stuck' ? standingOf(row.standing).parked : []
  return {
    parked: parked.map(([step, code, message]) => ({ step, code, message })),
    incident: incident === null ? null : { kind: incident, actor, reason },
  }
}

/** Statuses of a step that nobody asks for any more once its saga, or the scope around it, goes forward no longer. */
const OPEN: readonly (string | null)[] = ['requested', 'held', 'progressed', 'retrying', 'waiting', 'open']

/** What a step's row does not tell by itself. */
interface Around {
  /** Whether its saga, or the scope around it, goes forward no longer. */
  readonly isOver: (step: string) => boolean
  readonly isParked: (step: string) => boolean
  /** Who holds the locks that are waited for. */
  readonly held: ReadonlyMap<string, LockAnswer['holders']>
}

/** A step that was open when all around it turned back, or was held and is parked now, has no event of its own that says so. */
function stepStatus({ step, direction, status }: StepRow, { isOver, isParked }: Around): string | null {
  if (direction === 'forward' && OPEN.includes(status) && isOver(step)) return 'left'
  return status === 'held' && isParked(step) ? 'parked' : status
}

function stepAnswer(row: StepRow, around: Around): StepAnswer {
  return {
    step: row.step,
    direction: direction(row.direction),
    status: stepStatus(row, around),
    block: row.block,
    child: row.child_saga_id,
    lock: lockOf(row, around),
    attempts: row.attempts,
    participant: row.participant,
    command: row.command_type,
    requestedAt: time(row.requested_at),
    finishedAt: time(row.finished_at),
    timeoutAt: time(row.timeout_at),
    retryAt: time(row.retry_at),
    heldAt: time(row.held_at),
    limitKey: row.limit_key,
    progress: progressOf(row),
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message },
  }
}

function lockOf({ lock_resource: resource, direction: way, status }: StepRow, { held }: Around): StepAnswer['lock'] {
  if (resource === null) return null
  const waits = way === 'forward' && status === 'requested'
  const holders = waits ? (held.get(resource) ?? []) : []
  return { resource, holders: holders.map(({ saga, since }) => ({ saga, since })) }
}

/** Resources of the locks that steps of a saga wait for. */
export function locksAwaited(row: SagaView, steps: readonly StepRow[]): string[] {
  if (row.ended_at !== null) return []
  const waiting = steps.filter(({ direction: way, status }) => way === 'forward' && status === 'requested')
  return [...new Set(waiting.flatMap(({ lock_resource }) => (lock_resource === null ? [] : [lock_resource])))]
}

interface SagaRows {
  readonly row: SagaView
  readonly steps: readonly StepRow[]
  readonly attributes: readonly AttributeRow[]
  readonly held?: Around['held']
}

function progressOf({ progress, progress_at, progress_cut_from: cutFrom }: StepRow): StepAnswer['progress'] {
  if (progress === null) return null
  const payload: unknown = cutFrom === null ? JSON.parse(progress) : progress
  return { payload, at: new Date(progress_at ?? 0).toISOString(), cutFrom }
}

/** One saga with its steps, in the order that they began. */
export function sagaDetail(saga: SagaAnswer, { row, steps, attributes, held = new Map() }: SagaRows): SagaDetail {
  const turned = steps.filter(({ step }) => step.endsWith(']'))
  const isOver = (path: string) => row.phase !== 'running' || turned.some(({ step }) => isWithin(path, step))
  const parked = new Set(saga.parked.map(({ step }) => step))
  const isParked = (path: string) => parked.has(path)
  return {
    ...saga,
    attributes: Object.fromEntries(attributes.map((one) => [one.name, attributeValue(one)])),
    steps: steps.map((step) => stepAnswer(step, { isOver, isParked, held })),
    links: linksOf(row.saga_id),
  }
}

function attributeValue({ type, value, number }: AttributeRow): string | number | boolean {
  if (type === 'number') return number ?? 0
  return type === 'boolean' ? value === 'true' : (value ?? '')
}

/** One event. */
export function eventAnswer(row: HistoryEvent): EventAnswer {
  const { topic, partition, offset } = row
  return {
    seq: row.seq,
    type: row.type ?? 'unknown',
    at: time(row.at),
    causationId: row.causation_id,
    place: topic === null || partition === null ? null : { topic, partition, offset },
    data: row.data,
  }
}

/** Where to look next; `result` waits until the views have seen the command, and the saga has come to rest. */
export function linksOf(id: string, place?: Place): SagaDetail['links'] {
  const self = `/v1/sagas/${id}`
  const atLeast = place ? `atLeast=${place.partition}:${place.offset}&` : ''
  return { self, history: `${self}/history`, result: `${self}?${atLeast}until=settled` }
}

/** A place on the wire. */
export function placeAnswer(place: Place): { topic: string; partition: number; offset: string } {
  return { topic: place.topic, partition: place.partition, offset: String(place.offset) }
}

/** Where a list goes on, as text that comes back as `after`. No saga id has a `~`. */
export function markText(mark: SagaMark | undefined): string | null {
  return mark ? `${mark.started_at}~${mark.saga_id}` : null
}

/** The mark of such a text, which its schema has checked. */
export function markOf(text: string): SagaMark {
  const [startedAt = '', saga = ''] = text.split('~')
  return { started_at: Number(startedAt), saga_id: saga }
}
