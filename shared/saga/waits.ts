/** How a wait ends: by the signal that it is for, or because its time has come. */
import type { Json } from '../message/json.ts'
import { scopeAround } from '../message/step-path.ts'
import type { SignalStep, SleepStep } from './definition.ts'
import { failScope } from './failure.ts'
import type { SagaState, Signal } from './state.ts'
import type { Story } from './story.ts'

/** The oldest kept signal that may end the wait. */
export function keptSignal(state: SagaState, step: SignalStep): Signal | undefined {
  return state.signals.find((signal) => mayEnd(step, signal))
}

/** Whether a signal may end this wait: another one of the same name may ask for other roles. */
export function mayEnd(
  { signal, approval }: SignalStep,
  { name, roles, payload }: Pick<Signal, 'name' | 'roles' | 'payload'>,
): boolean {
  if (signal.name !== name) return false
  if (!approval) return true
  const answer = answerOf(payload)
  return (
    answer !== undefined && approval.answers.includes(answer) && approval.roles.some((role) => roles.includes(role))
  )
}

export interface Wait {
  readonly path: string
  readonly step: SignalStep | SleepStep
}

/** Ends a wait by a signal, or, without one, because its time came. An answer that says no turns the scope back. */
export function endWait(story: Story, { path, step }: Wait, signal: Signal | undefined): void {
  const output = signal ? said(step, signal) : null
  story.tell({ type: 'wait-ended', step: path, requestId: signal?.requestId ?? null, output })
  const answer = signal && step.type === 'signal' ? refusalOf(step, signal) : undefined
  if (answer === undefined) {
    story.look('scope', scopeAround(path))
    return
  }
  const error = { kind: 'rejected', code: answer, message: `${path} was answered with ${answer}` } as const
  failScope(story, scopeAround(path), { kind: 'rejected', step: path, error })
}

/** What a signal says to the wait that it ends. An approval says who gave it, whatever its payload says. */
function said(step: Wait['step'], { payload, actor }: Signal): Json {
  const isApproval = step.type === 'signal' && step.approval !== undefined
  if (!isApproval || actor === undefined || typeof payload !== 'object' || payload === null) return payload
  return { ...payload, by: actor }
}

/** The answer of an approval, when it is one that turns the saga back. */
function refusalOf({ approval }: SignalStep, { payload }: Signal): string | undefined {
  const answer = answerOf(payload)
  return answer !== undefined && approval?.turnBackOn.includes(answer) ? answer : undefined
}

/** What the payload of an approval's signal answers. */
export function answerOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('answer' in payload)) return undefined
  return typeof payload.answer === 'string' ? payload.answer : undefined
}

/** The time of a wait has come: a sleep is over; a wait for a signal goes on without one, or turns its scope back. */
export function expire(story: Story, wait: Wait): void {
  const { path, step } = wait
  if (step.type === 'sleep' || step.onDeadline === 'go-on') {
    endWait(story, wait, undefined)
    return
  }
  const message = `no signal ${step.signal.name} came within ${step.deadlineMs} ms`
  const error = { kind: 'timeout', code: 'wait-expired', message } as const
  failScope(story, scopeAround(path), { kind: 'failed', step: path, error })
}
