/** What an audit found, as data: its JSON is written down in docs/verify.md and changes only by adding. */

/** A breach of an invariant; the ids are those of docs/verify.md. */
export interface AuditViolation {
  readonly invariant: string
  readonly message: string
  readonly saga?: string
  /** Partition of the log. */
  readonly partition?: number
  /** In decimal: it may be past 2^53. */
  readonly offset?: string
}

export interface AuditReport {
  /** No violation was found in what was checked. */
  readonly clean: boolean
  readonly sagas: SagaCounts
  readonly events: number
  /** Accepted ones. */
  readonly batches: number
  /** Skipped by the rule of acceptance: another writer's, a repeated append, one cut short. */
  readonly voidBatches: number
  /** Records of the log that belong to no batch. */
  readonly strayRecords: number
  readonly deadLetters: { readonly total: number; readonly byReason: Readonly<Record<string, number>> }
  /** The first ones, up to `VIOLATIONS_LISTED_MAX`. */
  readonly violations: readonly AuditViolation[]
  readonly violationsTotal: number
  readonly violationsByInvariant: Readonly<Record<string, number>>
  readonly checked: readonly Checked[]
  readonly notChecked: readonly NotChecked[]
  /** What is no violation and worth knowing. */
  readonly notes: readonly string[]
}

export interface SagaCounts {
  total: number
  completed: number
  compensated: number
  stuck: number
  /** Killed by a person, with nothing undone. */
  failed: number
  /** Neither ended nor stuck: on their way forward or back. */
  running: number
}

/** An invariant that was checked, and on how many of what. */
export interface Checked {
  readonly id: string
  readonly over: number
  readonly of: string
}

export interface NotChecked {
  readonly id: string
  readonly why: string
}

/** Exit code of whoever runs an audit: 0 clean, 1 violations. (2: it could not run.) */
export function exitCodeOf(report: AuditReport): 0 | 1 {
  return report.clean ? 0 : 1
}
