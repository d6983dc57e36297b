/** Records of one partition that wait for their turn. */
import type { LogRecord } from '../message/record.ts'

export type InputSource = 'commands' | 'replies'

/** A record that waits for its turn. */
export interface Waiting {
  readonly source: InputSource
  readonly record: LogRecord
}

interface Arrived {
  readonly waiting: Waiting
  /** How many came before, of both topics. */
  readonly arrival: number
}

/** First in, first out, without moving what is behind; commands can be made to wait while replies go on. */
export class InputQueue {
  /** Only replies are given out. */
  commandsHeld = false
  readonly #lanes: Readonly<Record<InputSource, Lane>> = { commands: new Lane(), replies: new Lane() }
  #arrivals = 0

  /** Those that may be taken now. */
  get length(): number {
    return this.#lanes.replies.length + (this.commandsHeld ? 0 : this.#lanes.commands.length)
  }

  /** Of their values, of all that wait. */
  get bytes(): number {
    return this.#lanes.commands.bytes + this.#lanes.replies.bytes
  }

  /** How many of one topic wait, held or not, and the bytes of their values. */
  of(source: InputSource): { readonly length: number; readonly bytes: number } {
    return this.#lanes[source]
  }

  push(waiting: Waiting): void {
    this.#lanes[waiting.source].push({ waiting, arrival: this.#arrivals++ })
  }

  peek(): Waiting | undefined {
    return this.#first()?.peek()?.waiting
  }

  shift(): void {
    this.#first()?.shift()
  }

  clear(): void {
    for (const lane of Object.values(this.#lanes)) lane.clear()
    this.commandsHeld = false
  }

  /** The lane of what came first. */
  #first(): Lane | undefined {
    const { commands, replies } = this.#lanes
    const [command, reply] = [this.commandsHeld ? undefined : commands.peek(), replies.peek()]
    if (command && reply) return command.arrival < reply.arrival ? commands : replies
    if (command) return commands
    return reply ? replies : undefined
  }
}

class Lane {
  #items: Arrived[] = []
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  push(arrived: Arrived): void {
    this.#items.push(arrived)
    this.#bytes += valueBytes(arrived.waiting)
  }

  peek(): Arrived | undefined {
    return this.#items[this.#first]
  }

  shift(): void {
    const first = this.peek()
    if (first) this.#bytes -= valueBytes(first.waiting)
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
