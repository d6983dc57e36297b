/**
 * The circuit breaker of one participant, in one process.
 *
 *     closed --too many of the calls in the window failed--> open --its time is over--> half-open
 *       ^                                                     ^                            |
 *       |                                                     +------ a probe failed ------+
 *       +--------------------- as many probes as wanted have worked -----------------------+
 *
 * While it is open nothing is sent. In half-open only probes are; what is heard of calls from before says nothing then.
 */
import { type BreakerPolicy, OPEN_MS_MAX } from './limits.ts'

export type BreakerStatus = 'closed' | 'open' | 'half-open'

/** Parts that the window is counted in: old calls leave it part by part. */
const WINDOW_PARTS = 10

interface Part {
  /** Number of the part since the epoch. */
  readonly number: number
  calls: number
  failures: number
}

export class Breaker {
  #status: BreakerStatus = 'closed'
  #part: Part = { number: Number.NEGATIVE_INFINITY, calls: 0, failures: 0 }
  /** With the one that is counted in now, the last. */
  #parts: readonly Part[] = []
  /** When it opened first, milliseconds since the epoch; half-open does not end it. */
  #since = 0
  #openUntil = 0
  /** How often it opened without closing in between. */
  #openings = 0
  /** Names the probes of the present half-open time. */
  #round = 0
  #probesOut = 0
  #probesWorked = 0
  /** When the newest probe was let through. */
  #probedAt = 0

  get status(): BreakerStatus {
    return this.#status
  }

  get since(): number {
    return this.#since
  }

  /** When it tries again, where it is open. */
  get openUntil(): number {
    return this.#openUntil
  }

  /** The failures and calls of the window as it was when it opened. */
  readonly seen = { calls: 0, failures: 0 }

  /** Calls that may go now. */
  room(now: number, policy: BreakerPolicy): number {
    if (this.#status === 'closed') return Number.POSITIVE_INFINITY
    if (this.#status === 'open') {
      if (now < this.#openUntil && !this.#isTooFar(now)) return 0
      this.#tryAgain(now)
    }
    this.#probedAt = Math.min(this.#probedAt, now)
    // A probe of which nothing is heard for so long is not waited for any more.
    if (now >= this.#probedAt + policy.openMs) this.#probesOut = 0
    return Math.max(0, policy.probes - this.#probesWorked - this.#probesOut)
  }

  /** When there may be room without anything being heard; `undefined`: there is. */
  readyAt(now: number, policy: BreakerPolicy): number | undefined {
    if (this.#status === 'closed') return undefined
    if (this.#status === 'half-open') return Math.max(now, this.#probedAt + policy.openMs)
    return this.#isTooFar(now) ? now : Math.max(now, this.#openUntil)
  }

  /** It never opens for so long: the clock was set back. */
  #isTooFar(now: number): boolean {
    return this.#openUntil > now + OPEN_MS_MAX
  }

  /** A call goes. Answers what names it as a probe, where it is one. */
  admit(now: number): number | undefined {
    if (this.#status !== 'half-open') return undefined
    this.#probesOut++
    this.#probedAt = now
    return this.#round
  }

  /** A probe ended and nobody knows how, or it was not sent after all. */
  release(probe: number | undefined): void {
    if (probe === this.#round && this.#probesOut > 0) this.#probesOut--
  }

  /** What was heard of a call. Answers the status that this led to, where it is another one. */
  heard(
    { worked, probe }: { readonly worked: boolean; readonly probe: number | undefined },
    now: number,
    policy: BreakerPolicy,
  ): BreakerStatus | undefined {
    if (this.#status === 'closed') return this.#count(worked, now, policy)
    if (this.#status === 'open' || probe !== this.#round) return undefined
    if (!worked) return this.#open(now, policy)
    if (++this.#probesWorked < policy.probes) return undefined
    return this.close()
  }

  /** Takes all for well: it is switched off, or nothing was heard for long. */
  close(): BreakerStatus | undefined {
    if (this.#status === 'closed') return undefined
    this.#status = 'closed'
    this.#parts = []
    this.#part = { number: Number.NEGATIVE_INFINITY, calls: 0, failures: 0 }
    this.#openings = 0
    this.#round++
    return 'closed'
  }

  #count(worked: boolean, now: number, policy: BreakerPolicy): BreakerStatus | undefined {
    const partMs = Math.max(1, policy.windowMs / WINDOW_PARTS)
    const number = Math.floor(now / partMs)
    if (this.#part.number !== number) this.#nextPart(number)
    this.#part.calls++
    if (worked) return undefined
    this.#part.failures++
    const calls = this.#parts.reduce((sum, one) => sum + one.calls, 0)
    const failures = this.#parts.reduce((sum, one) => sum + one.failures, 0)
    if (calls < policy.minimumCalls || failures < calls * policy.failureRate) return undefined
    this.#since = now
    this.seen.calls = calls
    this.seen.failures = failures
    return this.#open(now, policy)
  }

  /** Begins to count in another part, and lets go of those that are out of the window. */
  #nextPart(number: number): void {
    this.#part = { number, calls: 0, failures: 0 }
    const inWindow = this.#parts.filter((part) => part.number > number - WINDOW_PARTS && part.number < number)
    this.#parts = [...inWindow, this.#part]
  }

  #open(now: number, { openMs }: BreakerPolicy): BreakerStatus {
    this.#status = 'open'
    this.#openUntil = now + Math.min(OPEN_MS_MAX, openMs * 2 ** Math.min(this.#openings++, 20))
    return 'open'
  }

  #tryAgain(now: number): void {
    this.#status = 'half-open'
    this.#round++
    this.#probesOut = 0
    this.#probesWorked = 0
    this.#probedAt = now
  }
}
