/**
 * How long a step may take, in four ways. Each is said in an event as a time and not as a duration, so that the log alone
 * tells when it is due.
 */
import type { RequestedCommand, StepError } from '../message/events.ts'
import type { PlannedCommand } from './definition.ts'
import type { BudgetEnd, StepState } from './state.ts'

/** The error of a step that took too long; which of its times is over, the code says. */
export const EXPIRED = {
  attempt: 'timeout',
  takeUp: 'not-taken-up',
  progress: 'no-progress',
  total: 'total-timeout',
} as const

type Open = Extract<StepState, { status: 'armed' | 'undoing' }>
type Times = Pick<RequestedCommand, 'timeoutAt' | 'takeUpAt' | 'giveUpAt' | 'retryUntil'>

/** The times of an attempt that is sent now. Those of all attempts are what they were, unless a new budget begins. */
export function timesOf(
  planned: PlannedCommand,
  known: StepState | undefined,
  { now, attempt }: { now: number; attempt: number },
): Times {
  const goesOn = known !== undefined && BETWEEN.has(known.status) && known.budgetFrom < attempt
  const end = goesOn ? (known.end ?? {}) : freshEnd(planned, now)
  const { timeoutMs, takeUpMs } = planned
  return {
    timeoutAt: attemptEnd(timeoutMs, now, end),
    ...(takeUpMs !== undefined && { takeUpAt: now + takeUpMs }),
    ...end,
  }
}

/** Statuses in which the next attempt may be of the budget that the last one was of. */
const BETWEEN: ReadonlySet<StepState['status']> = new Set(['retrying', 'undo-retrying', 'held', 'undo-held'])

function freshEnd({ totalMs, retry: { maxAgeMs } }: PlannedCommand, now: number): BudgetEnd {
  return {
    ...(totalMs !== undefined && { giveUpAt: now + totalMs }),
    ...(maxAgeMs !== undefined && { retryUntil: now + maxAgeMs }),
  }
}

function attemptEnd(timeoutMs: number | null, now: number, { giveUpAt }: BudgetEnd): number | null {
  if (timeoutMs === null) return giveUpAt ?? null
  return Math.min(now + timeoutMs, giveUpAt ?? Number.POSITIVE_INFINITY)
}

/**
 * What progress moves: the time for the next progress, where there is one, and the attempt's end stays; else the attempt
 * may take as long again.
 */
export function extended(
  { timeoutMs, progressMs }: PlannedCommand,
  known: Open,
  now: number,
): { readonly timeoutAt: number | null; readonly progressAt?: number } {
  if (progressMs === undefined) return { timeoutAt: attemptEnd(timeoutMs, now, known.end ?? {}) }
  return { timeoutAt: known.timeoutAt, progressAt: now + progressMs }
}

/** When the open attempt is too late, in any way; `undefined`: never. */
export function openDueAt({ timeoutAt, takeUpAt, progressAt }: Open): number | undefined {
  const due = Math.min(...[timeoutAt, takeUpAt, progressAt].map((at) => at ?? Number.POSITIVE_INFINITY))
  return due === Number.POSITIVE_INFINITY ? undefined : due
}

/** When a step that is held can be sent no more: nothing is waited for then. `undefined`: never, as far as its budget goes. */
export function heldDueAt({ end: { giveUpAt, retryUntil } = {} }: StepState): number | undefined {
  const due = Math.min(giveUpAt ?? Number.POSITIVE_INFINITY, (retryUntil ?? Number.POSITIVE_INFINITY) + 1)
  return due === Number.POSITIVE_INFINITY ? undefined : due
}

/** Which time of the open attempt is over: that of all attempts, else the one that was first. */
export function expiryOf(known: Open, planned: PlannedCommand, now: number): StepError {
  if (known.end?.giveUpAt !== undefined && known.end.giveUpAt <= now) return totalOver(planned)
  const { attempt } = known
  const due = openDueAt(known)
  if (known.takeUpAt === due)
    return expired('takeUp', `attempt ${attempt} was not taken up within ${planned.takeUpMs} ms`)
  if (known.progressAt === due)
    return expired('progress', `attempt ${attempt} made no progress for ${planned.progressMs} ms`)
  return expired('attempt', `attempt ${attempt} was not answered within ${planned.timeoutMs} ms`)
}

function totalOver({ totalMs }: PlannedCommand): StepError {
  return expired('total', `it was not done within ${totalMs} ms, all attempts together`)
}

function expired(which: keyof typeof EXPIRED, message: string): StepError {
  return { kind: 'timeout', code: EXPIRED[which], message }
}

/** Why an attempt that is due may not be begun any more: its timer, or its turn, came late. `undefined`: it may. */
export function tooLate(known: StepState, planned: PlannedCommand, now: number): StepError | undefined {
  const { giveUpAt } = known.end ?? {}
  if (giveUpAt !== undefined && giveUpAt <= now) return totalOver(planned)
  return mayBegin(known.end, now) ? undefined : lastError(known)
}

function lastError(known: StepState): StepError | undefined {
  if (known.status === 'held' || known.status === 'undo-held') return known.before && lastError(known.before)
  return known.status === 'retrying' || known.status === 'undo-retrying' ? known.error : undefined
}

/** Whether an attempt may be begun at that time. */
export function mayBegin({ giveUpAt, retryUntil }: BudgetEnd = {}, at: number): boolean {
  return (giveUpAt === undefined || at < giveUpAt) && (retryUntil === undefined || at <= retryUntil)
}
