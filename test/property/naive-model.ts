/** S5 and S6 as they are written, and nothing else: what was armed, what was answered, what follows from it. */
import { expect } from 'vitest'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { Definition } from '../../shared/saga/definition.ts'

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
  const canBeUndone = new Set(definition.steps.filter((step) => step.undo).map((step) => step.name))
  const expected = armed.filter((step) => canBeUndone.has(step) && !saidNo.has(step)).reverse()
  expect(undone, 'S5, S6').toEqual(expected)
}
