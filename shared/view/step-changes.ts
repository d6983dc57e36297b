/** What each event changes of a step's row; most events of a saga are of one of its steps. */
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Direction } from '../message/ids.ts'
import type { LogEvent } from './projection.ts'
import type { steps } from './saga-tables.ts'
import type { ChangeOf } from './table.ts'

type Change = ChangeOf<typeof steps>
type StepEvent = Extract<SagaEvent, { step: string }>

function errorOf(error: StepError): Pick<Change, 'error_code' | 'error_message'> {
  return { error_code: error.code, error_message: error.message }
}

/** The part that depends on the type of the event; `undefined` for one that is not about a step's course. */
function courseOf(event: StepEvent | SagaEvent, at: number): readonly [Direction, Omit<Change, keyof Key>] | undefined {
  switch (event.type) {
    case 'step-requested':
    case 'compensation-requested': {
      const { participant, commandType, attempt, timeoutAt } = event
      const asked = { requested_at: at, attempt_at: at, participant, command_type: commandType, attempts: attempt }
      return [directionOf(event.type), { status: 'requested', timeout_at: timeoutAt, ...asked }]
    }
    case 'step-progressed':
    case 'compensation-progressed':
      return [directionOf(event.type), { status: 'progressed', timeout_at: event.timeoutAt }]
    case 'step-succeeded':
    case 'compensation-succeeded':
      return [directionOf(event.type), { status: 'succeeded', finished_at: at }]
    case 'step-skipped':
      return ['forward', { status: 'skipped', attempts: 0, requested_at: at, finished_at: at }]
    case 'step-computed':
      return ['forward', { status: 'succeeded', attempts: 0, requested_at: at, finished_at: at }]
    case 'wait-started':
      return ['forward', { status: 'waiting', attempts: 0, requested_at: at, timeout_at: event.until }]
    case 'wait-ended':
      return ['forward', { status: 'succeeded', finished_at: at }]
    case 'step-rejected':
      return ['forward', { status: 'rejected', finished_at: at, ...errorOf(event.error) }]
    case 'step-failed':
    case 'compensation-failed': {
      const error = errorOf(event.error)
      if (event.retryAt === null) return [directionOf(event.type), { status: 'failed', finished_at: at, ...error }]
      return [directionOf(event.type), { status: 'retrying', retry_at: event.retryAt, ...error }]
    }
    default:
      return undefined
  }
}

type Key = Pick<Change, 'saga_id' | 'step' | 'direction'>

function directionOf(type: string): Direction {
  return type.startsWith('step-') ? 'forward' : 'compensate'
}

/** What an event changes of its step's row, if it is about one. */
export function stepChange({ sagaId, seq, at, event }: LogEvent): Change | undefined {
  const course = courseOf(event, at)
  if (!course || !('step' in event) || event.step === null) return undefined
  const [direction, change] = course
  return { saga_id: sagaId, step: event.step, direction, first_seq: seq, ...change }
}
