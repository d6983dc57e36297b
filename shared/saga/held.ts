/**
 * Steps that wait for their participant: told instead of being sent while it may not simply be sent to, and sent when they
 * are admitted. To wait is no attempt: none of an attempt's times runs. Those of a budget that has begun go on, and so does
 * the saga's deadline.
 */
import type { Direction } from '../message/ids.ts'
import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { tooLate } from './attempt-times.ts'
import { type Decision, events, type InputOf } from './input.ts'
import { sendingStepAt } from './plan-tree.ts'
import { failStep, failUndo } from './replies.ts'
import { request } from './request.ts'
import { isLive, type SagaState, type ScopeState, type StepState } from './state.ts'
import type { Story } from './story.ts'
import { stepAt } from './tree.ts'

/** One step that is held, and what for. */
export interface HeldStep {
  readonly step: string
  readonly direction: Direction
  readonly participant: string
  readonly key: string | undefined
}

type HeldState = Extract<StepState, { status: 'held' | 'undo-held' }>

/** Whether the step, or its undo, waits for its participant. */
export function isHeld(step: StepState | undefined): step is HeldState {
  return step?.status === 'held' || step?.status === 'undo-held'
}

/** Every step that is held, however deep; nothing that waits for something else is looked at twice. */
export function heldSteps(state: SagaState): readonly HeldStep[] {
  const found: HeldStep[] = []
  if (isLive(state)) gather(state.root, ROOT, found)
  return found
}

function gather(scope: ScopeState, path: string, found: HeldStep[]): void {
  for (const step of scope.steps) {
    const at = stepPath(path, step.name)
    if (isHeld(step)) found.push(heldAs(step, at))
    for (const index of step.block?.active ?? []) {
      const inner = step.block?.scopes.at(index)
      if (inner) gather(inner, scopePath(at, inner.key), found)
    }
  }
}

function heldAs({ status, participant, key }: HeldState, step: string): HeldStep {
  return { step, direction: status === 'held' ? 'forward' : 'compensate', participant, key }
}

/** Sends the named steps that are still held, whatever is gated; those for which a turn has no room stay held. */
export function admit(story: Story, { steps }: InputOf<'admit'>): Decision {
  for (const one of steps) {
    if (story.isFull) break
    admitStep(story, one)
  }
  return events(...story.events)
}

function admitStep(story: Story, { step: path, direction }: InputOf<'admit'>['steps'][number]): void {
  const step = sendingStepAt(story.definition, path)
  const known = stepAt(story.state, path)
  const back = direction === 'compensate'
  const planned = back ? step?.undo : step?.forward
  if (!step || !planned || known?.status !== (back ? 'undo-held' : 'held')) return
  const error = tooLate(known, planned, story.moment.now)
  const attempt = known.attempt + 1
  if (error) (back ? failUndo : failStep)(story, { path, step, known }, { error })
  else request(story, { path, step, direction: back ? 'compensation' : 'step', attempt, admitted: known })
}
