/**
 * Time that moves only when it is told to.
 *
 * State: the time, and what is scheduled, in the order due and, within one millisecond, in the order scheduled.
 * Changed by `schedule` and `soon` (add), their cancel (remove) and `advance` (runs and removes).
 * Guarantee: callbacks run one at a time, each after all promises that the one before settled have been followed up;
 * so a run is a function of what was scheduled, as long as nothing waits for real I/O.
 */
import type { Cancel, Clock } from '../../ports/clock.ts'

interface Scheduled {
  readonly dueAt: number
  readonly order: number
  run: (() => void) | undefined
}

/** Callbacks that one `advance` may run before it is taken for an endless loop. */
const CALLBACKS_MAX = 10_000_000

export class ManualClock implements Clock {
  #now: number
  #order = 0
  readonly #settle: () => Promise<void>
  readonly #heap: Scheduled[] = []

  /** `settle` settles when all promises that can have been followed up. */
  constructor(now = 1_700_000_000_000, settle = settled) {
    this.#now = now
    this.#settle = settle
  }

  now(): number {
    return this.#now
  }

  schedule(delayMs: number, then: () => void): Cancel {
    const entry: Scheduled = { dueAt: this.#now + Math.max(0, delayMs), order: this.#order++, run: then }
    this.#add(entry)
    return () => {
      entry.run = undefined
    }
  }

  soon(then: () => void): void {
    this.schedule(0, then)
  }

  /** When the next callback is due, or `undefined` when nothing is scheduled. */
  nextDue(): number | undefined {
    while (this.#heap[0] && !this.#heap[0].run) this.#take()
    return this.#heap[0]?.dueAt
  }

  /** Moves time on, running what falls due on the way, also what those callbacks schedule. `advance(0)` runs what is due now. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.#settle()
    for (let i = 0; i < CALLBACKS_MAX; i++) {
      const dueAt = this.nextDue()
      if (dueAt === undefined || dueAt > until) {
        this.#now = Math.max(this.#now, until)
        return
      }
      const { run } = this.#take()
      this.#now = Math.max(this.#now, dueAt)
      run?.()
      await this.#settle()
    }
    throw new Error(`more than ${CALLBACKS_MAX} callbacks in one advance`)
  }

  #add(entry: Scheduled): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const above = (i - 1) >> 1
      const parent = heap[above]
      if (!parent || before(parent, entry)) break
      heap[i] = parent
      i = above
    }
    heap[i] = entry
  }

  #take(): Scheduled {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) throw new Error('nothing is scheduled')
    if (heap.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: Scheduled): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      const left = heap[2 * i + 1]
      const right = heap[2 * i + 2]
      const goRight = left && right && before(right, left)
      const below = goRight ? right : left
      if (!below || before(entry, below)) break
      heap[i] = below
      i = 2 * i + (goRight ? 2 : 1)
    }
    heap[i] = entry
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)
}

/** After every promise that can settle without I/O has settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
