/**
 * The one thing that makes anything happen: callbacks of a virtual clock, one at a time. It counts them as steps, and
 * folds them into a trace, so that two runs of one seed can be compared.
 */
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import type { Cancel, Clock } from '../../../shared/ports/clock.ts'

/** Gauges tick and polls rest by these: timers of just such a length are not counted as steps, whoever's they are. */
const TICKS_MS: ReadonlySet<number> = new Set([500, 1_000])

/** `idle`: what a process does when there is nothing to do, as polling. It is not counted. */
export type StepKind = 'timer' | 'delivery' | 'outcome' | 'store' | 'fault' | 'idle'

const KINDS: readonly StepKind[] = ['timer', 'delivery', 'outcome', 'store', 'fault']

/** Callbacks from one turn of the event loop to the next. */
const TURN_EVERY = 64

export class Scheduler {
  readonly clock = new ManualClock(undefined, () => this.#settle())
  #settled = 0
  steps = 0
  #trace = 0x811c9dc5

  now(): number {
    return this.clock.now()
  }

  /** What all steps so far came to. */
  get trace(): string {
    return this.#trace.toString(16).padStart(8, '0')
  }

  /**
   * Ticks come when no promise has anything to follow up, and cost less than a turn of the event loop, which is given now and
   * then: what nobody caught is told in it.
   */
  #settle(): Promise<void> {
    const isTurn = this.#settled++ % TURN_EVERY === 0
    return new Promise((resolve) => (isTurn ? setImmediate(resolve) : process.nextTick(resolve)))
  }

  /** Notes a step: who did what, and when. */
  step(who: number, kind: StepKind): void {
    this.steps++
    this.mix(who * KINDS.length + KINDS.indexOf(kind))
    this.mix(this.clock.now() % 2 ** 31)
  }

  mix(value: number): void {
    this.#trace = Math.imul(this.#trace ^ value, 0x01000193) >>> 0
    this.#trace = (this.#trace ^ (this.#trace >>> 13)) >>> 0
  }

  schedule(delayMs: number, then: () => void): Cancel {
    return this.clock.schedule(delayMs, then)
  }

  /** Waits for work that needs time to go on. */
  async inTime<T>(work: Promise<T>, ms = Number.POSITIVE_INFINITY): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    work.then(settle, settle)
    const until = this.now() + ms
    while (!settled) {
      if (this.now() > until) throw new Error(`L1: what was waited for did not come within ${ms} ms`)
      await this.clock.advance(Math.max(0, (this.clock.nextDue() ?? this.now() + 1) - this.now()))
    }
    return work
  }
}

export interface ProcessClockOptions {
  readonly who: number
  /** Told before each step of the process; where it says no, the process has ended just there. */
  readonly onStep: (kind: StepKind) => boolean
  /** Asked whenever the clock is read: how many milliseconds have passed since it was read before. */
  readonly creepMs: () => number
}

/**
 * The clock of one process: it stops with it, waits while it is paused, and may be wrong. What a process does between two
 * looks at its clock takes time: the second one may be later than the first, with nothing of its own in between.
 */
export class ProcessClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #options: ProcessClockOptions
  /** What ran out while it was paused. */
  #held: (() => void)[] | undefined
  #dead = false
  skewMs = 0
  /** What it read last, but for its skew. */
  #read = 0

  constructor(scheduler: Scheduler, options: ProcessClockOptions) {
    this.#scheduler = scheduler
    this.#options = options
  }

  now(): number {
    this.#read = Math.max(this.#read, this.#scheduler.now()) + this.#options.creepMs()
    return this.#read + this.skewMs
  }

  /** Not before so much time has passed by this clock, which may be a little ahead. */
  schedule(delayMs: number, then: () => void): Cancel {
    const aheadMs = delayMs > 0 ? Math.max(0, this.#read - this.#scheduler.now()) : 0
    return this.#after({ delayMs: delayMs + aheadMs, kind: TICKS_MS.has(delayMs) ? 'idle' : 'timer' }, then)
  }

  soon(then: () => void): void {
    this.after(0, 'timer', then)
  }

  /** As `schedule`, of something else than a timer. */
  after(delayMs: number, kind: StepKind, then: () => void): Cancel {
    return this.#after({ delayMs, kind }, then)
  }

  #after({ delayMs, kind }: { readonly delayMs: number; readonly kind: StepKind }, then: () => void): Cancel {
    let isOver = false
    const counted = kind !== 'idle'
    const cancel = this.#scheduler.schedule(delayMs, () =>
      this.#ran(counted ? kind : undefined, () => !isOver && then()),
    )
    return () => {
      isOver = true
      cancel()
    }
  }

  #ran(kind: StepKind | undefined, then: () => void): void {
    if (this.#dead) return
    if (this.#held) {
      this.#held.push(() => this.#ran(kind, then))
      return
    }
    if (kind) {
      this.#scheduler.step(this.#options.who, kind)
      if (!this.#options.onStep(kind)) return
    }
    then()
  }

  /** Nothing runs until `thaw`. */
  freeze(): void {
    this.#held ??= []
  }

  /** What ran out meanwhile runs now, in its order. */
  thaw(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const run of held) this.#scheduler.schedule(0, run)
  }

  /** Kill -9. */
  stop(): void {
    this.#dead = true
    this.#held = undefined
  }
}
