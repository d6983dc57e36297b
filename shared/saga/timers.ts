/** Timers are read off the state, so that they can be neither lost nor fire twice (S15). */
import { endedBy } from './begin.ts'
import { type Course, followedBy, pivotStanding, proceed, turnBack } from './course.ts'
import { commandStepNamed, type Definition, stepNamed } from './definition.ts'
import { type Decision, events, ignored } from './input.ts'
import { failStep, failUndo } from './replies.ts'
import { request } from './request.ts'
import type { Compensating, Running, SagaState, StepState } from './state.ts'

/** When the saga's next timer is due, milliseconds since the epoch; `undefined` when it waits for none or its definition is not known here. */
export function nextDueAt(definition: Definition | undefined, state: SagaState): number | undefined {
  if (!definition || (state.status !== 'running' && state.status !== 'compensating')) return undefined
  let due = state.status === 'running' ? deadlineOf(definition, state) : undefined
  for (const step of state.steps) {
    const at = stepDueAt(step)
    if (at !== undefined && (due === undefined || at < due)) due = at
  }
  return due
}

/** The deadline counts until the pivot is on its way: from there on the pivot's answer decides. */
function deadlineOf(definition: Definition, state: Running): number | undefined {
  return state.deadlineAt !== null && pivotStanding(definition, state) === 'ahead' ? state.deadlineAt : undefined
}

function stepDueAt(step: StepState): number | undefined {
  switch (step.status) {
    case 'armed':
    case 'undoing':
      return step.timeoutAt
    case 'retrying':
    case 'undo-retrying':
      return step.retryAt
    case 'waiting':
      return step.until ?? undefined
    default:
      return undefined
  }
}

/** Fires what is due now, never early: the deadline first, else one step's timer. */
export function fireForward(course: Course, state: Running): Decision {
  const { now } = course.moment
  const deadlineAt = deadlineOf(course.definition, state)
  if (deadlineAt !== undefined && deadlineAt <= now)
    return events(...turnBack(course, state, { kind: 'deadline', deadlineAt }))
  const known = dueStep(state, now)
  if (known?.status === 'waiting') return endWait(course, state, known.name)
  const step = known && commandStepNamed(course.definition, known.name)
  if (!known || !step) return ignored('nothing-due')
  if (known.status === 'retrying') return events(...proceed(course, state))
  return events(...failStep({ course, state, step, known }, timedOut(known, step.forward.timeoutMs)))
}

/** A sleep is over, or no signal has come in time: the saga goes on, or turns back where the plan says so. */
function endWait(course: Course, state: Running, name: string): Decision {
  const step = stepNamed(course.definition, name)
  if (step?.type === 'signal' && step.onDeadline === 'turn-back') {
    const message = `no signal ${step.signal.name} came within ${step.deadlineMs} ms`
    const error = { kind: 'timeout', code: 'wait-expired', message } as const
    return events(...turnBack(course, state, { kind: 'failed', step: name, error }))
  }
  return events(...followedBy(state, [endedBy(name, undefined)], (after) => proceed(course, after)))
}

/** The same on the way back. */
export function fireBackward(course: Course, state: Compensating): Decision {
  const { definition, moment } = course
  const known = dueStep(state, moment.now)
  const step = known && commandStepNamed(definition, known.name)
  if (!known || !step?.undo) return ignored('nothing-due')
  if (known.status === 'undo-retrying')
    return events(
      ...request(state, { definition, step, direction: 'compensation', attempt: known.attempt + 1 }, moment),
    )
  return events(...failUndo({ course, state, step, known }, timedOut(known, step.undo.timeoutMs)))
}

function dueStep(state: SagaState, now: number): StepState | undefined {
  return state.steps.find((step) => (stepDueAt(step) ?? Number.POSITIVE_INFINITY) <= now)
}

function timedOut(step: StepState, timeoutMs: number) {
  const message = `attempt ${step.attempt} was not answered within ${timeoutMs} ms`
  return { kind: 'timeout', code: 'timeout', message } as const
}
