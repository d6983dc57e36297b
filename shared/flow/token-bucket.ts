/**
 * A rate, as a bucket of tokens: one flows in each 1/rate seconds up to the burst, and each call takes one. In no time
 * of w seconds do more than burst + rate * w calls go; where whoever waits for a token comes later than it is there, the
 * missed are more at most. The rate may change at any time.
 */

export interface Pace {
  readonly ratePerSecond: number
  readonly burst: number
  /** Tokens above the burst that are kept for a call that waits: a busy process comes late, and the rate is to be used. */
  readonly missed: number
}

/** Tokens are sums of small parts: what is this near to a whole one is one. */
const NEARLY = 1e-9

export class TokenBucket {
  #tokens: number
  /** When the tokens were counted, milliseconds since the epoch. */
  #at: number
  /** Calls wait for tokens. */
  #isAwaited = false

  /** Begins with one token: a process that is started often must not get a burst each time. */
  constructor(now: number) {
    this.#tokens = 1
    this.#at = now
  }

  /** Whole tokens that are there now, for calls that wait where there are not as many as wanted. */
  count(now: number, pace: Pace, wanted = 1): number {
    this.#fill(now, pace)
    const count = Math.floor(this.#tokens + NEARLY)
    this.#isAwaited = count < wanted
    return count
  }

  /** No call waits for a token any more. */
  rest(): void {
    this.#isAwaited = false
  }

  /** Takes one that `count` has said to be there. */
  take(): void {
    this.#tokens = Math.max(0, this.#tokens - 1)
  }

  /** Gives one back that was taken for nothing. */
  giveBack(): void {
    this.#tokens++
  }

  /** When so many will be there, milliseconds since the epoch. */
  readyAt(now: number, pace: Pace, wanted: number): number {
    this.#fill(now, pace)
    const missing = Math.min(wanted, Math.max(1, pace.burst)) - this.#tokens
    return missing <= NEARLY ? now : now + Math.ceil((missing / pace.ratePerSecond) * 1_000)
  }

  /** Whether it is as full as it gets: then it says no more than a new one. */
  isFull(now: number, pace: Pace): boolean {
    this.#fill(now, pace)
    return this.#tokens >= Math.max(1, pace.burst) - NEARLY
  }

  #fill(now: number, { ratePerSecond, burst, missed }: Pace): void {
    // A clock that goes back gives nothing and takes nothing.
    const passedMs = Math.max(0, now - this.#at)
    this.#at = now
    if (passedMs === 0) return
    const most = Math.max(1, burst) + (this.#isAwaited ? missed : 0)
    this.#tokens = Math.min(most, this.#tokens + (passedMs / 1_000) * ratePerSecond)
  }
}
