/** What a participant's answer, or its silence, leads to. */
import type { Reply } from '../message/command-record.ts'
import type { StepError } from '../message/events.ts'
import type { Json } from '../message/json.ts'
import { scopeAround } from '../message/step-path.ts'
import { extended, mayBegin } from './attempt-times.ts'
import { undoLate } from './backward.ts'
import { misfit } from './check.ts'
import { refuseUndo } from './children.ts'
import type { PlannedCommand, SendingStep } from './definition.ts'
import { failScope } from './failure.ts'
import { type Decision, events, ignored, refused } from './input.ts'
import { sendingStepAt } from './plan-tree.ts'
import { policyOn, retryDelayMs } from './retry-policy.ts'
import { presentPath } from './sent-as.ts'
import type { StepState } from './state.ts'
import type { Story } from './story.ts'
import { scopeAt, stepAt } from './tree.ts'

interface Answered {
  readonly path: string
  readonly step: SendingStep
  readonly known: StepState
}

/** A reply to a saga, whichever way it goes. */
export function answer(story: Story, reply: Reply): Decision {
  const path = presentPath(story.state, reply.step)
  const step = sendingStepAt(story.definition, path)
  const known = stepAt(story.state, path)
  // A step of an earlier version, of which nothing was open when the saga was moved.
  if (known?.sent && (!step || (reply.direction === 'compensate' && !step.undo))) return ignored('step-not-open')
  if (!step) return refused('unknown-step', `${story.definition.name} has no step ${reply.step} that sends a command`)
  if (reply.direction === 'compensate' && !step.undo)
    return refused('unknown-step', `the step ${reply.step} has no undo`)
  if (!known) return ignored('step-not-open')
  const answered = { path, step, known }
  if (reply.direction === 'compensate') return answerBackward(story, answered, reply)
  const forward = scopeAt(story.state, scopeAround(path))?.phase === 'forward'
  return forward ? answerForward(story, answered, reply) : answerLate(story, answered, reply)
}

const OPEN_FORWARD: ReadonlySet<StepState['status']> = new Set(['armed', 'held', 'retrying', 'given-up'])
const OPEN_BACKWARD: ReadonlySet<StepState['status']> = new Set([
  'undoing',
  'undo-held',
  'undo-retrying',
  'undo-failed',
])

function answerForward(story: Story, answered: Answered, reply: Reply): Decision {
  const { known } = answered
  if (!OPEN_FORWARD.has(known.status)) return ignored('step-not-open')
  if (reply.attempt > known.attempt) return ignored('old-attempt')
  switch (reply.outcome) {
    case 'success':
      return succeed(story, answered, reply)
    case 'rejected':
      // Heard again after a person said to try again: the new attempts decide.
      if (reply.attempt < (known.child?.from ?? known.budgetFrom)) return ignored('old-attempt')
      rejectStep(story, answered, { attempt: reply.attempt, error: errorOf(reply, 'rejected') })
      return events(...story.events)
    case 'progress':
      return progress(story, answered, { direction: 'step', payload: reply.body })
    case 'failed':
    case 'fatal':
      if (!isHeard(answered, reply)) return ignored('old-attempt')
      failStep(story, answered, { error: errorOf(reply, reply.outcome), retryAfterMs: reply.retryAfterMs })
      return events(...story.events)
  }
}

/** A failure is of its attempt alone; a child saga that is over is so for every attempt that it was started by. */
function isHeard({ known }: Answered, { attempt, outcome }: Reply): boolean {
  if (known.child && outcome === 'fatal') return attempt >= known.child.from && !known.child.over
  return known.status === 'armed' && attempt === known.attempt
}

function succeed(story: Story, { path, step }: Answered, { attempt, body }: Reply): Decision {
  const output = outputOf(step, body)
  if (output === undefined) return refused('invalid-reply', `the output does not fit ${step.forward.command.type}`)
  story.tell({ type: 'step-succeeded', step: path, attempt, output })
  if (step.kind === 'pivot') refuseUndo(story)
  story.look('scope', scopeAround(path))
  return events(...story.events)
}

/** The output as the contract has it; `undefined` when it does not fit. A command without an output schema gives `null`, a child what it gave. */
export function outputOf(step: SendingStep, body: Json): Json | undefined {
  const schema = step.forward.command.output
  if (!schema) return step.type === 'child' ? body : null
  return misfit(schema, body) === undefined ? body : undefined
}

function progress(
  story: Story,
  { path, step, known }: Answered,
  said: { direction: 'step' | 'compensation'; payload: Json },
): Decision {
  const { direction, payload } = said
  if (known.status !== (direction === 'step' ? 'armed' : 'undoing')) return ignored('step-not-open')
  const planned = direction === 'step' ? step.forward : step.undo
  if (!planned) return ignored('step-not-open')
  story.tell({ type: `${direction}-progressed`, step: path, ...extended(planned, known, story.moment.now), payload })
  return events(...story.events)
}

/** The participant said no: nothing was done. Before the pivot's success the scope turns back, after it a person is called. */
function rejectStep(story: Story, { path, step }: Answered, said: { attempt: number; error: StepError }): void {
  const { attempt, error } = said
  story.tell({ type: 'step-rejected', step: path, attempt, error })
  if (step.kind === 'retriable') story.park(path, error)
  else failScope(story, scopeAround(path), { kind: 'rejected', step: path, error })
}

export interface Failure {
  readonly error: StepError
  readonly retryAfterMs?: number | undefined
}

/** An attempt failed or was not answered in time: try again, or give the step up with its outcome unknown. */
export function failStep(story: Story, { path, step, known }: Answered, failure: Failure): void {
  const { error } = failure
  const retryAt = nextTry(story, { planned: step.forward, known }, failure)
  story.tell({ type: 'step-failed', step: path, attempt: known.attempt, error, retryAt })
  if (retryAt !== null) return
  if (step.kind === 'compensatable') failScope(story, scopeAround(path), { kind: 'failed', step: path, error })
  else story.park(path, error)
}

/**
 * A forward answer to what is not asked any more changes nothing (S14): what was given up is being undone, or has been.
 * But of a step that had been rejected, so that nothing was to be undone, a success is: once.
 */
function answerLate(story: Story, { path, step, known }: Answered, reply: Reply): Decision {
  if (reply.outcome !== 'success' || known.status !== 'rejected' || (!step.undo && step.byHand === undefined))
    return ignored('step-given-up')
  if (reply.attempt > known.attempt) return ignored('old-attempt')
  const output = outputOf(step, reply.body)
  if (output === undefined) return refused('invalid-reply', `the output does not fit ${step.forward.command.type}`)
  story.tell({ type: 'late-success', step: path, attempt: reply.attempt, output })
  undoLate(story, path)
  return events(...story.events)
}

function answerBackward(story: Story, answered: Answered, reply: Reply): Decision {
  const { path, known } = answered
  if (!OPEN_BACKWARD.has(known.status)) return ignored('step-not-open')
  if (reply.attempt > known.attempt) return ignored('old-attempt')
  switch (reply.outcome) {
    case 'success':
      story.tell({ type: 'compensation-succeeded', step: path, attempt: reply.attempt })
      story.lookOutward(path)
      return events(...story.events)
    case 'progress':
      return progress(story, answered, { direction: 'compensation', payload: reply.body })
    case 'rejected':
    case 'failed':
    case 'fatal':
      if (known.status !== 'undoing' || reply.attempt !== known.attempt) return ignored('old-attempt')
      failUndo(story, answered, { error: errorOf(reply, reply.outcome), retryAfterMs: reply.retryAfterMs })
      return events(...story.events)
  }
}

/** An undo failed: try again, or call a person. It is never given up in silence. */
export function failUndo(story: Story, { path, step, known }: Answered, failure: Failure): void {
  const { error } = failure
  const retryAt = step.undo ? nextTry(story, { planned: step.undo, known }, failure) : null
  story.tell({ type: 'compensation-failed', step: path, attempt: known.attempt, error, retryAt })
  if (retryAt !== null) return
  story.park(path, error)
}

/** When to try again, or `null` when the policy has nothing left. */
function nextTry(
  { moment }: Story,
  { planned, known }: { planned: PlannedCommand; known: StepState },
  { error, retryAfterMs }: Failure,
): number | null {
  if (error.kind === 'fatal' || error.kind === 'rejected') return null
  const policy = policyOn(planned.retry, error.code)
  const failures = known.attempt - known.budgetFrom + 1
  if (!policy || failures >= policy.attempts) return null
  const at = moment.now + (retryAfterMs ?? retryDelayMs(policy, failures, moment.chance))
  return mayBegin(known.end, at) ? at : null
}

function errorOf(reply: Reply, kind: 'rejected' | 'failed' | 'fatal'): StepError {
  const body = reply.body
  const object = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, Json>) : {}
  const code = reply.errorCode ?? (typeof object.code === 'string' ? object.code : kind)
  const message = typeof object.message === 'string' ? object.message : code
  const error: StepError = { kind, code: code.slice(0, 200), message: message.slice(0, 2_000) }
  return object.details === undefined ? error : { ...error, details: object.details }
}
