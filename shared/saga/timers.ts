/** Timers are read off the state, so that they can be neither lost nor fire twice (S15). */
import type { StepError } from '../message/events.ts'
import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { expiryOf, heldDueAt, openDueAt, tooLate } from './attempt-times.ts'
import type { Definition, PlannedCommand } from './definition.ts'
import { turnBack } from './failure.ts'
import { type Decision, events, ignored } from './input.ts'
import { isParked } from './parked.ts'
import { pivotStanding } from './pivot.ts'
import { stepAt as plannedAt } from './plan-tree.ts'
import { failStep, failUndo } from './replies.ts'
import { request } from './request.ts'
import { isLive, type SagaState, type ScopeState, type StepState } from './state.ts'
import type { Story } from './story.ts'
import { lookEverywhere } from './unfold.ts'
import { expire } from './waits.ts'

/** When the saga's next timer is due, milliseconds since the epoch; `undefined` when it waits for none or its definition is not known here. */
export function nextDueAt(definition: Definition | undefined, state: SagaState): number | undefined {
  if (!definition || !isLive(state)) return undefined
  if (state.paused === 'hold') return undefined
  if (state.yielded && !state.paused) return 0
  let due = deadlineOf(definition, state)
  eachTimer(state, state.root, ROOT, ({ at }) => {
    if (due === undefined || at < due) due = at
    return false
  })
  return due
}

/** The deadline counts until the pivot is on its way: from there on the pivot's answer decides. */
function deadlineOf(definition: Definition, state: SagaState): number | undefined {
  if (state.root.phase !== 'forward' || state.deadlineAt === null) return undefined
  return pivotStanding(definition, state) === 'ahead' ? state.deadlineAt : undefined
}

interface Timer {
  readonly path: string
  readonly step: StepState
  readonly at: number
}

/** Shows each step that has a timer, until one is taken. A parked step has none. */
function eachTimer(state: SagaState, scope: ScopeState, path: string, take: (timer: Timer) => boolean): boolean {
  for (const step of scope.steps) {
    const at = stepDueAt(step)
    if (at !== undefined) {
      const timer = { path: stepPath(path, step.name), step, at }
      if (mayFire(state, step) && (scope.held === 0 || !isParked(state, timer.path)) && take(timer)) return true
    }
    for (const index of step.block?.active ?? []) {
      const inner = step.block?.scopes.at(index)
      if (inner && eachTimer(state, inner, scopePath(stepPath(path, step.name), inner.key), take)) return true
    }
  }
  return false
}

/** While the saga is paused, nothing is tried again. */
function mayFire({ paused }: SagaState, { status }: StepState): boolean {
  return paused === undefined || (status !== 'retrying' && status !== 'undo-retrying')
}

function stepDueAt(step: StepState): number | undefined {
  switch (step.status) {
    case 'armed':
    case 'undoing':
      return openDueAt(step)
    case 'retrying':
    case 'undo-retrying':
      return step.retryAt
    case 'waiting':
      return step.until ?? undefined
    case 'held':
    case 'undo-held':
      return heldDueAt(step)
    default:
      return undefined
  }
}

/** Fires what is due now, never early: what an earlier turn had no room for, the deadline, else one step's timer. */
export function fire(story: Story): Decision {
  const { state, definition, moment } = story
  if (state.paused === 'hold') return ignored('nothing-due')
  if (state.yielded && !state.paused) {
    story.resumes = true
    lookEverywhere(story)
    return events(...story.events)
  }
  const deadlineAt = deadlineOf(definition, state)
  if (deadlineAt !== undefined && deadlineAt <= moment.now) {
    turnBack(story, ROOT, { kind: 'deadline', deadlineAt })
    return events(...story.events)
  }
  const due: Timer[] = []
  eachTimer(state, state.root, ROOT, (timer) => timer.at <= moment.now && due.push(timer) > 0)
  return due[0] ? fireStep(story, due[0]) : ignored('nothing-due')
}

function fireStep(story: Story, { path, step: known }: Timer): Decision {
  const step = plannedAt(story.definition, path)
  switch (step?.type) {
    case 'sleep':
    case 'signal':
      expire(story, { path, step })
      break
    case 'command':
    case 'child':
      fireSending(story, { path, step, known })
      break
    default:
      return ignored('nothing-due')
  }
  return events(...story.events)
}

type Sending = Parameters<typeof failStep>[1]

function fireSending(story: Story, { path, step, known }: Sending): void {
  const { now } = story.moment
  const back = known.status === 'undoing' || known.status === 'undo-retrying' || known.status === 'undo-held'
  const planned = back ? step.undo : step.forward
  if (!planned) return
  const error = errorDue(known, planned, now)
  if (error) (back ? failUndo : failStep)(story, { path, step, known }, { error })
  else request(story, { path, step, direction: back ? 'compensation' : 'step', attempt: known.attempt + 1 })
}

/** What the timer says of the attempt that is open, or of the next one when it may not be begun any more. */
function errorDue(known: StepState, planned: PlannedCommand, now: number): StepError | undefined {
  if (known.status === 'armed' || known.status === 'undoing') return expiryOf(known, planned, now)
  return tooLate(known, planned, now)
}
