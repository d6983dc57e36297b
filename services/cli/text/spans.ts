/** Times as people say them. */

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** `340 ms`, `42 s`, `3 min 5 s`, `2 d 4 h`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  const first = UNITS.findIndex(([unitMs]) => ms >= unitMs)
  const [unitMs, unit] = UNITS[first] ?? [1_000, 's']
  const whole = Math.floor(ms / unitMs)
  const next = UNITS[first + 1]
  const rest = next ? Math.floor((ms - whole * unitMs) / next[0]) : 0
  return next && rest > 0 ? `${whole} ${unit} ${rest} ${next[1]}` : `${whole} ${unit}`
}

/** `in 42 s` before a time, `now` once it has come. */
export function untilText(at: string, now: number): string {
  const ms = Date.parse(at) - now
  return ms > 0 ? `in ${spanText(ms)}` : 'now'
}

/** How long since a time. */
export function sinceText(at: string | null, now: number): string {
  return at === null ? '' : spanText(Math.max(0, now - Date.parse(at)))
}
