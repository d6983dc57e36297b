/**
 * How far each partition has been seen to reach by this process. A leader that was cut off, and does not know yet that
 * another has its place, answers with an end before that for a moment.
 */
export class SeenEnds {
  readonly #ends = new Map<string, bigint>()

  saw(topic: string, partition: number, end: bigint): void {
    const key = `${partition}/${topic}`
    if (end > (this.#ends.get(key) ?? 0n)) this.#ends.set(key, end)
  }

  of(topic: string, partition: number): bigint {
    return this.#ends.get(`${partition}/${topic}`) ?? 0n
  }
}
