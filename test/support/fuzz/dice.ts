/** Draws from a seed: the same seed gives the same draws. */
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'

export class Dice {
  readonly #random: { next(): number }

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#random.next() * end)
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.below(items.length)] as T
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('')
  }
}
