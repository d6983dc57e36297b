/** How often properties are tried, and from which seed. */
import type { Parameters } from 'fast-check'

/** Runs of each property; `KASAGA_PROPERTY_RUNS` asks for more. */
export function runs(usual: number): number {
  const asked = Number(process.env.KASAGA_PROPERTY_RUNS)
  return Number.isSafeInteger(asked) && asked > 0 ? asked : usual
}

/** A failure prints its seed and path (fast-check's own report); `KASAGA_PROPERTY_SEED` runs that one again. */
export function parameters<T>(usual: number): Parameters<T> {
  const seed = process.env.KASAGA_PROPERTY_SEED
  return seed === undefined ? { numRuns: runs(usual) } : { numRuns: runs(usual), seed: Number(seed) }
}
