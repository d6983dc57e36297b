/** Whether an inbox remembers long enough for the sagas that are known to ask it. */
import { OperationalError } from '../message/errors.ts'
import type { Log } from '../ports/telemetry.ts'
import type { Definition } from '../saga/definition.ts'
import { longestMs, sagasOf } from '../saga/longest.ts'

/** How long the topics of commands keep a record, and can deliver it again. */
export const COMMANDS_KEPT_MS = 7 * 86_400_000

/** How long the inboxes that its sagas ask must remember; `Infinity`: for ever. Not counted is the time that one is stuck. */
export function rememberedMs(definition: Definition): number {
  return longestMs(definition) + COMMANDS_KEPT_MS
}

export interface RetentionChecked {
  readonly participant: string
  /** `Infinity`: for ever. */
  readonly retentionMs: number
  /** The sagas that this process knows of. */
  readonly sagas: readonly Definition[]
}

/**
 * An undo whose do was forgotten answers success and undoes nothing, and nobody would notice: so it is noticed before.
 * What cannot be told is warned of.
 * @throws OperationalError `inbox-retention-too-short` when a saga can last longer by its own definition.
 */
export function checkRetention({ participant, retentionMs, sagas }: RetentionChecked, log: Log): void {
  if (retentionMs === Number.POSITIVE_INFINITY) return
  if (retentionMs < COMMANDS_KEPT_MS)
    log.warn('the inbox forgets commands that can still be delivered again', {
      inboxRetentionMs: retentionMs,
      commandsKeptMs: COMMANDS_KEPT_MS,
    })
  for (const definition of sagasOf(participant, sagas)) {
    const saga = `${definition.name}@${definition.version}`
    const neededMs = rememberedMs(definition)
    if (neededMs === Number.POSITIVE_INFINITY)
      log.warn('the inbox may forget what a saga has yet to undo: nothing ends it in time', {
        saga,
        inboxRetentionMs: retentionMs,
      })
    else if (neededMs > retentionMs) throw tooShort(participant, saga, neededMs)
  }
}

function tooShort(participant: string, saga: string, neededMs: number): OperationalError {
  const days = Math.ceil(neededMs / 86_400_000)
  const message =
    `the inbox of ${participant} forgets too early: ${saga} can come back to it for ${days} days ` +
    'and then undo nothing; let inboxRetention be longer, by the time that a saga may be stuck too, or forever'
  return new OperationalError('inbox-retention-too-short', message, { where: 'participant', retriable: false })
}
