/** The commands of a saga as a person reads them. */
import type { CommandAnswer } from '../../../shared/client/command-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText, spanText } from './spans.ts'
import { tableText } from './tables.ts'

function tookText({ tookMs, sentAt, outcome }: CommandAnswer, now: number): string {
  if (tookMs !== null) return spanText(tookMs)
  return outcome === null ? `${sinceText(sentAt, now)} so far` : ''
}

function answerText({ outcome, code, late }: CommandAnswer): string {
  if (outcome === null) return 'none'
  const why = code === null || code === outcome ? '' : `: ${code}`
  return plain(`${outcome}${why}${late ? ', late' : ''}`)
}

/** A line for each attempt. */
export function commandsText(commands: readonly CommandAnswer[], { color, now }: Eyes): string {
  const rows = commands.map((one) => [
    plain(one.direction === 'compensate' ? `undo ${one.step}` : one.step),
    String(one.attempt),
    plain(one.command),
    one.sentAt,
    tookText(one, now),
    answerText(one),
  ])
  return tableText(['STEP', 'TRY', 'COMMAND', 'SENT', 'TOOK', 'ANSWER'], rows, color)
}
