/** Timers as a person reads them. */
import type { TimerAnswer } from '../../../shared/client/timer-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText, untilText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

function dueText({ dueAt }: TimerAnswer, { color, now }: Eyes): string {
  if (Date.parse(dueAt) >= now) return untilText(dueAt, now)
  return styled(['bold', 'red'], `OVERDUE for ${sinceText(dueAt, now)}`, color)
}

function whereText({ step, direction }: TimerAnswer): string {
  return direction === 'compensate' ? `undo ${step}` : (step ?? '')
}

function whatText({ signal, lock, child, participant }: TimerAnswer): string {
  if (signal !== null) return `signal ${signal}`
  if (lock !== null) return `lock ${lock}`
  return child === null ? (participant ?? '') : `saga ${child}`
}

/** A line for each. */
export function timersText(timers: readonly TimerAnswer[], eyes: Eyes): string {
  const rows = timers.map((one) => [
    dueText(one, eyes),
    one.kind,
    plain(one.saga),
    plain(whereText(one)),
    one.attempt === null || one.attempt === 0 ? '' : String(one.attempt),
    plain(whatText(one)),
  ])
  return tableText(['DUE', 'KIND', 'SAGA', 'STEP', 'TRY', 'WAITS FOR'], rows, eyes.color)
}
