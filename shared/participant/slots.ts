import { assert } from '../message/errors.ts'

/** Lets at most so many pieces of work run at a time; the others wait in the order that they came. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(slotsMax: number) {
    assert(slotsMax > 0, 'without a slot nothing would ever run')
    this.#free = slotsMax
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
