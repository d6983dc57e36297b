/** Stopping once, from wherever: a signal of the system, an error, or the work's own end. */

export class StopSignal {
  readonly #waiting: (() => void)[] = []
  #stopped = false

  get stopped(): boolean {
    return this.#stopped
  }

  /** Asks everyone to stop. Only the first time counts. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Settles when it is stopped. */
  wait(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
