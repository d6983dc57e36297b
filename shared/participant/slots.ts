import { assert } from '../message/errors.ts'

/** Lets at most so many pieces of work run at a time; the others wait in the order that they came. */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(slotsMax: number) {
    assert(slotsMax > 0, 'without a slot nothing would ever run')
    this.#free = slotsMax
  }

  /** Waits for a slot, to be given back with `leave`; false, and nothing taken, when the signal fires first. */
  async take(giveUp: AbortSignal): Promise<boolean> {
    if (giveUp.aborted) return false
    if (this.#free > 0) {
      this.#free--
      return true
    }
    return new Promise((resolve) => {
      const stopWaiting = (): void => {
        this.#waiting.delete(begin)
        resolve(false)
      }
      const begin = (): void => {
        giveUp.removeEventListener('abort', stopWaiting)
        resolve(true)
      }
      this.#waiting.add(begin)
      giveUp.addEventListener('abort', stopWaiting, { once: true })
    })
  }

  leave(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
