/** Rules as they are written, and nothing else: what was armed, what was answered, what follows from it. */
import { expect } from 'vitest'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { commandStepNamed, type Definition } from '../../shared/saga/definition.ts'

/** Expects of a saga that ended compensated: just the steps that may have been done, each once, last one first. */
export function compensatedAsText(definition: Definition, history: readonly EventEnvelope[]): void {
  const armed: string[] = []
  const saidNo = new Set<string>()
  const undone: string[] = []
  for (const { event } of history) {
    if (event.type === 'step-requested') {
      saidNo.delete(event.step)
      if (!armed.includes(event.step)) armed.push(event.step)
    }
    if (event.type === 'step-rejected') saidNo.add(event.step)
    if (event.type === 'compensation-succeeded') undone.push(event.step)
  }
  const canBeUndone = new Set(
    definition.steps.filter((step) => step.type === 'command' && step.undo).map((step) => step.name),
  )
  const expected = armed.filter((step) => canBeUndone.has(step) && !saidNo.has(step)).reverse()
  expect(undone, 'S5, S6').toEqual(expected)
}

/** Expects that each failure is tried again just as often as the policy says, counted anew after a person's word. */
export function retriedAsText(definition: Definition, history: readonly EventEnvelope[]): void {
  const failures = new Map<string, number>()
  for (const { event, at } of history) {
    if (event.type === 'retry-requested') failures.clear()
    if (event.type !== 'step-failed' && event.type !== 'compensation-failed') continue
    const step = commandStepNamed(definition, event.step)
    const policy = event.type === 'step-failed' ? step?.forward.retry : step?.undo?.retry
    const what = `${event.type} of ${event.step}`
    const times = (failures.get(what) ?? 0) + 1
    failures.set(what, times)
    const { kind, code } = event.error
    const hopeless = kind === 'fatal' || kind === 'rejected' || policy?.notOn.includes(code) === true
    expect(event.retryAt === null, `${what}, for the ${times}. time`).toBe(hopeless || times >= (policy?.attempts ?? 0))
    if (event.retryAt === null || !policy) continue
    expect(event.retryAt, 'not in the past').toBeGreaterThanOrEqual(at)
    expect(event.retryAt, 'within the backoff').toBeLessThanOrEqual(at + policy.maxDelayMs)
  }
}
