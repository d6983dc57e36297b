/** Events and inputs of the order-fulfilment saga, short enough to be read in a row. */
import type { CompensationCause, SagaEvent, StepError } from '../../shared/message/events.ts'
import type { Outcome } from '../../shared/message/headers.ts'
import type { Json } from '../../shared/message/json.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import { SAGA, T0 } from './given-when-then.ts'

export const ORDER = { id: 'o-1', cents: 500 }
export const DEADLINE_AT = T0 + 3_600_000

export const started: SagaEvent = {
  type: 'saga-started',
  definition: 'fulfil',
  version: 1,
  input: ORDER,
  inputHash: 'h1',
  deadlineAt: DEADLINE_AT,
}

type StepName = 'stock' | 'charge' | 'ship' | 'notify'

const FORWARD = {
  stock: { participant: 'stock', commandType: 'stock.reserve.v1', payload: { orderId: 'o-1' } },
  charge: { participant: 'bank', commandType: 'bank.charge.v1', payload: { orderId: 'o-1', cents: 500 } },
  ship: { participant: 'carrier', commandType: 'carrier.ship.v1', payload: { parcel: 'p-1' } },
  notify: { participant: 'carrier', commandType: 'carrier.notify.v1', payload: { tracking: 't-1' } },
} as const
const OUTPUT = {
  stock: { parcel: 'p-1' },
  charge: { chargeId: 'c-1' },
  ship: { tracking: 't-1' },
  notify: null,
} as const
export const TIMEOUT_MS = { stock: 30_000, charge: 5_000, ship: 30_000, notify: 30_000 } as const
export const UNDO_TIMEOUT_MS = 30_000

export function requested(step: StepName, attempt = 1, at = T0): SagaEvent {
  const timeoutAt = at + TIMEOUT_MS[step]
  return { type: 'step-requested', step, attempt, definition: 'fulfil', version: 1, ...FORWARD[step], timeoutAt }
}

export function succeeded(step: StepName, attempt = 1): SagaEvent {
  return { type: 'step-succeeded', step, attempt, output: OUTPUT[step] }
}

/** The step is asked for and done. */
export function done(step: StepName): SagaEvent[] {
  return [requested(step), succeeded(step)]
}

export function rejected(step: StepName, error: StepError, attempt = 1): SagaEvent {
  return { type: 'step-rejected', step, attempt, error }
}

export function failed(
  step: StepName,
  error: StepError,
  again: { attempt?: number; retryAt: number | null },
): SagaEvent {
  return { type: 'step-failed', step, attempt: again.attempt ?? 1, error, retryAt: again.retryAt }
}

/** Asks for an undo; a charge's holds its id where the charge is known. */
export function undoRequested(
  step: 'stock' | 'charge',
  options: { attempt?: number; at?: number; chargeId?: string } = {},
): SagaEvent {
  const { attempt = 1, at = T0, chargeId } = options
  const command =
    step === 'stock'
      ? { participant: 'stock', commandType: 'stock.release.v1', payload: { orderId: 'o-1' } }
      : {
          participant: 'bank',
          commandType: 'bank.refund.v1',
          payload: chargeId === undefined ? { orderId: 'o-1' } : { orderId: 'o-1', chargeId },
        }
  const timeoutAt = at + UNDO_TIMEOUT_MS
  return { type: 'compensation-requested', step, attempt, definition: 'fulfil', version: 1, ...command, timeoutAt }
}

export function undone(step: StepName, attempt = 1): SagaEvent {
  return { type: 'compensation-succeeded', step, attempt }
}

export function undoFailed(
  step: StepName,
  error: StepError,
  again: { attempt?: number; retryAt: number | null },
): SagaEvent {
  return { type: 'compensation-failed', step, attempt: again.attempt ?? 1, error, retryAt: again.retryAt }
}

export function turned(cause: CompensationCause): SagaEvent {
  return { type: 'compensation-started', cause }
}

export function stuck(step: StepName | null, error: StepError): SagaEvent {
  return { type: 'saga-stuck', step, error }
}

export const compensated: SagaEvent = { type: 'saga-compensated' }
export const completed: SagaEvent = { type: 'saga-completed', output: { tracking: 't-1' } }
export const cancelCause: CompensationCause = { kind: 'cancelled', requestId: 'r-1', actor: 'ann', reason: 'changed' }

export const DECLINED: StepError = { kind: 'rejected', code: 'card-declined', message: 'no funds' }
export const BROKEN: StepError = { kind: 'failed', code: 'db-down', message: 'no database' }
export const FATAL: StepError = { kind: 'fatal', code: 'bug', message: 'it cannot' }

export function timedOut(attempt: number, timeoutMs: number): StepError {
  return { kind: 'timeout', code: 'timeout', message: `attempt ${attempt} was not answered within ${timeoutMs} ms` }
}

export const start: SagaInput = {
  kind: 'start',
  sagaId: SAGA,
  definition: 'fulfil',
  version: undefined,
  input: ORDER,
  inputHash: 'h1',
  parent: undefined,
}

interface ReplyOptions {
  readonly attempt?: number
  readonly body?: Json
  readonly back?: boolean
  readonly errorCode?: string
  readonly retryAfterMs?: number
}

/** A participant's answer; of a success, the step's output. */
export function reply(step: StepName | 'nowhere', outcome: Outcome, options: ReplyOptions = {}): SagaInput {
  const { attempt = 1, back = false, errorCode, retryAfterMs } = options
  const usual = outcome === 'success' && step !== 'nowhere' && !back ? OUTPUT[step] : null
  const body = options.body === undefined ? usual : options.body
  const direction = back ? 'compensate' : 'forward'
  return { kind: 'reply', sagaId: SAGA, step, direction, attempt, outcome, body, errorCode, retryAfterMs }
}

/** The body that says an error. */
export function saying({ code, message }: StepError): Json {
  return { code, message }
}

export const timer: SagaInput = { kind: 'timer', sagaId: SAGA }

export function act(kind: 'cancel' | 'retry' | 'kill', requestId = 'r-1'): SagaInput {
  return { kind, sagaId: SAGA, requestId, actor: 'ann', reason: 'changed' }
}

export function asked(type: 'cancel-requested' | 'retry-requested', requestId = 'r-1'): SagaEvent {
  return { type, requestId, actor: 'ann', reason: 'changed' }
}

export function signal(requestId: string): SagaInput {
  const sender = { actor: undefined, roles: [] }
  return { kind: 'signal', sagaId: SAGA, requestId, name: 'paid', payload: { by: 'ann' }, ...sender }
}
