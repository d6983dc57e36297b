/** What a generated run is made of: numbers from a seed, of which 0 is always the simplest choice, so that fewer and smaller ones make a simpler run. */

/** Numbers in 0..9999, the same ones for the same seed. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % 10_000
  }
}

/** Choices read off a list of numbers, one after the other; past its end each is the simplest. */
export class Choices {
  readonly #tape: readonly number[]
  #next = 0

  constructor(tape: readonly number[]) {
    this.#tape = tape
  }

  /** How many numbers were asked for. */
  get used(): number {
    return this.#next
  }

  /** A whole number from 0 that is less than `bound`. */
  below(bound: number): number {
    return (this.#tape[this.#next++] ?? 0) % bound
  }

  /** True so often of a hundred times. */
  percent(often: number): boolean {
    return this.below(100) >= 100 - often
  }

  /** One of them; the first is the simplest. */
  one<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0]
  }

  /** One of them, each as often as its weight says. */
  weighted<T>(from: readonly [readonly [number, T], ...(readonly [number, T])[]]): T {
    let left = this.below(from.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of from) {
      if (left < weight) return value
      left -= weight
    }
    return from[0][1]
  }

  /** Each of them or not. */
  some<T>(from: readonly T[]): T[] {
    return from.filter(() => this.percent(50))
  }
}
