/** What must be right before there are figures. */
import type { AuditReport, SagaCounts } from '../../../services/auditor/report.ts'

export interface Checked {
  readonly completed: number
  readonly compensated: number
  readonly violations: number
}

/**
 * Holds the exact counts that are expected against what the auditor counted, and the log against the invariants. What is not
 * named is expected to be none.
 * @throws when it is not right.
 */
export function checkedReport(report: AuditReport, expected: Partial<Omit<SagaCounts, 'total'>>): Checked {
  const { total, ...counted } = report.sagas
  const right: Omit<SagaCounts, 'total'> = {
    ...{ completed: 0, compensated: 0, stuck: 0, failed: 0, running: 0 },
    ...expected,
  }
  const names = Object.keys(right) as (keyof typeof right)[]
  if (names.some((name) => counted[name] !== right[name]))
    throw new Error(`${JSON.stringify(report.sagas)} where ${JSON.stringify(right)} is right`)
  if (report.violationsTotal > 0)
    throw new Error(`the auditor found ${report.violationsTotal} violations: ${JSON.stringify(report.violations[0])}`)
  return { completed: counted.completed, compensated: counted.compensated, violations: report.violationsTotal }
}
