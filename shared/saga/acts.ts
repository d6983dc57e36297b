/** What clients and persons ask of a saga as a whole: signals, cancel, kill. Of what is parked: see parked-acts.ts. */
import type { CancelRefusal, SagaEvent } from '../message/events.ts'
import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { isOver } from './backward.ts'
import { misfit } from './check.ts'
import { answerAtEnd } from './children.ts'
import type { Definition, Plan, SignalStep } from './definition.ts'
import { turnBack } from './failure.ts'
import { type Act, type Decision, events, type InputOf, ignored, refused } from './input.ts'
import { pivotStanding } from './pivot.ts'
import { isBlock, planOf, plansInside, signalSteps, stepNamed } from './plan-tree.ts'
import type { SagaState, ScopeState } from './state.ts'
import type { Story } from './story.ts'
import { lookEverywhere } from './unfold.ts'
import { endWait, mayEnd } from './waits.ts'

/** Signals that one saga keeps for waits that are to come; one more is refused. */
export const SIGNALS_MAX = 100

/** Why a signal is not kept; nothing when it is. */
export function signalRefusal(
  state: SagaState,
  input: InputOf<'signal'>,
  definition: Definition,
): Decision | undefined {
  const known = state.signals.some((signal) => signal.requestId === input.requestId)
  if (known || state.acts.includes(input.requestId)) return ignored('duplicate-request')
  if (state.signals.length >= SIGNALS_MAX)
    return refused('too-many-signals', `the saga keeps ${SIGNALS_MAX} signals already`)
  const steps = signalSteps(definition).filter((step) => step.signal.name === input.name)
  for (const step of steps) {
    const why = misfit(step.signal.payload, input.payload)
    if (why !== undefined) return refused('invalid-signal', `the payload does not fit the signal ${input.name}: ${why}`)
  }
  const allowed = steps.length === 0 || steps.some((step) => mayEnd(step, input))
  return allowed
    ? undefined
    : refused(
        'not-allowed',
        `the sender has no role that may answer ${input.name}, or the answer is none of its answers`,
      )
}

/** The signal as it is kept with the saga. */
function signalReceived({ name, payload, requestId, actor, roles }: InputOf<'signal'>): SagaEvent {
  const sender = { ...(actor === undefined ? {} : { actor }), ...(roles.length === 0 ? {} : { roles }) }
  return { type: 'signal-received', name, payload, requestId, ...sender }
}

/** Keeps a signal with the saga, also one that nothing waits for yet; one that the saga waits for lets it go on. */
export function takeSignal(story: Story, input: InputOf<'signal'>): Decision {
  story.tell(signalReceived(input))
  const wait = findWait(story.state.root, story.definition, ROOT, (step) => mayEnd(step, input))
  if (wait) endWait(story, wait, story.state.signals.at(-1))
  return events(...story.events)
}

/** The first wait in the scope that the signal may end. */
function findWait(
  scope: ScopeState,
  plan: Plan,
  path: string,
  mayEnd: (step: SignalStep) => boolean,
): { readonly path: string; readonly step: SignalStep } | undefined {
  for (const { name, status, block } of scope.steps) {
    const step = stepNamed(plan, name)
    const at = stepPath(path, name)
    if (step?.type === 'signal' && status === 'waiting' && mayEnd(step)) return { path: at, step }
    // Many items may wait for what this signal is not.
    if (!step || !block || !isBlock(step) || !plansInside(step).some((one) => signalSteps(one.plan).some(mayEnd)))
      continue
    for (const index of block.active) {
      const inner = block.scopes.at(index)
      const within = inner && planOf(step, inner.key)
      const found = within && findWait(inner, within, scopePath(at, inner.key), mayEnd)
      if (found) return found
    }
  }
  return undefined
}

/** Cancel enters the same compensation as every other ending, unless the pivot is past; while it is out, its answer decides. */
export function cancel(story: Story, act: Act): Decision {
  const { requestId, actor, reason } = act
  const { state } = story
  if (state.acts.includes(requestId)) return ignored('duplicate-request')
  if (state.root.phase === 'backward') return ignored('already-compensating')
  if (state.root.phase !== 'forward') return ignored('saga-ended')
  switch (pivotStanding(story.definition, state)) {
    case 'passed':
      story.tell(refusal(act, 'past-pivot'))
      break
    case 'unknown':
      story.tell(refusal(act, 'pivot-unknown'))
      break
    case 'in-flight':
      if (state.cancelRequestId !== undefined) return ignored('already-cancelling')
      story.tell({ type: 'cancel-requested', requestId, actor, reason })
      break
    case 'ahead':
      turnBack(story, ROOT, { kind: 'cancelled', requestId, actor, reason })
  }
  return events(...story.events)
}

function refusal({ requestId, actor }: Act, why: CancelRefusal): SagaEvent {
  return { type: 'cancel-refused', requestId, actor, why }
}

/** Nothing new is begun from now on: no step, no retry, no undo. What comes is taken, and what is due is kept. */
export function pause(story: Story, { requestId, actor, reason, timers = 'hold' }: InputOf<'pause'>): Decision {
  if (story.state.acts.includes(requestId)) return ignored('duplicate-request')
  if (isOver(story.state.root)) return ignored('saga-ended')
  story.tell({ type: 'saga-paused', timers, requestId, actor, reason })
  return events(...story.events)
}

/** All that was left is looked for, and what is due fires. */
export function resume(story: Story, { requestId, actor, reason }: InputOf<'resume'>): Decision {
  const { acts, yielded } = story.state
  if (acts.includes(requestId)) return ignored('duplicate-request')
  story.tell({ type: 'saga-resumed', requestId, actor, reason })
  story.resumes = yielded
  lookEverywhere(story)
  return events(...story.events)
}

/** Ends the saga as it is. Nothing is undone: whoever says so answers for what is left. Asks no plan: there may be none. */
export function kill(state: SagaState, { requestId, actor, reason }: Act): Decision {
  if (isOver(state.root)) return ignored('saga-ended')
  const message = `killed by ${actor}: ${reason}`.slice(0, 2_000)
  const told = answerAtEnd(state, { outcome: 'fatal', body: { code: 'child-killed', message } })
  return events(...told, { type: 'saga-killed', requestId, actor, reason })
}
