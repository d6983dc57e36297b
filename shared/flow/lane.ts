/** One participant, as one process asks it: how many calls are under way, who waits, and how many more may go now. */
import { Breaker, type BreakerStatus } from './breaker.ts'
import type { Call } from './call.ts'
import { KeyLines, keyPart } from './key-lines.ts'
import { type BreakerPolicy, breakerPolicy, isLimiting, type ParticipantLimits, paceOf } from './limits.ts'
import { type Pace, TokenBucket } from './token-bucket.ts'

/** The part of all limits that is this process's own. */
export interface Share {
  /** Partitions that it owns, by number. */
  readonly own: readonly number[]
  /** Of how many. */
  readonly of: number
}

/** Calls that go first after a time in which nothing was sent; doubled each `RAMP_STEP_MS`. */
const RAMP_FROM = 4
const RAMP_STEP_MS = 500
/** From here on it is over. */
const RAMP_TO = 4_000

/** Tokens are let go by as many as come in this time: whoever waits for one waits anyway, and a turn for each costs as much as a call. */
const SLICE_MS = 50

const NO_LIMITS: ParticipantLimits = {}

export class Lane {
  readonly participant: string
  readonly breaker = new Breaker()
  readonly lines = new KeyLines()
  #limits: ParticipantLimits = NO_LIMITS
  #policy: BreakerPolicy | undefined = breakerPolicy(NO_LIMITS)
  #isLimiting = false
  #concurrency = Number.POSITIVE_INFINITY
  #pace: Pace | undefined
  #bucket: TokenBucket | undefined
  /** Tokens of a slice that has come, and of which some are left. */
  #slice = 0
  /** Calls that were sent and have not ended. */
  #out = 0
  /** Calls that may go and have not been sent yet. */
  #granted = 0
  /** When it began to send again. */
  #rampFrom: number | undefined
  /** What kept the next call back when it was looked for last, and when that was. */
  #lacked = { at: Number.NEGATIVE_INFINITY, token: false, probe: false }

  constructor(participant: string) {
    this.participant = participant
  }

  get limits(): ParticipantLimits {
    return this.#limits
  }

  /** Whether anything but its breaker is limited. */
  get isLimiting(): boolean {
    return this.#isLimiting
  }

  get policy(): BreakerPolicy | undefined {
    return this.#policy
  }

  get out(): number {
    return this.#out
  }

  get granted(): number {
    return this.#granted
  }

  /** Whether its commands may not simply be sent. */
  get isGated(): boolean {
    return this.#isLimiting || this.breaker.status !== 'closed' || this.lines.waiting > 0 || this.#granted > 0
  }

  /** Nothing of it is known that must be kept. */
  get isIdle(): boolean {
    return !this.isGated && this.#out === 0 && this.#limits === NO_LIMITS
  }

  setLimits(limits: ParticipantLimits | undefined, share: Share): void {
    this.#limits = limits ?? NO_LIMITS
    this.#policy = breakerPolicy(this.#limits)
    this.#isLimiting = isLimiting(this.#limits)
    this.setShare(share)
  }

  setShare(share: Share): void {
    const { concurrency, ratePerSecond, burst, perKey } = this.#limits
    const part = share.of === 0 ? 1 : share.own.length / share.of
    this.#concurrency = concurrency === undefined ? Number.POSITIVE_INFINITY : callsOf(concurrency, share)
    this.#pace = ratePerSecond === undefined || part === 0 ? undefined : paceOf({ ratePerSecond, burst }, part)
    if (!this.#pace) this.#bucket = undefined
    this.#slice = 0
    this.lines.part = keyPart(perKey, part)
  }

  /** Begins softly: what waited goes out little by little. */
  ramp(now: number): void {
    this.#rampFrom = now
  }

  /** How many more calls may go now. */
  room(now: number): number {
    const under = this.#out + this.#granted
    const byBreaker = this.#policy ? this.breaker.room(now, this.#policy) : Number.POSITIVE_INFINITY
    const byRate = this.#pace ? this.#tokens(now, this.#pace) : Number.POSITIVE_INFINITY
    return Math.max(0, Math.min(byBreaker, byRate, this.#concurrency - under, this.#rampCap(now) - under))
  }

  /** Takes the next call that may go. */
  grant(now: number): Call | undefined {
    if (this.lines.waiting === 0) return undefined
    const probe = this.#policy !== undefined && this.breaker.room(now, this.#policy) < 1
    const token = this.#pace !== undefined && this.#tokens(now, this.#pace) < 1
    this.#lacked = { at: now, token, probe }
    if (this.room(now) < 1) return undefined
    const call = this.lines.take(now)
    if (!call) return undefined
    call.place = 'granted'
    call.probe = this.breaker.admit(now)
    if (this.#pace) {
      this.#bucketAt(now).take()
      this.#slice--
    }
    this.#granted++
    return call
  }

  /** A call is under way. */
  sent(call: Call, now: number): void {
    if (call.place === 'granted') this.#granted--
    else {
      // It was sent without asking: before there was a limit, or by another process.
      if (call.place === 'waiting') this.lines.remove(call)
      this.lines.started(call.key, now)
    }
    this.#out++
    call.place = 'sent'
  }

  /**
   * A call is done with, wherever it was. `worked`: what was heard of it; `undefined`: nobody waits for its answer any more.
   * Answers the status of the breaker, where that changed.
   */
  leave(call: Call, now: number, worked: boolean | undefined): BreakerStatus | undefined {
    const { place, probe } = call
    if (place === 'waiting') this.lines.remove(call)
    else if (place === 'granted') this.#takeBack(call, now)
    else if (place === 'sent') {
      this.#out--
      this.lines.ended(call.key, now)
    }
    if (this.lines.waiting === 0) this.#bucket?.rest()
    call.place = 'out'
    call.probe = undefined
    if (place === 'granted' || place === 'sent') this.breaker.release(probe)
    if (place !== 'sent' || worked === undefined || !this.#policy) return undefined
    return this.breaker.heard({ worked, probe }, now, this.#policy)
  }

  /**
   * When room may come by time alone; `undefined`: something must be heard first, or nobody waits. What came since a call was
   * looked for last is not over: it is now, or earlier.
   */
  readyAt(now: number): number | undefined {
    if (this.lines.waiting === 0) return undefined
    const lacked = this.#lacked
    const byBreaker = lacked.probe && this.#policy ? this.breaker.readyAt(now, this.#policy) : undefined
    const byRate = lacked.token ? this.#tokensAt(now) : undefined
    const times = [byBreaker, byRate, this.#rampAt(now), this.lines.readyAt]
    // A clock that was set back meanwhile says nothing of what is over.
    const since = lacked.at <= now ? lacked.at : Number.NEGATIVE_INFINITY
    const future = times.filter((at) => at !== undefined && at > since) as number[]
    return future.length === 0 ? undefined : Math.min(...future)
  }

  /** It may go and does not after all. */
  #takeBack(call: Call, now: number): void {
    this.#granted--
    if (this.#pace) this.#bucketAt(now).giveBack()
    this.lines.ended(call.key, now, true)
  }

  /** How many tokens may be taken: none before there is a slice of them, and then all. */
  #tokens(now: number, pace: Pace): number {
    const wanted = this.#slice > 0 ? 1 : this.#wanted(pace)
    const there = this.#bucketAt(now).count(now, pace, wanted)
    if (this.#slice === 0 && there >= wanted) this.#slice = there
    return Math.min(this.#slice, there)
  }

  #tokensAt(now: number): number | undefined {
    return this.#pace && this.#bucketAt(now).readyAt(now, this.#pace, this.#wanted(this.#pace))
  }

  /** Tokens of a slice: no more than calls wait, or than the bucket holds. */
  #wanted({ ratePerSecond, burst }: Pace): number {
    const slice = Math.min(this.lines.waiting, burst, (ratePerSecond * SLICE_MS) / 1_000)
    return Math.max(1, Math.floor(slice))
  }

  #bucketAt(now: number): TokenBucket {
    this.#bucket ??= new TokenBucket(now)
    return this.#bucket
  }

  #rampCap(now: number): number {
    if (this.#rampFrom === undefined) return Number.POSITIVE_INFINITY
    this.#rampFrom = Math.min(this.#rampFrom, now)
    const cap = RAMP_FROM * 2 ** Math.floor((now - this.#rampFrom) / RAMP_STEP_MS)
    if (cap < RAMP_TO) return cap
    this.#rampFrom = undefined
    return Number.POSITIVE_INFINITY
  }

  #rampAt(now: number): number | undefined {
    if (this.#rampFrom === undefined) return undefined
    const passed = Math.floor(Math.max(0, now - this.#rampFrom) / RAMP_STEP_MS)
    return this.#rampFrom + (passed + 1) * RAMP_STEP_MS
  }
}

/**
 * Calls of a limit that are this process's: each partition has its own part, and the parts of all partitions are just the
 * limit. One at least, or the sagas here would wait for ever.
 */
function callsOf(limit: number, { own, of }: Share): number {
  if (of === 0) return limit
  const upTo = (partition: number) => Math.floor((partition * limit) / of)
  return Math.max(
    1,
    own.reduce((sum, partition) => sum + upTo(partition + 1) - upTo(partition), 0),
  )
}
