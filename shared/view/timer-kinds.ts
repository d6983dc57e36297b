/** What a timer is of. */
export const TIMER_KINDS = ['timeout', 'take-up', 'progress', 'retry', 'sleep', 'signal', 'deadline'] as const

/**
 * `timeout`: the end of an attempt; `take-up`, `progress`: nothing is heard of it by then; `retry`: its next attempt;
 * `sleep`; `signal`: the end of a wait for one; `deadline`: the saga's own.
 */
export type TimerKind = (typeof TIMER_KINDS)[number]
