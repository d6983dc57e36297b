/** When a failed step is tried again. */
import { type Duration, durationMs } from './duration.ts'

/**
 * How the delay grows. `fixed`: not at all. `exponential`: each is the one before, times the multiplier. `fibonacci`: the
 * first delay times 1, 1, 2, 3, 5, 8.
 */
export type Backoff = 'fixed' | 'exponential' | 'fibonacci'

/** What a policy and a rule in it may say of the next attempt. */
interface Trying {
  /** Attempts in all, the first one included. */
  readonly attempts: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** Of an exponential backoff; 1 keeps it fixed. */
  readonly multiplier: number
  /** `full`: anything between nothing and the delay, so that sagas that failed together do not return together. */
  readonly jitter: 'full' | 'none'
  /** Exponential where it is left out. */
  readonly backoff?: Backoff
}

/** What is done otherwise when a technical error has this code. */
export type RetryRule = { readonly code: string } & (Partial<Trying> | { readonly fatal: true })

export interface RetryPolicy extends Trying {
  /** Codes of technical errors that no retry can mend: the short form of rules that come last. */
  readonly notOn: readonly string[]
  /** So long after the first attempt no other one is begun. */
  readonly maxAgeMs?: number
  /** The first one whose code fits counts. */
  readonly rules?: readonly RetryRule[]
}

interface TryingOptions {
  readonly attempts?: number
  readonly firstDelay?: Duration
  readonly maxDelay?: Duration
  readonly backoff?: Backoff
  readonly multiplier?: number
  readonly jitter?: 'full' | 'none'
}

/** A rule as a definition writes it. */
export type RetryRuleOptions = { readonly code: string } & (
  | (TryingOptions & { readonly fatal?: never })
  | { readonly fatal: true }
)

/** A policy as a definition writes it; what is left out comes from the defaults. */
export interface RetryOptions extends TryingOptions {
  readonly notOn?: readonly string[]
  readonly maxAge?: Duration
  readonly rules?: readonly RetryRuleOptions[]
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
  const { notOn = defaults.notOn, maxAge, rules } = options
  return {
    ...defaults,
    ...tryingOf(options),
    notOn,
    ...(maxAge !== undefined && { maxAgeMs: durationMs(maxAge) }),
    ...(rules !== undefined && { rules: rules.map(ruleOf) }),
  }
}

function ruleOf(rule: RetryRuleOptions): RetryRule {
  const { code } = rule
  return rule.fatal ? { code, fatal: true } : { code, ...tryingOf(rule) }
}

/** What the options say, and nothing of what they leave out. */
function tryingOf(options: TryingOptions): Partial<Trying> {
  const { attempts, firstDelay, maxDelay, backoff, multiplier, jitter } = options
  if (attempts !== undefined && !(Number.isInteger(attempts) && attempts >= 1 && attempts <= ATTEMPTS_MAX))
    throw new TypeError(`attempts must be a whole number from 1 to ${ATTEMPTS_MAX}`)
  if (multiplier !== undefined && !(multiplier >= 1))
    throw new TypeError('the multiplier of a retry policy is at least 1')
  return {
    ...(attempts !== undefined && { attempts }),
    ...(firstDelay !== undefined && { firstDelayMs: durationMs(firstDelay) }),
    ...(maxDelay !== undefined && { maxDelayMs: durationMs(maxDelay) }),
    ...(multiplier !== undefined && { multiplier }),
    ...(jitter !== undefined && { jitter }),
    ...(backoff !== undefined && { backoff }),
  }
}

/** The policy as it is for an error with this code; `undefined`: no retry can mend it. */
export function policyOn(policy: RetryPolicy, code: string): RetryPolicy | undefined {
  const rule = policy.rules?.find((one) => one.code === code)
  if (!rule) return policy.notOn.includes(code) ? undefined : policy
  return 'fatal' in rule ? undefined : { ...policy, ...rule }
}

/**
 * How long to wait before the next attempt, in milliseconds.
 * @param failures attempts that have failed so far, at least 1
 * @param chance a number in [0, 1) that jitter is drawn from
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, chance: number): number {
  const delay = Math.min(grown(policy, failures), policy.maxDelayMs)
  return Math.round(policy.jitter === 'full' ? delay * chance : delay)
}

function grown({ backoff = 'exponential', firstDelayMs, maxDelayMs, multiplier }: RetryPolicy, failures: number) {
  // Nothing times too much is no number.
  if (firstDelayMs === 0) return 0
  switch (backoff) {
    case 'fixed':
      return firstDelayMs
    case 'exponential':
      return firstDelayMs * multiplier ** Math.min(failures - 1, 1_000)
    case 'fibonacci': {
      let [delay, next] = [firstDelayMs, firstDelayMs]
      for (let i = 1; i < failures && delay < maxDelayMs; i++) [delay, next] = [next, delay + next]
      return delay
    }
  }
}
