/**
 * Requests that wait for a view. Each looks again and again, ever more slowly, until it sees what it wants, its time is
 * over, or the gateway closes.
 *
 * State: how many wait, and whether the gateway is closing (set once, by `close`).
 * Guarantee: at most `waitsMax` at a time, none past its time plus one look.
 */
import { type Clock, sleep } from '../../shared/ports/clock.ts'
import type { Metrics } from '../../shared/ports/telemetry.ts'
import type { GatewayLimits } from './limits.ts'
import { Problem } from './problem.ts'

const POLL_MS_MAX = 250
const POLL_GROWTH = 1.5

/** What a look has found. */
export interface Look<T> {
  readonly found: boolean
  readonly value: T
}

export class ViewWaits {
  #waiting = 0
  #closing = false
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #limits: GatewayLimits

  constructor(parts: { readonly clock: Clock; readonly metrics: Metrics; readonly limits: GatewayLimits }) {
    this.#clock = parts.clock
    this.#metrics = parts.metrics
    this.#limits = parts.limits
  }

  /** Looks until it is found or `untilMs` has come; answers the last look either way. */
  async until<T>(untilMs: number, look: () => Promise<Look<T>>): Promise<Look<T>> {
    const first = await look()
    if (first.found) return first
    if (!this.hasRoom) throw new Problem(503, 'too-many-waits', 'too many requests wait; try again')
    this.#step(1)
    try {
      return await this.#lookAgain(untilMs, look, first)
    } finally {
      this.#step(-1)
    }
  }

  /** Whether one more may wait now. */
  get hasRoom(): boolean {
    return this.#waiting < this.#limits.waitsMax
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Lets all that wait answer with what they have. */
  close(): void {
    this.#closing = true
  }

  async #lookAgain<T>(untilMs: number, look: () => Promise<Look<T>>, first: Look<T>): Promise<Look<T>> {
    let last = first
    let delayMs = this.#limits.waitPollMs
    while (!last.found && !this.#closing && this.#clock.now() < untilMs) {
      await sleep(this.#clock, Math.max(1, Math.min(delayMs, untilMs - this.#clock.now())))
      delayMs = Math.min(delayMs * POLL_GROWTH, POLL_MS_MAX)
      last = await look()
    }
    return last
  }

  #step(by: 1 | -1): void {
    this.#waiting += by
    this.#metrics.gauge('kasaga_http_waits', this.#waiting)
  }
}
