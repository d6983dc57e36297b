import type { BatchPlace } from './snapshot/snapshot-mark.ts'

/** Up to which batch all effects have been sent: what a batch header says, and a new owner starts again from. */
export class SentMark {
  #confirmed: number
  /** Batches with effects that are still out, in the order of their numbers. */
  readonly #open = new Map<number, OpenBatch>()
  readonly #waiting: (() => void)[] = []

  constructor(sentThrough: number) {
    this.#confirmed = sentThrough
  }

  /** A batch has landed, with that many effects to send. Numbers come in order. */
  landed(place: BatchPlace, effects: number): void {
    this.#confirmed = place.number
    if (effects > 0) this.#open.set(place.number, { place, left: effects })
  }

  /** One effect of the batch has been sent. */
  sent(number: number): void {
    const open = this.#open.get(number)
    if (open && --open.left <= 0) this.#open.delete(number)
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** The oldest batch of which effects are still out. */
  get oldestOpen(): BatchPlace | undefined {
    const [oldest] = this.#open.values()
    return oldest?.place
  }

  /** Settles when nothing is out. */
  settled(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  get through(): number {
    const oldest = this.#open.keys().next()
    return oldest.done ? this.#confirmed : oldest.value - 1
  }
}

interface OpenBatch {
  readonly place: BatchPlace
  /** Effects that are still out. */
  left: number
}
