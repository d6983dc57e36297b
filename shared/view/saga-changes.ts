/** What each event changes of its saga's row. A total table: an event type that is added must be placed here. */
import type { CompensationCause, SagaEvent, StepError } from '../message/events.ts'
import type { LogEvent } from './projection.ts'
import type { SagaStatus, sagas } from './saga-tables.ts'
import type { ChangeOf } from './table.ts'

type Change = Omit<ChangeOf<typeof sagas>, 'saga_id' | 'status'> & { readonly status?: SagaStatus }
type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>
type ChangesByType = { readonly [Type in SagaEvent['type']]: (event: EventOf<Type>, at: number) => Change }

const NOTHING: Change = {}

function stuck(step: string | null, error: StepError): Change {
  return { status: 'stuck', stuck_step: step, error_code: error.code, error_message: error.message }
}

function causeOf(cause: CompensationCause): Change {
  switch (cause.kind) {
    case 'rejected':
    case 'failed':
      return {
        cause: cause.kind,
        cause_step: cause.step,
        cause_code: cause.error.code,
        cause_message: cause.error.message,
      }
    case 'cancelled':
      return { cause: cause.kind, cause_code: cause.actor, cause_message: cause.reason }
    case 'deadline':
      return { cause: cause.kind }
  }
}

function retrying(direction: 'forward' | 'compensate', event: EventOf<'step-failed' | 'compensation-failed'>): Change {
  return { current_step: event.step, direction, attempt: event.attempt, retry_at: event.retryAt }
}

const CHANGES: ChangesByType = {
  'saga-started': ({ definition, version, inputHash, deadlineAt }) => ({
    definition,
    version,
    status: 'running',
    input_hash: inputHash,
    deadline_at: deadlineAt,
  }),
  'step-requested': ({ step, attempt, timeoutAt }) => ({
    status: 'running',
    current_step: step,
    direction: 'forward',
    attempt,
    timeout_at: timeoutAt,
  }),
  'step-progressed': () => NOTHING,
  'step-succeeded': () => NOTHING,
  'step-rejected': () => NOTHING,
  'step-failed': (event) => retrying('forward', event),
  'compensation-started': ({ cause }) => ({ status: 'compensating', ...causeOf(cause) }),
  'compensation-requested': ({ step, attempt, timeoutAt }) => ({
    status: 'compensating',
    current_step: step,
    direction: 'compensate',
    attempt,
    timeout_at: timeoutAt,
  }),
  'compensation-progressed': () => NOTHING,
  'compensation-succeeded': () => NOTHING,
  'compensation-failed': (event) => retrying('compensate', event),
  'step-skipped': () => NOTHING,
  'step-computed': () => NOTHING,
  'wait-started': ({ step, until, signal }) => ({
    status: 'running',
    current_step: step,
    direction: 'forward',
    timeout_at: until,
    awaits: signal ?? 'time',
  }),
  'wait-ended': ({ step }) => ({ current_step: step, direction: 'forward' }),
  'signal-received': () => NOTHING,
  'cancel-requested': () => ({ cancel_requested: true }),
  'cancel-refused': () => NOTHING,
  'retry-requested': () => NOTHING,
  'saga-stuck': ({ step, error }) => stuck(step, error),
  'saga-completed': (_, at) => ({ status: 'completed', ended_at: at }),
  'saga-compensated': (_, at) => ({ status: 'compensated', ended_at: at }),
}

/** What an event changes of its saga's row. */
export function sagaChange({ sagaId, seq, at, partition, event }: LogEvent): ChangeOf<typeof sagas> {
  const change = CHANGES[event.type] as (event: SagaEvent, at: number) => Change
  return { saga_id: sagaId, seq, partition, started_at: at, updated_at: at, ...change(event, at) }
}
