/** What the demo says at its end: read from the views, checked by the auditor, not counted by the load. */
import Table from 'cli-table3'
import type { Counts } from './await-end.ts'

export interface Summary {
  readonly orders: number
  readonly completed: number
  readonly compensated: number
  readonly stuck: number
  readonly violations: number
  /** From a saga's start to its end, over all that have ended, milliseconds; null when none has. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Sagas that have ended, by the time in which sagas were started and ended, over all runs; 0 when none has. */
  readonly sagasPerSecond: number
}

export interface SummaryParts {
  readonly counts: Counts
  readonly violations: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly ended: number
  readonly busyMs: number
}

export function summaryOf({ counts, violations, p50Ms, p99Ms, ended, busyMs }: SummaryParts): Summary {
  const { running, compensating, stuck, completed, compensated } = counts
  return {
    orders: running + compensating + stuck + completed + compensated,
    completed,
    compensated,
    stuck,
    violations,
    p50Ms,
    p99Ms,
    sagasPerSecond: busyMs > 0 ? Math.round((ended * 1_000) / busyMs) : 0,
  }
}

/** The summary as a table. */
export function summaryTable(summary: Summary): string {
  const ms = (value: number | null) => (value === null ? '-' : `${value} ms`)
  const table = new Table({ style: { head: [], border: [] } })
  table.push(
    { orders: summary.orders },
    { completed: summary.completed },
    { compensated: summary.compensated },
    { 'stuck (need a person)': summary.stuck },
    { 'duration p50': ms(summary.p50Ms) },
    { 'duration p99': ms(summary.p99Ms) },
    { 'sagas per second': summary.sagasPerSecond },
  )
  return table.toString()
}
