/** Records of one partition that wait for their turn. */
import type { LogRecord } from '../message/record.ts'

/** A record that waits for its turn. */
export interface Waiting {
  readonly source: 'commands' | 'replies'
  readonly record: LogRecord
}

/** First in, first out, without moving what is behind. */
export class InputQueue {
  #items: Waiting[] = []
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  /** Of their values. */
  get bytes(): number {
    return this.#bytes
  }

  push(waiting: Waiting): void {
    this.#items.push(waiting)
    this.#bytes += valueBytes(waiting)
  }

  peek(): Waiting | undefined {
    return this.#items[this.#first]
  }

  shift(): void {
    const first = this.peek()
    if (first) this.#bytes -= valueBytes(first)
    this.#first++
    if (this.#first * 2 > this.#items.length && this.#first > 64) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
  }

  clear(): void {
    this.#items = []
    this.#first = 0
    this.#bytes = 0
  }
}

/** Of its value, as it came. */
export function valueBytes({ record }: Waiting): number {
  return record.value?.length ?? 0
}
