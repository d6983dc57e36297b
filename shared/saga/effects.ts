/** `effects(events)`: what is to be sent, from the events alone. So it can be sent again, byte for byte (S9, S10). */
import type { StepCommand } from '../message/command-record.ts'
import type { EventEnvelope } from '../message/events.ts'

export interface SendEffect {
  readonly kind: 'send'
  readonly participant: string
  /** The command, but for where its reply goes. */
  readonly command: Omit<StepCommand, 'replyTo'>
}

export type Effect = SendEffect

/** The effects of an event: a requested step or compensation is sent; nothing else is. */
export function effectsOf({ sagaId, at, event }: EventEnvelope): readonly Effect[] {
  if (event.type !== 'step-requested' && event.type !== 'compensation-requested') return []
  const { step, attempt, definition, version, commandType, payload, timeoutAt } = event
  const direction = event.type === 'step-requested' ? 'forward' : 'compensate'
  const command = {
    sagaId,
    definition,
    version,
    step,
    direction,
    attempt,
    commandType,
    payload,
    at,
    deadlineAt: timeoutAt,
  } as const
  return [{ kind: 'send', participant: event.participant, command }]
}
