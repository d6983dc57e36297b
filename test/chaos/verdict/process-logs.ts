/** What the processes themselves have said: nothing that is no log line, no end that nobody asked for, and errors by their message. */
import type { Roster } from '../stage/roster.ts'
import type { Violation } from './violation.ts'

const ERROR = 50
const WARN = 40
const TOLD_MAX = 5

export interface ProcessLogs {
  /** Lines by level and message. */
  readonly errors: Readonly<Record<string, number>>
  readonly warnings: Readonly<Record<string, number>>
  /** Processes that ended without being told to: while they started, and after that. */
  readonly notStarted: number
  readonly violations: readonly Violation[]
}

export function processLogs(roster: Roster): ProcessLogs {
  const errors: Record<string, number> = {}
  const warnings: Record<string, number> = {}
  for (const { level, msg } of roster.lines(WARN)) {
    const into = level >= ERROR ? errors : warnings
    into[msg] = (into[msg] ?? 0) + 1
  }
  const raw = roster.raw
  const fell = roster.ended.filter(({ ran }) => ran)
  const violations = [
    ...raw.slice(0, TOLD_MAX).map(({ place, text }) => ({ id: 'process', message: `${place} wrote: ${text}` })),
    ...fell.map(({ place, code, signal, lastLine }) => ({
      id: 'process',
      message: `${place} ended by itself with ${signal ?? code}: ${lastLine}`,
    })),
  ]
  return { errors, warnings, notStarted: roster.ended.length - fell.length, violations }
}
