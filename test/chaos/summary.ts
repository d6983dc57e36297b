/** What a run comes to. Its JSON is the last line of the output, and changes only by adding. */
import type { FaultKind } from './faults/fault-kinds.ts'
import type { Visits } from './load/visitor.ts'
import type { TakeOvers } from './verdict/take-overs.ts'
import type { Violation } from './verdict/violation.ts'

export interface Summary {
  readonly seed: number
  readonly minutes: number
  readonly rate: number
  readonly sagas: {
    readonly acknowledged: number
    readonly completed: number
    readonly compensated: number
    /** Compensated, though a shop that nothing had disturbed could have fulfilled them. */
    readonly givenUp: number
    readonly stuck: number
  }
  readonly takeOvers: TakeOvers
  readonly voidBatches: number
  readonly duplicates: { readonly written: number; readonly ignored: number }
  /** Inputs of the log's owners, by the reason that they were ignored for. */
  readonly ignored: Readonly<Record<string, number>>
  /** Places that a dead letter tells of. */
  readonly deadLetters: number
  readonly faults: Readonly<Record<FaultKind, number>>
  /** From the last fault until nothing was under way; orders that were placed after that. */
  readonly restMs: number
  readonly calmMs: number
  /** Questions to the gateway while it was disturbed too. */
  readonly gateway: Visits
  /** Longest wait of a client for an acknowledgement. */
  readonly longestWaitMs: number
  readonly processes: {
    /** Ended while they started, and were started again. */
    readonly notStarted: number
    readonly errors: Readonly<Record<string, number>>
    readonly warnings: Readonly<Record<string, number>>
  }
  /** Faults that found nothing to do, and what did not go as one meant it to. */
  readonly mishaps: readonly string[]
  /** What came less often than it must for the run to say something. */
  readonly belowFloor: readonly string[]
  readonly violations: readonly Violation[]
}

export function holds({ violations, belowFloor }: Summary): boolean {
  return violations.length === 0 && belowFloor.length === 0
}

/** For persons. */
export function summaryText(summary: Summary): string {
  const { seed, minutes, sagas, takeOvers, voidBatches, duplicates, deadLetters, faults, processes } = summary
  const counts = (all: Readonly<Record<string, number>>) =>
    Object.entries(all)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  const lines = [
    `seed ${seed}, ${minutes} minutes`,
    `sagas        ${counts(sagas)}`,
    `take-overs   ${takeOvers.count} of what was gone; after a kill half within ${takeOvers.p50Ms} ms, all within ${takeOvers.worstMs} ms`,
    `              partitions changed hands ${takeOvers.all} times`,
    `void batches ${voidBatches}`,
    `duplicates   ${duplicates.written} written, ${duplicates.ignored} inputs ignored: ${counts(summary.ignored)}`,
    `dead letters ${deadLetters}`,
    `faults       ${counts(faults)}`,
    `at rest      ${summary.restMs} ms after the last fault; then orders took ${summary.calmMs} ms`,
    `clients      waited ${summary.longestWaitMs} ms at most`,
    `gateway      ${counts({ ...summary.gateway })}`,
    `errors       ${counts(processes.errors)}`,
    `warnings     ${counts(processes.warnings)}`,
    `not started  ${processes.notStarted} processes, and started again`,
    ...summary.mishaps.map((text) => `mishap       ${text}`),
    ...summary.belowFloor.map((text) => `TOO FEW      ${text}`),
    ...summary.violations.map(({ id, message }) => `VIOLATION    ${id}: ${message}`),
  ]
  return lines.join('\n')
}
