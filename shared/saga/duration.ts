/** Durations as people write them: `'30 s'`, `'2 days'`, or milliseconds. */

const UNITS_MS = {
  ms: 1,
  s: 1_000,
  second: 1_000,
  seconds: 1_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  day: 86_400_000,
  days: 86_400_000,
  week: 604_800_000,
  weeks: 604_800_000,
} as const

type Unit = keyof typeof UNITS_MS

/** Milliseconds, or a number and a unit. */
export type Duration = number | `${number} ${Unit}`

/** A hundred years: the end of one still is a time that a header can say. */
const DURATION_MAX_MS = 100 * 365 * UNITS_MS.day

/** Milliseconds of a duration. @throws TypeError when it is negative, longer than a hundred years, or has no known unit. */
export function durationMs(duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : spanMs(duration)
  if (!(ms >= 0 && ms <= DURATION_MAX_MS)) throw new TypeError(`not a duration: ${duration}`)
  return Math.round(ms)
}

/** Milliseconds of a text that is a number and a unit; `NaN` when it is none. */
export function spanMs(text: string): number {
  const [amount, unit] = text.split(' ')
  if (!amount || unit === undefined || !Object.hasOwn(UNITS_MS, unit)) return Number.NaN
  return Number(amount) * UNITS_MS[unit as Unit]
}
