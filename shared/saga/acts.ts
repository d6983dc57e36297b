/** What clients and persons ask of a running saga: signals, cancel, retry. */
import type { CancelRefusal, SagaEvent } from '../message/events.ts'
import { type Course, followedBy, pivotStanding, proceed, turnBack, undoNext } from './course.ts'
import { type Act, type Decision, events, type InputOf, ignored, refused } from './input.ts'
import type { LiveSaga, Running, Stuck } from './state.ts'

/** Signals that one saga keeps; one more is refused. */
export const SIGNALS_MAX = 100

/** Keeps a signal with the saga, also one that nothing waits for yet. */
export function keepSignal(state: LiveSaga, input: InputOf<'signal'>): Decision {
  if (state.signals.some((signal) => signal.requestId === input.requestId)) return ignored('duplicate-request')
  if (state.signals.length >= SIGNALS_MAX)
    return refused('too-many-signals', `the saga keeps ${SIGNALS_MAX} signals already`)
  const { name, payload, requestId } = input
  return events({ type: 'signal-received', name, payload, requestId })
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
