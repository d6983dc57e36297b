/** What a participant's answer, or its silence, leads to. */
import type { Reply } from '../message/command-record.ts'
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Json } from '../message/json.ts'
import { misfit } from './check.ts'
import { type Course, followedBy, proceed, turnBack, undoNext } from './course.ts'
import { type CommandStep, commandStepNamed } from './definition.ts'
import { type Decision, events, ignored, refused } from './input.ts'
import { retryDelayMs } from './retry-policy.ts'
import { type Compensating, type Running, type SagaState, type StepState, type Stuck, stepState } from './state.ts'

interface Answered {
  readonly course: Course
  readonly state: SagaState
  readonly step: CommandStep
  readonly known: StepState
}

const OPEN_FORWARD: ReadonlySet<StepState['status']> = new Set(['armed', 'retrying'])
const OPEN_BACKWARD: ReadonlySet<StepState['status']> = new Set(['undoing', 'undo-retrying'])

/** A reply to a saga that goes forward, or is stuck on its way. */
export function answerForward(course: Course, state: Running | Stuck, reply: Reply): Decision {
  const step = commandStepNamed(course.definition, reply.step)
  if (!step) return refused('unknown-step', `${course.definition.name} has no step ${reply.step}`)
  const known = stepState(state, reply.step)
  if (!known || reply.direction !== 'forward') return ignored('step-not-open')
  const late = state.status === 'stuck' && known.status === 'given-up'
  if (!OPEN_FORWARD.has(known.status) && !late) return ignored('step-not-open')
  if (reply.attempt > known.attempt) return ignored('old-attempt')
  return forwardOutcome({ course, state, step, known }, reply)
}

function forwardOutcome(answered: Answered, reply: Reply): Decision {
  const { course, state, step, known } = answered
  const { attempt } = reply
  switch (reply.outcome) {
    case 'success': {
      const output = outputOf(step, reply.body)
      if (output === undefined) return refused('invalid-reply', `the output does not fit ${step.forward.command.type}`)
      const done: SagaEvent = { type: 'step-succeeded', step: step.name, attempt, output }
      return events(...followedBy(state, [done], (after) => proceed(course, after)))
    }
    case 'rejected':
      // Heard again after a person said to try again: the new attempts decide.
      if (attempt < known.budgetFrom) return ignored('old-attempt')
      return events(...rejectStep(answered, attempt, errorOf(reply, 'rejected')))
    case 'progress': {
      if (known.status !== 'armed') return ignored('step-not-open')
      const timeoutAt = course.moment.now + step.forward.timeoutMs
      return events({ type: 'step-progressed', step: step.name, timeoutAt, payload: reply.body })
    }
    case 'failed':
    case 'fatal':
      if (known.status !== 'armed' || attempt !== known.attempt) return ignored('old-attempt')
      return events(...failStep(answered, errorOf(reply, reply.outcome), reply.retryAfterMs))
  }
}

/** The output as the contract has it; `undefined` when it does not fit. A command without an output schema gives `null`. */
function outputOf(step: CommandStep, body: Json): Json | undefined {
  const schema = step.forward.command.output
  if (!schema) return null
  return misfit(schema, body) === undefined ? body : undefined
}

/** The participant said no: nothing was done. Before the pivot's success the saga turns back, after it a person is called. */
function rejectStep({ course, state, step }: Answered, attempt: number, error: StepError): SagaEvent[] {
  const said: SagaEvent = { type: 'step-rejected', step: step.name, attempt, error }
  if (step.kind === 'retriable') return [said, { type: 'saga-stuck', step: step.name, error }]
  return followedBy(state, [said], (after) => turnBack(course, after, { kind: 'rejected', step: step.name, error }))
}

/** An attempt failed or was not answered in time: try again, or give the step up with its outcome unknown. */
export function failStep(answered: Answered, error: StepError, retryAfterMs?: number): SagaEvent[] {
  const { course, state, step, known } = answered
  const retryAt = nextTry(course, known, { planned: step.forward, error, retryAfterMs })
  const failed: SagaEvent = { type: 'step-failed', step: step.name, attempt: known.attempt, error, retryAt }
  if (retryAt !== null) return [failed]
  if (step.kind === 'compensatable')
    return followedBy(state, [failed], (after) => turnBack(course, after, { kind: 'failed', step: step.name, error }))
  return [failed, { type: 'saga-stuck', step: step.name, error }]
}

/** A reply to a saga that turns back, or is stuck on its way back. */
export function answerBackward(course: Course, state: Compensating | Stuck, reply: Reply): Decision {
  if (reply.direction === 'forward') return ignored('step-given-up')
  const step = commandStepNamed(course.definition, reply.step)
  if (!step?.undo) return refused('unknown-step', `${course.definition.name} has no step ${reply.step} with an undo`)
  const known = stepState(state, reply.step)
  const late = state.status === 'stuck' && known?.status === 'undo-failed'
  if (!known || (!OPEN_BACKWARD.has(known.status) && !late)) return ignored('step-not-open')
  if (reply.attempt > known.attempt) return ignored('old-attempt')
  return backwardOutcome({ course, state, step, known }, reply)
}

function backwardOutcome(answered: Answered, reply: Reply): Decision {
  const { course, state, step, known } = answered
  switch (reply.outcome) {
    case 'success': {
      const undone: SagaEvent = { type: 'compensation-succeeded', step: step.name, attempt: reply.attempt }
      return events(...followedBy(state, [undone], (after) => undoNext(course, after)))
    }
    case 'progress': {
      if (known.status !== 'undoing') return ignored('step-not-open')
      const timeoutAt = course.moment.now + (step.undo?.timeoutMs ?? 0)
      return events({ type: 'compensation-progressed', step: step.name, timeoutAt, payload: reply.body })
    }
    case 'rejected':
    case 'failed':
    case 'fatal':
      if (known.status !== 'undoing' || reply.attempt !== known.attempt) return ignored('old-attempt')
      return events(...failUndo(answered, errorOf(reply, reply.outcome), reply.retryAfterMs))
  }
}

/** An undo failed: try again, or call a person. It is never given up in silence. */
export function failUndo({ course, step, known }: Answered, error: StepError, retryAfterMs?: number): SagaEvent[] {
  const retryAt = step.undo ? nextTry(course, known, { planned: step.undo, error, retryAfterMs }) : null
  const failed: SagaEvent = { type: 'compensation-failed', step: step.name, attempt: known.attempt, error, retryAt }
  return retryAt === null ? [failed, { type: 'saga-stuck', step: step.name, error }] : [failed]
}

interface Failure {
  readonly planned: CommandStep['forward']
  readonly error: StepError
  readonly retryAfterMs: number | undefined
}

/** When to try again, or `null` when the policy has nothing left. */
function nextTry(course: Course, known: StepState, failure: Failure): number | null {
  const { retry } = failure.planned
  const failures = known.attempt - known.budgetFrom + 1
  if (failure.error.kind === 'fatal' || failure.error.kind === 'rejected') return null
  if (failures >= retry.attempts || retry.notOn.includes(failure.error.code)) return null
  const delayMs = failure.retryAfterMs ?? retryDelayMs(retry, failures, course.moment.chance)
  return course.moment.now + delayMs
}

function errorOf(reply: Reply, kind: 'rejected' | 'failed' | 'fatal'): StepError {
  const body = reply.body
  const object = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, Json>) : {}
  const code = reply.errorCode ?? (typeof object.code === 'string' ? object.code : kind)
  const message = typeof object.message === 'string' ? object.message : code
  const error: StepError = { kind, code: code.slice(0, 200), message: message.slice(0, 2_000) }
  return object.details === undefined ? error : { ...error, details: object.details }
}
