/** Gathers what an audit finds: all is counted, the first ones are listed. */
import type { AuditViolation, Checked, NotChecked } from './report.ts'

/** Violations that are listed one by one; the others are counted. */
export const VIOLATIONS_LISTED_MAX = 200

export class Findings {
  readonly listed: AuditViolation[] = []
  readonly byInvariant: Record<string, number> = {}
  readonly checked: Checked[] = []
  readonly notChecked: NotChecked[] = []
  readonly notes: string[] = []
  total = 0

  violation(violation: AuditViolation): void {
    this.total++
    this.byInvariant[violation.invariant] = (this.byInvariant[violation.invariant] ?? 0) + 1
    if (this.listed.length < VIOLATIONS_LISTED_MAX) this.listed.push(violation)
  }
}
