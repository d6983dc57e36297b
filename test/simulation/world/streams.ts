/** Chance by purpose: a draw more for one leaves the others as they were, so that a scenario stays what it is. */
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import type { Random } from '../../../shared/ports/clock.ts'

export class Stream implements Random {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** A number in [0, 1). */
  next(): number {
    return this.#random.next()
  }

  /** A whole number from 0 that is less than `bound`. */
  below(bound: number): number {
    return Math.floor(this.#random.next() * bound)
  }

  /** True so often of a thousand times. Nothing is drawn where it never is. */
  perMille(share: number): boolean {
    return share > 0 && this.#random.next() * 1_000 < share
  }

  /** One of them. */
  one<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0]
  }

  /** Numbers in 0..9999, as generated plans are made of. */
  numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.below(10_000))
  }
}

/** The stream of a purpose: the same for the same seed and name. */
export function streamOf(seed: number, purpose: string): Stream {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193)
  return new Stream(hash ^ (hash >>> 15))
}
