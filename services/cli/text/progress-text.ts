/** How far an audit, or an export, has come, in a line. */

export interface ReadSoFar {
  /** Of the log. */
  readonly records: number
  /** As many as it had when it was begun with. */
  readonly recordsTotal: number
}

const SECOND_MS = 1_000
/** Before that a rate says nothing. */
const RATE_FROM_MS = 500

/** `120000 of 800000 records, 40000/s, 17 s left` */
export function progressText({ records, recordsTotal }: ReadSoFar, elapsedMs: number): string {
  return workedText({ done: records, total: recordsTotal, what: 'records' }, elapsedMs)
}

export interface WorkSoFar {
  readonly done: number
  readonly total: number
  /** Of what, in the plural. */
  readonly what: string
}

/** The same of any work. */
export function workedText({ done, total, what }: WorkSoFar, elapsedMs: number): string {
  const far = `${done} of ${total} ${what}`
  if (elapsedMs < RATE_FROM_MS || done === 0) return far
  const perSecond = Math.max(1, Math.round((done * SECOND_MS) / elapsedMs))
  const leftSeconds = Math.ceil(Math.max(0, total - done) / perSecond)
  return `${far}, ${perSecond}/s, ${leftText(leftSeconds)} left`
}

function leftText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
