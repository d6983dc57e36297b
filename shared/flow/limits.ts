/** How much of a participant's work may be under way, as data: what a person sets, and what is so when nobody did. */
import type { Json } from '../message/json.ts'

/** How hard a participant may be asked. What is absent is not limited. */
export interface ParticipantLimits {
  /** Calls under way at one time. */
  readonly concurrency?: number
  readonly ratePerSecond?: number
  /** Calls that may go at once after a pause; absent: a tenth of a second's worth. */
  readonly burst?: number
  /** The same for each limit key of its steps. */
  readonly perKey?: KeyLimits
  /** What is absent in it is as in `BREAKER`. */
  readonly breaker?: Partial<BreakerPolicy> | 'off'
}

export interface KeyLimits {
  readonly concurrency?: number
  readonly ratePerSecond?: number
}

/** When a participant counts as down, and how it is tried again. */
export interface BreakerPolicy {
  /** Share of the calls that failed, above 0 and up to 1. */
  readonly failureRate: number
  /** Fewer calls than this in the window say nothing. */
  readonly minimumCalls: number
  readonly windowMs: number
  /** How long nothing is sent after it opened; doubled each time that it opens again, up to `OPEN_MS_MAX`. */
  readonly openMs: number
  /** Calls that are tried when that time is over; it closes when as many worked. */
  readonly probes: number
}

/**
 * Cautious: a participant that fails half of its calls gains nothing from more of them, and twenty calls tell that from
 * two that had bad luck. A breaker that opens wrongly costs seconds, and no step: what it holds goes on afterwards.
 */
export const BREAKER: BreakerPolicy = {
  failureRate: 0.5,
  minimumCalls: 20,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 3,
}

/** Longest time that a breaker stays open before it tries again: what waits for a participant must see it come back. */
export const OPEN_MS_MAX = 60_000

/** Each of these waited counts as one step of priority more, so that nothing waits behind newer calls for ever. */
export const AGEING_MS = 30_000

/** The policy of a participant; `undefined`: it has no breaker. */
export function breakerPolicy({ breaker = {} }: ParticipantLimits): BreakerPolicy | undefined {
  return breaker === 'off' ? undefined : { ...BREAKER, ...breaker }
}

/** Whether anything but the breaker is limited. */
export function isLimiting({ concurrency, ratePerSecond, perKey }: ParticipantLimits): boolean {
  const limits = [concurrency, ratePerSecond, perKey?.concurrency, perKey?.ratePerSecond]
  return limits.some((limit) => limit !== undefined)
}

/** Calls that may go at once, where nothing is said: little, so that the rate holds in short times too. */
export function burstOf(ratePerSecond: number, burst?: number): number {
  return burst ?? Math.max(1, Math.ceil(ratePerSecond / 10))
}

/** What a process makes good that was too busy to let calls go when they might have: more than that is let go by. */
const MISSED_MS_MAX = 500

/** This process's part of a rate. A burst that was set is kept to the letter, also when calls are late. */
export function paceOf({ ratePerSecond, burst }: { ratePerSecond: number; burst: number | undefined }, part: number) {
  return {
    ratePerSecond: ratePerSecond * part,
    burst: Math.max(1, burstOf(ratePerSecond, burst) * part),
    missed: burst === undefined ? (ratePerSecond * part * MISSED_MS_MAX) / 1_000 : 0,
  }
}

/** Highest value of each limit: what is above has been mistyped. */
const LIMIT_MAX = 1_000_000
const TIME_MS_MAX = 86_400_000

type Check = (value: unknown) => string | undefined

const whole =
  (max: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
      ? undefined
      : `is a whole number from 1 to ${max}`

const share: Check = (value) =>
  typeof value === 'number' && value > 0 && value <= 1 ? undefined : 'is above 0 and at most 1'

const rate: Check = (value) =>
  typeof value === 'number' && value >= 0.001 && value <= LIMIT_MAX ? undefined : `is from 0.001 to ${LIMIT_MAX}`

const KEY_CHECKS: Readonly<Record<string, Check>> = { concurrency: whole(LIMIT_MAX), ratePerSecond: rate }

const BREAKER_CHECKS: Readonly<Record<string, Check>> = {
  failureRate: share,
  minimumCalls: whole(LIMIT_MAX),
  windowMs: whole(TIME_MS_MAX),
  openMs: whole(OPEN_MS_MAX),
  probes: whole(1_000),
}

const CHECKS: Readonly<Record<string, Check>> = {
  ...KEY_CHECKS,
  burst: whole(LIMIT_MAX),
  perKey: (value) => faultIn(value, KEY_CHECKS),
  breaker: (value) => (value === 'off' ? undefined : faultIn(value, BREAKER_CHECKS)),
}

/** Why a value cannot be limits of a participant; `undefined` when it can. */
export function limitsFault(value: unknown): string | undefined {
  const fault = faultIn(value, CHECKS)
  if (fault !== undefined) return fault
  const { burst, ratePerSecond } = value as ParticipantLimits
  return burst !== undefined && ratePerSecond === undefined ? 'burst goes with ratePerSecond' : undefined
}

function faultIn(value: unknown, checks: Readonly<Record<string, Check>>): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is an object'
  if (Object.keys(value).length === 0) return 'says nothing'
  for (const [name, one] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (!check) return `has ${name}, which is none of ${Object.keys(checks).join(', ')}`
    const fault = check(one)
    if (fault !== undefined) return `${name} ${fault}`
  }
  return undefined
}

/** The limits in a JSON value that was checked with `limitsFault`. */
export function limitsIn(value: Json): ParticipantLimits {
  return value as ParticipantLimits
}
