/**
 * Commands for a handler that takes many, on their way into its next call.
 *
 *     empty --add--> gathering --enough, or the first has waited its time--> called for --take--> at work --ended--> empty
 *
 * One call at a time: what comes meanwhile is gathered, so that load makes the calls larger. Without a time to wait the
 * next one is called for at once, and takes all that is there when its turn comes.
 */
import type { Cancel, Clock } from '../ports/clock.ts'

export interface GatherLimits {
  /** Items in one call. */
  readonly itemsMax: number
  /** How long the first item may wait for others to come. */
  readonly waitMs: number
}

export interface GathererPorts {
  readonly clock: Clock
  /** Asks for a turn, in which `take` is called, and then `ended`. */
  readonly call: () => void
}

export class Gatherer<Item> {
  readonly #limits: GatherLimits
  readonly #ports: GathererPorts
  #items: { readonly item: Item; readonly since: number }[] = []
  #isCalled = false
  #isClosed = false
  #cancelWait: Cancel | undefined

  constructor(limits: GatherLimits, ports: GathererPorts) {
    this.#limits = limits
    this.#ports = ports
  }

  add(item: Item): void {
    this.#items.push({ item, since: this.#ports.clock.now() })
    this.#look()
  }

  /** The items of the call that begins now. */
  take(): readonly Item[] {
    return this.#items.splice(0, this.#limits.itemsMax).map(({ item }) => item)
  }

  /** The call has ended. */
  ended(): void {
    this.#isCalled = false
    this.#look()
  }

  /** Calls no more. */
  close(): void {
    this.#isClosed = true
    this.#cancelWait?.()
  }

  #look(): void {
    const [first] = this.#items
    if (this.#isCalled || this.#isClosed || !first) return
    const leftMs = first.since + this.#limits.waitMs - this.#ports.clock.now()
    if (leftMs > 0 && this.#items.length < this.#limits.itemsMax) {
      this.#cancelWait ??= this.#ports.clock.schedule(leftMs, () => {
        this.#cancelWait = undefined
        this.#look()
      })
      return
    }
    this.#cancelWait?.()
    this.#cancelWait = undefined
    this.#isCalled = true
    this.#ports.call()
  }
}
