/** What a command is counted under, beside its participant, where calls are limited: a text that the definition makes. */
import type { Json } from '../message/json.ts'
import type { Mapping, SendingStep } from './definition.ts'

/** Longest key. */
export const LIMIT_KEY_CHARS_MAX = 200

/** What makes the key of a step's command, or of its undo: the step's own where that says none and asks the same participant. */
export function limitMapping(step: SendingStep, direction: 'step' | 'compensation'): Mapping | undefined {
  if (step.type !== 'command') return undefined
  const { forward, undo } = step
  if (direction === 'step') return forward.limitBy
  return undo?.limitBy ?? (undo?.command.participant === forward.command.participant ? forward.limitBy : undefined)
}

/** Why that is no key; nothing when it is. */
export function limitKeyFault(value: Json): string | undefined {
  if (typeof value === 'string' && value.length >= 1 && value.length <= LIMIT_KEY_CHARS_MAX) return undefined
  const found = typeof value === 'string' ? `one of ${value.length}` : JSON.stringify(value).slice(0, 200)
  return `what a step is limited by is a text of 1 to ${LIMIT_KEY_CHARS_MAX} characters, not ${found}`
}
