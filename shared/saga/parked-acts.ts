/** What persons ask of single steps: try again, take it as done, say what became of it, give it another payload. */
import type { Direction } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import { nameOf, ROOT, scopeAround } from '../message/step-path.ts'
import { isOver, undoStep } from './backward.ts'
import { misfit } from './check.ts'
import { refuseUndo } from './children.ts'
import type { StepDefinition } from './definition.ts'
import { failScope } from './failure.ts'
import { isHeld } from './held.ts'
import { type Decision, events, type InputOf, ignored, refused } from './input.ts'
import { legalNow } from './legal-now.ts'
import { isParked } from './parked.ts'
import { isBlock, isSending, stepAt as plannedAt } from './plan-tree.ts'
import { outputOf } from './replies.ts'
import { request } from './request.ts'
import { type StepState, stepIn } from './state.ts'
import type { Story } from './story.ts'
import { scopeAt, stepAt } from './tree.ts'

/** A person says: try again. What is parked goes on with a new budget of attempts: one step, or everything. */
export function retryParked(story: Story, { step: only, requestId, actor, reason }: InputOf<'retry'>): Decision {
  const { parked, acts } = story.state
  if (acts.includes(requestId)) return ignored('duplicate-request')
  if (story.state.paused) return notNow(story, 'the saga is paused: nothing is tried again')
  if (only !== undefined && !isParked(story.state, only)) return notParked(story, only)
  story.tell({ type: 'retry-requested', ...(only === undefined ? {} : { step: only }), requestId, actor, reason })
  for (const { step } of parked) {
    if (only !== undefined && step !== only) continue
    if (!story.isFull || isLate(story, step)) retryOne(story, step)
    else story.look('scope', scopeAround(step ?? ROOT))
  }
  return events(...story.events)
}

function notParked({ state, definition }: Story, path: string): Decision {
  const known = stepAt(state, path)
  if (isHeld(known)) {
    const why = `${path} waits for the participant ${known.participant}, and for no person`
    return refused('not-parked', `${why}; ${legalNow(definition, state)}`)
  }
  return refused('not-parked', `${path} waits for no person; ${legalNow(definition, state)}`)
}

/** Where nothing is being undone any more, nobody would look for it in the next turn. */
function isLate({ state }: Story, step: string | null): boolean {
  return step !== null && isOver(scopeAt(state, scopeAround(step)))
}

function retryOne(story: Story, path: string | null): void {
  const step = path === null ? undefined : plannedAt(story.definition, path)
  const known = path === null ? undefined : stepAt(story.state, path)
  const scope = scopeAround(path ?? ROOT)
  if (path !== null && known && step && (step.type === 'command' || step.type === 'child')) {
    if (scopeAt(story.state, scope)?.phase === 'forward')
      request(story, { path, step, direction: 'step', attempt: known.attempt + 1 })
    else if (known.status === 'undo-retrying')
      request(story, { path, step, direction: 'compensation', attempt: known.attempt + 1 })
    else undoStep(story, { path, step, known })
  } else {
    for (const inner of known?.block?.scopes ?? [])
      if (inner.phase === 'forward') story.look('scope', `${path}[${inner.key}]`)
    if (path !== null && known?.block) story.look('block', path)
    story.look('scope', scope)
  }
}

/** A step as a person asks about it. */
interface Named {
  readonly path: string
  readonly step: StepDefinition
  readonly known: StepState | undefined
  /** Whether its scope goes forward. */
  readonly forward: boolean
  readonly parked: boolean
}

function named({ definition, state }: Story, path: string): Named | undefined {
  const step = plannedAt(definition, path)
  const scope = scopeAt(state, scopeAround(path))
  if (!step || !scope) return undefined
  const known = stepIn(scope, nameOf(path))
  return { path, step, known, forward: scope.phase === 'forward', parked: isParked(state, path) }
}

/** A person says what is known of a parked step: that it was undone by hand, that it was done, or that it was not. */
export function resolve(story: Story, input: InputOf<'resolve'>): Decision {
  const { step: path, requestId, actor, reason, as = 'undone' } = input
  if (story.state.acts.includes(requestId)) return ignored('duplicate-request')
  const step = named(story, path)
  if (!step?.parked) return notParked(story, path)
  if (as !== 'undone') return as === 'done' ? resolveDone(story, step, input) : resolveFailed(story, step, input)
  if (!step.known || step.forward)
    return refused('not-parked', `no undo of ${path} waits for a person; ${legal(story)}`)
  story.tell({ type: 'undo-resolved', step: path, requestId, actor, reason })
  story.lookOutward(path)
  return events(...story.events)
}

function legal({ definition, state }: Story): string {
  return legalNow(definition, state)
}

function notNow(story: Story, why: string): Decision {
  return refused('not-now', `${why}; ${legal(story)}`)
}

/** Its outcome is not known: it was given up, or is parked between two attempts. */
function isUnknown({ known }: Named): boolean {
  return known?.status === 'given-up' || known?.status === 'retrying'
}

function resolveDone(story: Story, step: Named, input: InputOf<'resolve'>): Decision {
  if (!step.forward || !isUnknown(step))
    return notNow(story, `the outcome of ${step.path} is not unknown: it cannot be said to be done`)
  return takeAsDone(story, step, { ...input, output: input.output ?? null })
}

/** It is known not to have been done: what a refusal leads to. A success that is heard all the same is undone (S14). */
function resolveFailed(story: Story, named: Named, { requestId, actor, reason }: InputOf<'resolve'>): Decision {
  const { path, step, known, forward } = named
  if (!forward || isBlock(step) || (known && !isUnknown(named)))
    return notNow(story, `the outcome of ${path} is not unknown: it cannot be said to have failed`)
  if (step.kind === 'retriable' && !isSending(step))
    return notNow(story, `${path} asks nobody, and what comes after it cannot turn back: it waits where it is`)
  const error = { kind: 'rejected', code: 'not-done', message: reason || `${actor} says that it was not done` } as const
  story.tell({ type: 'failure-resolved', step: path, error, requestId, actor, reason })
  if (step.kind === 'retriable') story.park(path, error)
  else failScope(story, scopeAround(path), { kind: 'rejected', step: path, error })
  return events(...story.events)
}

/** Statuses of a forward step that a person may take as done without its being parked: its answer or time is not waited for. */
const UNDER_WAY: ReadonlySet<StepState['status']> = new Set(['armed', 'held', 'retrying', 'waiting'])

/** A person takes a step as done, with a result: its undo is due when the saga turns back, unless nothing was done. */
export function skip(story: Story, input: InputOf<'skip'>): Decision {
  const { step: path, requestId, notDone } = input
  if (story.state.acts.includes(requestId)) return ignored('duplicate-request')
  const step = named(story, path)
  if (!step) return refused('unknown-step', `there is no step ${path}; ${legal(story)}`)
  const underWay = step.known !== undefined && UNDER_WAY.has(step.known.status)
  if (!step.forward || (!step.parked && !underWay))
    return notNow(story, `${path} is ${step.known?.status ?? 'not begun'}: it cannot be skipped`)
  if (isBlock(step.step)) return notNow(story, `${path} is a block: its steps can be skipped, and it cannot`)
  if (step.step.type === 'signal' && step.step.approval)
    return notNow(story, `${path} is an approval: who has a role answers it with a signal`)
  if (notDone && step.step.kind === 'pivot')
    return notNow(
      story,
      `${path} is the pivot: what comes after it cannot be undone, so it is done or the saga turns back`,
    )
  if (notDone && !step.parked && !isSurelyNotDone(step.known))
    return notNow(story, `the command of ${path} is out: nobody can know that it will not be done`)
  return takeAsDone(story, step, input)
}

/** A wait does nothing, and what is held was not sent, or was refused before. */
function isSurelyNotDone(known: StepState | undefined): boolean {
  if (known?.status === 'held') return known.before === undefined || known.before.status === 'rejected'
  return known?.status === 'waiting'
}

function takeAsDone(
  story: Story,
  { path, step }: Named,
  said: Pick<InputOf<'skip'>, 'output' | 'notDone' | 'requestId' | 'actor' | 'reason'>,
): Decision {
  const { requestId, actor, reason, notDone } = said
  const output = resultOf(step, said.output)
  if (output === undefined) return refused('invalid-result', `the result does not fit what ${path} gives`)
  const by = { requestId, actor, reason }
  story.tell({ type: 'step-resolved', step: path, output, ...(notDone ? { notDone: true } : {}), ...by })
  if (step.kind === 'pivot') refuseUndo(story)
  story.look('scope', scopeAround(path))
  return events(...story.events)
}

/** The result as the step would give it; `undefined` when it does not fit. */
function resultOf(step: StepDefinition, output: Json): Json | undefined {
  if (isSending(step)) return outputOf(step, output)
  if (step.type === 'sleep') return output === null ? null : undefined
  if (step.type !== 'signal') return output
  const mayBeNull = step.deadlineMs !== undefined && step.onDeadline === 'go-on'
  const fits = (output === null && mayBeNull) || misfit(step.signal.payload, output) === undefined
  return fits ? output : undefined
}

/** A person gives a parked step another payload, and it is tried again at once. The idempotency key stays what it was. */
export function edit(story: Story, input: InputOf<'edit'>): Decision {
  const { step: path, payload, requestId, actor, reason } = input
  if (story.state.acts.includes(requestId)) return ignored('duplicate-request')
  const about = named(story, path)
  if (story.state.paused) return notNow(story, 'the saga is paused: nothing is tried again')
  if (!about?.parked) return notParked(story, path)
  const { step, forward } = about
  const direction: Direction = forward ? 'forward' : 'compensate'
  const planned = step.type === 'command' ? (forward ? step.forward : step.undo) : undefined
  if (!planned) return notNow(story, `${path} sends no command that could be given another payload`)
  const why = misfit(planned.command.input, payload)
  if (why !== undefined) return refused('invalid-payload', `the payload does not fit ${planned.command.type}: ${why}`)
  story.tell({ type: 'step-edited', step: path, direction, payload, requestId, actor, reason })
  retryOne(story, path)
  return events(...story.events)
}
