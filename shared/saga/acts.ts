/** What clients and persons ask of a running saga: signals, cancel, retry. */
import type { CancelRefusal, SagaEvent } from '../message/events.ts'
import { endedBy, keptSignal } from './begin.ts'
import { misfit } from './check.ts'
import { type Course, followedBy, pivotStanding, proceed, turnBack, undoNext } from './course.ts'
import { type Act, type Decision, events, type InputOf, ignored, refused } from './input.ts'
import type { LiveSaga, Running, SagaState, Stuck } from './state.ts'

/** Signals that one saga keeps; one more is refused. */
export const SIGNALS_MAX = 100

/** Keeps a signal with the saga, also one that nothing waits for yet; one that the saga waits for lets it go on. */
export function takeSignal(course: Course | undefined, state: LiveSaga, input: InputOf<'signal'>): Decision {
  if (state.signals.some((signal) => signal.requestId === input.requestId)) return ignored('duplicate-request')
  if (state.signals.length >= SIGNALS_MAX)
    return refused('too-many-signals', `the saga keeps ${SIGNALS_MAX} signals already`)
  const why = course && misfitOf(course, input)
  if (why !== undefined) return refused('invalid-signal', `the payload does not fit the signal ${input.name}: ${why}`)
  const { name, payload, requestId } = input
  const received: SagaEvent = { type: 'signal-received', name, payload, requestId }
  return events(...followedBy(state, [received], (after) => (course ? endWait(course, after, name) : [])))
}

/** Why the payload does not fit a signal that the definition waits for, if it does not. */
function misfitOf({ definition }: Course, { name, payload }: InputOf<'signal'>): string | undefined {
  for (const step of definition.steps) {
    const why = step.type === 'signal' && step.signal.name === name ? misfit(step.signal.payload, payload) : undefined
    if (why !== undefined) return why
  }
  return undefined
}

function endWait(course: Course, state: SagaState, name: string): SagaEvent[] {
  const waits =
    state.status === 'running' && state.steps.find((step) => step.status === 'waiting' && step.signal === name)
  const signal = keptSignal(state, name)
  if (!waits || !signal) return []
  return followedBy(state, [endedBy(waits.name, signal)], (after) => proceed(course, after))
}

/** Cancel enters the same compensation as every other ending, unless the pivot is past; while it is out, its answer decides. */
export function cancel(course: Course, state: Running | Stuck, act: Act): Decision {
  const { requestId, actor, reason } = act
  if (state.acts.includes(requestId)) return ignored('duplicate-request')
  switch (pivotStanding(course.definition, state)) {
    case 'passed':
      return events(refusal(act, 'past-pivot'))
    case 'unknown':
      return events(refusal(act, 'pivot-unknown'))
    case 'in-flight':
      if (state.cancelRequestId !== undefined) return ignored('already-cancelling')
      return events({ type: 'cancel-requested', requestId, actor, reason })
    case 'ahead':
      return events(...turnBack(course, state, { kind: 'cancelled', requestId, actor, reason }))
  }
}

function refusal({ requestId, actor }: Act, why: CancelRefusal): SagaEvent {
  return { type: 'cancel-refused', requestId, actor, why }
}

/** A person says: try again. The saga goes on from where it was stuck, with a new budget of attempts. */
export function retryStuck(course: Course, state: Stuck, act: Act): Decision {
  const { requestId, actor, reason } = act
  if (state.acts.includes(requestId)) return ignored('duplicate-request')
  const said: SagaEvent = { type: 'retry-requested', requestId, actor, reason }
  const go = state.phase === 'running' ? proceed : undoNext
  return events(...followedBy(state, [said], (after) => go(course, after)))
}
