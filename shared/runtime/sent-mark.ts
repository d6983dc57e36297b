/** Up to which batch all effects have been sent: what a batch header says, and a new owner starts again from. */
export class SentMark {
  #confirmed: number
  /** Batches with effects that are still out, in the order of their numbers, with how many. */
  readonly #open = new Map<number, number>()
  readonly #waiting: (() => void)[] = []

  constructor(sentThrough: number) {
    this.#confirmed = sentThrough
  }

  /** A batch has landed, with that many effects to send. Numbers come in order. */
  landed(number: number, effects: number): void {
    this.#confirmed = number
    if (effects > 0) this.#open.set(number, effects)
  }

  /** One effect of the batch has been sent. */
  sent(number: number): void {
    const left = (this.#open.get(number) ?? 1) - 1
    if (left > 0) this.#open.set(number, left)
    else this.#open.delete(number)
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
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
