/** Values of options, checked as they are read. */
import { InvalidArgumentError } from 'commander'
import { type Duration, durationMs } from '../../shared/saga/duration.ts'

/** A whole number above zero. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number above 0 is wanted')
  return Number(text)
}

/** `'30 s'`, `30s`, or milliseconds. */
export function duration(text: string): number {
  const spaced = text.trim().replace(/^(\d+(?:\.\d+)?)\s*([a-z]+)$/, '$1 $2')
  try {
    return durationMs(/^\d+$/.test(spaced) ? Number(spaced) : (spaced as Duration))
  } catch {
    throw new InvalidArgumentError("a duration is wanted, as '30 s' or '2 min'")
  }
}
