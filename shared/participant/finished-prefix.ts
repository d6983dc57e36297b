/**
 * The records of a partition that are held, in the order of delivery, and how far all of them are done with: what a
 * checkpoint may say. One that is done behind another that is not moves nothing, so a crash repeats and never skips.
 */
export interface HeldRecord {
  readonly offset: bigint
  readonly bytes: number
  isDone: boolean
}

export class FinishedPrefix {
  #held: HeldRecord[] = []
  /** Those before it have been let go. */
  #first = 0

  /** How many are held: from the oldest that is not done to the newest. */
  get size(): number {
    return this.#held.length - this.#first
  }

  /** Holds a record, after those before it. */
  hold(offset: bigint, bytes = 0): HeldRecord {
    const record = { offset, bytes, isDone: false }
    this.#held.push(record)
    return record
  }

  /** Answers the next offset to read, when everything before it is done with now and was not before. */
  finish(record: HeldRecord): bigint | undefined {
    record.isDone = true
    let next: bigint | undefined
    for (let first = this.#held[this.#first]; first?.isDone; first = this.#held[this.#first]) {
      next = first.offset + 1n
      this.#first++
    }
    this.#letGo()
    return next
  }

  /** Not at each step, so that a step costs the same however many are held. */
  #letGo(): void {
    if (this.#first * 2 < this.#held.length) return
    this.#held = this.#held.slice(this.#first)
    this.#first = 0
  }
}
