/** What each event changes of a step's row; most events of a saga are of one of its steps. */
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Direction } from '../message/ids.ts'
import { capped } from './capped.ts'
import type { LogEvent } from './projection.ts'
import type { steps } from './saga-tables.ts'
import { progressColumns } from './step-progress.ts'
import type { ChangeOf } from './table.ts'

type Change = ChangeOf<typeof steps>
type Course = readonly [step: string, direction: Direction, change: Omit<Change, keyof Key>]

function errorOf(error: StepError): Pick<Change, 'error_code' | 'error_message'> {
  return { error_code: error.code, error_message: capped(error.message) }
}

type Requested = Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>

/** The first of some times; null: there is none. */
function firstOf(...times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((at) => typeof at === 'number')
  return known.length === 0 ? null : Math.min(...known)
}

function requested(event: Requested, at: number) {
  const { participant, key, commandType, attempt, timeoutAt, takeUpAt, child, lock } = event
  const to = { participant, limit_key: key, command_type: commandType }
  const asked = { requested_at: at, attempt_at: at, ...to, attempts: attempt }
  const due = { timeout_at: timeoutAt, due_at: firstOf(timeoutAt, takeUpAt) }
  return { status: 'requested', ...due, child_saga_id: child, lock_resource: lock?.resource, ...asked }
}

/** Nothing is sent yet: its attempts are what they were. */
function held({ participant, key }: Extract<SagaEvent, { type: 'step-held' | 'compensation-held' }>, at: number) {
  return { status: 'held', participant, limit_key: key, held_at: at }
}

function progressed(
  { timeoutAt, progressAt, payload }: Extract<SagaEvent, { type: 'step-progressed' | 'compensation-progressed' }>,
  at: number,
) {
  const due = { timeout_at: timeoutAt, due_at: firstOf(timeoutAt, progressAt) }
  return { status: 'progressed', ...due, ...progressColumns(payload, at) }
}

/** Nothing is sent: it has no attempts. */
function begun(status: string, at: number) {
  return { status, attempts: 0, requested_at: at }
}

function failed({ attempt, retryAt, error }: Extract<SagaEvent, { retryAt: number | null }>, at: number) {
  const why = { ...errorOf(error), ...(error.kind === 'timeout' ? unanswered(attempt) : answered(attempt)) }
  if (retryAt === null) return { status: 'failed', finished_at: at, ...why }
  return { status: 'retrying', retry_at: retryAt, due_at: retryAt, ...why }
}

const unanswered = (attempt: number) => ({ timeouts: 1, timed_out: attempt })
const answered = (attempt: number) => ({ answered: attempt })

function rejected({ attempt, error }: Extract<SagaEvent, { type: 'step-rejected' }>, at: number) {
  const why = error.kind === 'timeout' ? unanswered(attempt) : answered(attempt)
  return { status: 'rejected', finished_at: at, ...errorOf(error), ...why }
}

/** The part that depends on the type of the event; `undefined` for one that is not about a step's course. */
function courseOf(event: SagaEvent, at: number): Course | undefined {
  switch (event.type) {
    case 'step-requested':
    case 'compensation-requested':
      return [event.step, directionOf(event.type), requested(event, at)]
    case 'step-held':
    case 'compensation-held':
      return [event.step, directionOf(event.type), held(event, at)]
    case 'step-progressed':
    case 'compensation-progressed':
      return [event.step, directionOf(event.type), progressed(event, at)]
    case 'step-succeeded':
    case 'compensation-succeeded':
      return [event.step, directionOf(event.type), { status: 'succeeded', finished_at: at, ...answered(event.attempt) }]
    case 'step-rejected':
      return [event.step, 'forward', rejected(event, at)]
    case 'step-failed':
    case 'compensation-failed':
      return [event.step, directionOf(event.type), failed(event, at)]
    default:
      return courseWithoutCommand(event, at)
  }
}

function waiting({ until, signal }: Extract<SagaEvent, { type: 'wait-started' }>, at: number) {
  return { ...begun('waiting', at), timeout_at: until, due_at: until, awaits: signal ?? 'time' }
}

function courseWithoutCommand(event: SagaEvent, at: number): Course | undefined {
  switch (event.type) {
    case 'step-skipped':
      return [event.step, 'forward', { ...begun('skipped', at), finished_at: at }]
    case 'step-computed':
      return [event.step, 'forward', { ...begun('succeeded', at), finished_at: at }]
    case 'wait-started':
      return [event.step, 'forward', waiting(event, at)]
    case 'block-started':
      return [event.step, 'forward', { ...begun('open', at), block: event.block }]
    case 'wait-ended':
    case 'block-completed':
      return [event.step, 'forward', { status: 'succeeded', finished_at: at }]
    case 'late-success':
      return [event.step, 'forward', { status: 'succeeded', finished_at: at, ...answered(event.attempt) }]
    case 'undo-resolved':
      return [event.step, 'compensate', { status: 'resolved', finished_at: at }]
    case 'step-resolved':
      return [event.step, 'forward', { status: 'resolved', finished_at: at }]
    case 'failure-resolved':
      return [event.step, 'forward', { status: 'rejected', finished_at: at, ...errorOf(event.error) }]
    case 'compensation-started':
      return event.scope === undefined ? undefined : [event.scope, 'compensate', begun('undoing', at)]
    case 'scope-compensated':
      return [event.scope, 'compensate', { status: 'succeeded', finished_at: at }]
    default:
      return undefined
  }
}

type Key = Pick<Change, 'saga_id' | 'step' | 'direction'>

function directionOf(type: string): Direction {
  return type.startsWith('step-') ? 'forward' : 'compensate'
}

/** Rows of steps that have another name from now on: they stay as they are, and say where it goes on. */
export function renamedRows({ sagaId, event }: LogEvent): readonly Change[] {
  if (event.type !== 'saga-migrated') return []
  return Object.entries(event.renames ?? {}).flatMap(([step, renamed_to]) =>
    DIRECTIONS.map((direction) => ({ saga_id: sagaId, step, direction, renamed_to })),
  )
}

const DIRECTIONS: readonly Direction[] = ['forward', 'compensate']

/** What an event changes of its step's row, if it is about one. */
export function stepChange({ sagaId, seq, at, event }: LogEvent): Change | undefined {
  const course = courseOf(event, at)
  if (!course) return undefined
  const [step, direction, change] = course
  return { saga_id: sagaId, step, direction, first_seq: seq, ...change }
}
