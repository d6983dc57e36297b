/** An audit's report for a person. */
import { type AuditReport, type AuditViolation, type Checked, exitCodeOf } from './report.ts'
import { SHOWN_ELSEWHERE } from './scope.ts'

/** Violations that are shown; the report's JSON lists more. */
const SHOWN_MAX = 20

/** Lines of text, without colours: what was read, what was checked, what was found. */
export function reportText(report: AuditReport): string {
  return [
    ...readLines(report),
    '',
    `checked    ${checkedText(report.checked)}`,
    ...[...byWhy(report)].map(([why, ids]) => `not        ${ids.join(' ')}: ${why}`),
    `elsewhere  ${[...SHOWN_ELSEWHERE].join(' ')}: no audit shows these, docs/verify.md says what does`,
    ...report.notes.map((note) => `note       ${note}`),
    '',
    ...verdictLines(report),
  ].join('\n')
}

function readLines({ sagas, events, batches, voidBatches, strayRecords, deadLetters }: AuditReport): string[] {
  const { total, completed, compensated, stuck, failed, running } = sagas
  const killed = failed > 0 ? `, ${failed} killed` : ''
  const reasons = Object.entries(deadLetters.byReason).map(([reason, count]) => `${count} ${reason}`)
  const strays = strayRecords > 0 ? `, ${strayRecords} stray records` : ''
  return [
    `sagas      ${total}: ${completed} completed, ${compensated} compensated, ${stuck} stuck, ${running} running${killed}`,
    `log        ${events} events in ${batches} batches, ${voidBatches} void batches${strays}`,
    `dead       ${deadLetters.total}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`,
  ]
}

/** `S1 S3 over 20 sagas; S11 over 7 batches` */
function checkedText(checked: readonly Checked[]): string {
  const groups = new Map<string, string[]>()
  for (const { id, over, of } of checked) {
    const key = `${over} ${of}`
    groups.set(key, [...(groups.get(key) ?? []), id])
  }
  return [...groups].map(([what, ids]) => `${ids.join(' ')} over ${what}`).join('\n           ')
}

function byWhy({ notChecked }: AuditReport): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { id, why } of notChecked) if (!SHOWN_ELSEWHERE.has(id)) groups.set(why, [...(groups.get(why) ?? []), id])
  return groups
}

function verdictLines(report: AuditReport): string[] {
  if (exitCodeOf(report) === 0) return ['clean      no violation found']
  const counts = Object.entries(report.violationsByInvariant).map(([id, count]) => `${id} ${count}`)
  const shown = report.violations.slice(0, SHOWN_MAX)
  const left = report.violationsTotal - shown.length
  return [
    `VIOLATIONS ${report.violationsTotal}: ${counts.join(', ')}`,
    ...shown.map(violationLine),
    ...(left > 0 ? [`           and ${left} more`] : []),
  ]
}

function violationLine({ invariant, message, saga, partition, offset }: AuditViolation): string {
  const place =
    partition === undefined ? '' : `partition ${partition}${offset === undefined ? '' : ` offset ${offset}`}`
  const where = [saga === undefined ? '' : `saga ${saga}`, place].filter((text) => text !== '').join(', ')
  return `  ${invariant.padEnd(8)} ${printable(where === '' ? message : `${where}: ${message}`)}`
}

/** What stands in a log may hold anything: a terminal is not to obey it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd')
}
