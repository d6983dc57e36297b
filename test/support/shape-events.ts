/** Events of sagas with blocks: a tour whose parts go on beside each other. Placed and numbered by `sagaOf`. */
import type { SagaEvent, StepError } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'

const FAILED: StepError = { kind: 'failed', code: 'down', message: 'no answer' }
const REJECTED: StepError = { kind: 'rejected', code: 'full', message: 'no room' }

export const start = (more: object = {}): SagaEvent => ({
  type: 'saga-started',
  definition: 'tour',
  version: 1,
  input: {},
  inputHash: 'hash',
  deadlineAt: null,
  ...more,
})

const command = (step: string, attempt: number) => ({
  step,
  attempt,
  definition: 'tour',
  version: 1,
  participant: 'booking',
  commandType: 'booking.book.v1',
  payload: null,
  timeoutAt: null,
})

export const ask = (step: string, attempt = 1): SagaEvent => ({ type: 'step-requested', ...command(step, attempt) })
export const undo = (step: string, attempt = 1): SagaEvent => ({
  type: 'compensation-requested',
  ...command(step, attempt),
})
export const done = (step: string): SagaEvent => ({ type: 'step-succeeded', step, attempt: 1, output: null })
export const refuse = (step: string): SagaEvent => ({ type: 'step-rejected', step, attempt: 1, error: REJECTED })
export const undone = (step: string): SagaEvent => ({ type: 'compensation-succeeded', step, attempt: 1 })
export const giveUp = (step: string): SagaEvent => ({
  type: 'step-failed',
  step,
  attempt: 1,
  error: FAILED,
  retryAt: null,
})
export const undoFails = (step: string): SagaEvent => ({
  type: 'compensation-failed',
  step,
  attempt: 1,
  error: FAILED,
  retryAt: null,
})
export const park = (step: string | null, code = 'down'): SagaEvent => ({
  type: 'saga-stuck',
  step,
  error: { ...FAILED, code },
})
export const retry: SagaEvent = { type: 'retry-requested', requestId: 'r-1', actor: 'ann', reason: 'it is back' }
export const resolve = (step: string): SagaEvent => ({
  type: 'undo-resolved',
  step,
  requestId: `r-${step}`,
  actor: 'ann',
  reason: 'by hand',
})
export const kill: SagaEvent = { type: 'saga-killed', requestId: 'r-9', actor: 'ann', reason: 'it will never end' }
export const turn = (scope?: string): SagaEvent => ({
  type: 'compensation-started',
  ...(scope !== undefined && { scope }),
  cause: { kind: 'rejected', step: 'any', error: REJECTED },
})
export const open = (step: string): SagaEvent => ({ type: 'block-started', step, block: 'parallel', count: null })
export const scope = (path: string): SagaEvent => ({ type: 'scope-started', scope: path })
export const scopeDone = (path: string): SagaEvent => ({ type: 'scope-completed', scope: path })
export const scopeUndone = (path: string): SagaEvent => ({ type: 'scope-compensated', scope: path })
export const closed = (step: string): SagaEvent => ({ type: 'block-completed', step })
export const completed: SagaEvent = { type: 'saga-completed', output: null }
export const compensated: SagaEvent = { type: 'saga-compensated' }
export const askChild = (step: string, child: string): SagaEvent => ({
  type: 'step-requested',
  ...command(step, 1),
  participant: 'kasaga',
  commandType: 'kasaga.start.v1',
  child: sagaId(child),
})
export const failsOnce = (step: string): SagaEvent => ({ ...giveUp(step), retryAt: 5_000 }) as SagaEvent
