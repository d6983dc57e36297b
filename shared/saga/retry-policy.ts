/** When a failed step is tried again. */
import { type Duration, durationMs } from './duration.ts'

export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** Each delay is the one before, times this; 1 keeps it fixed. */
  readonly multiplier: number
  /** `full`: anything between nothing and the delay, so that sagas that failed together do not return together. */
  readonly jitter: 'full' | 'none'
  /** Codes of technical errors that no retry can mend. */
  readonly notOn: readonly string[]
}

/** A policy as a definition writes it; what is left out comes from the defaults. */
export interface RetryOptions {
  readonly attempts?: number
  readonly firstDelay?: Duration
  readonly maxDelay?: Duration
  readonly multiplier?: number
  readonly jitter?: 'full' | 'none'
  readonly notOn?: readonly string[]
}

/** Five attempts over some ten seconds: rides out a restart, tells a customer within a minute. */
export const FORWARD_RETRY: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  multiplier: 2,
  jitter: 'full',
  notOn: [],
}

/** An undo must get through: fifteen attempts over some ten minutes before a person is called. */
export const COMPENSATION_RETRY: RetryPolicy = { ...FORWARD_RETRY, attempts: 15, maxDelayMs: 60_000 }

const ATTEMPTS_MAX = 10_000

/** Completes a policy. @throws TypeError when a figure makes no sense. */
export function retryPolicy(options: RetryOptions, defaults: RetryPolicy): RetryPolicy {
  const policy: RetryPolicy = {
    attempts: options.attempts ?? defaults.attempts,
    firstDelayMs: options.firstDelay === undefined ? defaults.firstDelayMs : durationMs(options.firstDelay),
    maxDelayMs: options.maxDelay === undefined ? defaults.maxDelayMs : durationMs(options.maxDelay),
    multiplier: options.multiplier ?? defaults.multiplier,
    jitter: options.jitter ?? defaults.jitter,
    notOn: options.notOn ?? defaults.notOn,
  }
  if (!Number.isInteger(policy.attempts) || policy.attempts < 1 || policy.attempts > ATTEMPTS_MAX)
    throw new TypeError(`attempts must be a whole number from 1 to ${ATTEMPTS_MAX}`)
  if (!(policy.multiplier >= 1)) throw new TypeError('the multiplier of a retry policy is at least 1')
  return policy
}

/**
 * How long to wait before the next attempt, in milliseconds.
 * @param failures attempts that have failed so far, at least 1
 * @param chance a number in [0, 1) that jitter is drawn from
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, chance: number): number {
  if (policy.firstDelayMs === 0) return 0
  const grown = policy.firstDelayMs * policy.multiplier ** Math.min(failures - 1, 1_000)
  const delay = Math.min(grown, policy.maxDelayMs)
  return Math.round(policy.jitter === 'full' ? delay * chance : delay)
}
