/** A child saga and its parent: what the child answers, and what it does when the parent undoes the step that started it. */
import type { ParentLink, SagaEvent } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import { ROOT } from '../message/step-path.ts'
import { turnBack } from './failure.ts'
import { type Decision, events, type InputOf, ignored } from './input.ts'
import { pivotStanding } from './pivot.ts'
import type { SagaState } from './state.ts'
import type { Story } from './story.ts'

interface Answer {
  readonly outcome: 'success' | 'rejected' | 'fatal'
  /** The saga's output, or `{ code, message }`. */
  readonly body: Json
}

const PAST_PIVOT: Answer = {
  outcome: 'rejected',
  body: { code: 'past-pivot', message: 'the child saga is past its pivot, and goes forward only' },
}

/**
 * Tells the parent how the saga ends, just before it does: that its undo is done, when it asked for one, else the outcome
 * of the step that waits for it. A saga that was undone has answered an undo, whatever the reason for which it turned back.
 */
export function answerParent(story: Story, answer: Answer): void {
  story.tell(...answerAtEnd(story.state, answer))
}

/** What is told to the parent, if there is one that waits for anything. */
export function answerAtEnd(state: SagaState, answer: Answer): readonly SagaEvent[] {
  const { parent, undoAttempt, undoAnswered } = state
  if (!parent) return []
  if (undoAttempt > undoAnswered) return [answered(state, UNDO_ANSWER[answer.outcome] ?? answer)]
  if (!parent.waits || undoAnswered > 0) return []
  const { sagaId, step, attempt } = parent
  return [{ type: 'parent-answered', parent: sagaId, step, direction: 'forward', attempt, ...answer }]
}

/** What the parent's undo is told, by what the step would have been told. */
const UNDO_ANSWER: { readonly [Outcome in Answer['outcome']]: Answer | undefined } = {
  rejected: { outcome: 'success', body: null },
  success: PAST_PIVOT,
  fatal: undefined,
}

/** The answer to the parent's newest undo. */
function answered({ parent, undoAttempt }: SagaState, answer: Answer): SagaEvent {
  const { sagaId, step } = parent ?? { sagaId: '' as SagaId, step: '' }
  const to = { parent: sagaId, step, direction: 'compensate', attempt: undoAttempt } as const
  return { type: 'parent-answered', ...to, ...answer }
}

/** The parent undoes the step that started this saga. Asked again, it is answered again. */
export function undoForParent(story: Story, input: InputOf<'undo'>): Decision {
  const { state } = story
  const { attempt } = input.parent
  if (!isChildOf(state, input.parent)) {
    story.tell(undoOfNothing(input.parent))
    return events(...story.events)
  }
  if (attempt <= state.undoAttempt) return ignored('duplicate-request')
  story.tell({ type: 'undo-requested', attempt })
  switch (state.root.phase) {
    case 'undone':
      story.tell(answered(story.state, { outcome: 'success', body: null }))
      return events(...story.events)
    case 'backward':
      return events(...story.events)
    default:
      return undoGoing(story)
  }
}

/** A saga on its way forward, or completed: it turns back, unless its pivot says otherwise or has still to answer. */
function undoGoing(story: Story): Decision {
  switch (pivotStanding(story.definition, story.state)) {
    case 'passed':
      refuseUndo(story)
      break
    case 'ahead':
      turnBack(story, ROOT, { kind: 'parent' })
  }
  return events(...story.events)
}

/** The pivot has answered while the parent's undo waited for it. */
export function refuseUndo(story: Story): void {
  if (story.state.undoAttempt > story.state.undoAnswered) story.tell(answered(story.state, PAST_PIVOT))
}

/** An undo for a saga that has not started: it never will, and there is nothing to undo. */
export function voidForParent({ parent }: InputOf<'undo'>): Decision {
  return events({ type: 'saga-voided', parent: { ...parent, waits: false } }, undone(parent))
}

/** A child saga's start that cannot be used: nothing was done, and its parent is told why. */
export function voidStart(parent: ParentLink, error: { readonly code: string; readonly message: string }): Decision {
  const { sagaId, step, attempt } = parent
  const to = { parent: sagaId, step, direction: 'forward', attempt } as const
  return events(
    { type: 'saga-voided', parent },
    { type: 'parent-answered', ...to, outcome: 'rejected', body: { ...error } },
  )
}

/** A saga that was voided is asked to be undone again; one that was killed says that it cannot be. */
export function undoOfVoidOrKilled(state: SagaState, { parent }: InputOf<'undo'>): Decision {
  if (!isChildOf(state, parent)) return events(undoOfNothing(parent))
  if (parent.attempt <= state.undoAnswered) return ignored('duplicate-request')
  if (state.status !== 'failed') return events(undone(parent))
  const message = 'the child saga was killed: what it had done is as it was then'
  return events(
    answered({ ...state, undoAttempt: parent.attempt }, { outcome: 'fatal', body: { code: 'child-killed', message } }),
  )
}

function undone({ sagaId, step, attempt }: InputOf<'undo'>['parent']): SagaEvent {
  const to = { parent: sagaId, step, direction: 'compensate', attempt } as const
  return { type: 'parent-answered', ...to, outcome: 'success', body: null }
}

type AnyParent = Pick<ParentLink, 'sagaId' | 'step' | 'attempt'>

/** Whether that step of that saga has started this one. */
export function isChildOf({ parent }: Pick<SagaState, 'parent'>, { sagaId, step }: AnyParent): boolean {
  return parent?.sagaId === sagaId && parent.step === step
}

/** A saga would have this one as its child, under an id that was taken: it is told, since it waits. */
export function refuseParent({ sagaId: parent, step, attempt }: AnyParent, message: string): Decision {
  const body = { code: 'start-conflict', message }
  return events({ type: 'parent-refused', parent, step, direction: 'forward', attempt, outcome: 'rejected', body })
}

/** It was never started for the one who asks: there is nothing to undo. */
function undoOfNothing({ sagaId: parent, step, attempt }: AnyParent): SagaEvent {
  const to = { parent, step, direction: 'compensate', attempt } as const
  return { type: 'parent-refused', ...to, outcome: 'success', body: null }
}
