/**
 * The calls that wait for one participant, a line for each limit key: the first of all lines that may go is taken, and a
 * key that is at its limit holds up nobody else.
 *
 *     a line:  empty --call comes--> ready --its key is at its limit--> blocked --a call of it ends, its time comes--> ready
 */
import { type Call, rankOf } from './call.ts'
import { type KeyLimits, paceOf } from './limits.ts'
import { OrderedHeap } from './ordered-heap.ts'
import { type Pace, TokenBucket } from './token-bucket.ts'

/** What applies to each key now: of the limit, this process's part. */
export interface KeyPart {
  readonly concurrency: number
  readonly pace: Pace | undefined
}

export const NO_KEY_PART: KeyPart = { concurrency: Number.POSITIVE_INFINITY, pace: undefined }

/** This process's part of a key's limits. A key has room for one call at least, or it would wait for ever. */
export function keyPart(limits: KeyLimits | undefined, share: number): KeyPart {
  if (!limits) return NO_KEY_PART
  const { concurrency = Number.POSITIVE_INFINITY, ratePerSecond } = limits
  return {
    concurrency: Math.max(1, Math.floor(concurrency * share)),
    pace: ratePerSecond === undefined ? undefined : paceOf({ ratePerSecond, burst: undefined }, share),
  }
}

interface Line {
  readonly key: string
  readonly calls: OrderedHeap<Call>
  /** Calls that were let go and have not ended. */
  busy: number
  bucket: TokenBucket | undefined
  /** The call that it stands in `ready` with; others there are stale. */
  readyWith: Call | undefined
  /** When its key has a token again, where it waits for one. */
  readyAt: number | undefined
}

interface Ready {
  readonly line: Line
  readonly call: Call
}

interface Timed {
  readonly line: Line
  readonly at: number
}

/** Lines that stand idle are looked through when there are more than this, and twice as many as after the last look. */
const IDLE_LINES_MIN = 256

const goesBefore = (a: Call, b: Call): boolean => rankOf(a) < rankOf(b) || (rankOf(a) === rankOf(b) && a.turn < b.turn)
const waits = (call: Call): boolean => call.place === 'waiting'

export class KeyLines {
  readonly #lines = new Map<string, Line>()
  readonly #ready = new OrderedHeap<Ready>((a, b) => goesBefore(a.call, b.call))
  readonly #timed = new OrderedHeap<Timed>((a, b) => a.at < b.at)
  #part: KeyPart = NO_KEY_PART
  #waiting = 0
  /** When a call was looked for last. */
  #lookedAt = Number.NEGATIVE_INFINITY
  #sweepAt = IDLE_LINES_MIN

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** Lines that are kept. */
  get lines(): number {
    return this.#lines.size
  }

  /** Sets what applies from now on: every line may go again. */
  set part(part: KeyPart) {
    this.#part = part
    this.#lookAgain()
  }

  /** What was said of times holds no more. */
  #lookAgain(): void {
    for (const line of this.#lines.values()) {
      line.readyAt = undefined
      this.#makeReady(line)
    }
  }

  add(call: Call): void {
    const line = this.#line(call.key)
    call.place = 'waiting'
    line.calls.push(call)
    this.#waiting++
    if (line.readyWith === undefined || goesBefore(call, line.readyWith)) this.#makeReady(line)
  }

  /** Takes a call out that does not wait any more: of its place in the heap it is found to be gone. */
  remove(call: Call): void {
    call.place = 'out'
    this.#waiting--
    const line = this.#lines.get(call.key)
    if (!line) return
    if (line.calls.size > 64 && line.calls.size > 2 * this.#waiting) line.calls.retain(waits)
    this.#makeReady(line)
  }

  /** Takes the first call that its key lets go, and counts it as under way. */
  take(now: number): Call | undefined {
    this.#wakeTimed(now)
    for (let first = this.#ready.peek(); first; first = this.#ready.peek()) {
      const { line, call } = first
      this.#ready.pop()
      if (line.readyWith !== call || !waits(call)) {
        if (line.readyWith === call) this.#makeReady(line)
        continue
      }
      line.readyWith = undefined
      if (!this.#hasRoom(line, now)) continue
      line.calls.pop()
      this.#waiting--
      this.#begin(line, now)
      this.#makeReady(line)
      return call
    }
    return undefined
  }

  /** A call of that key is under way that did not come by `take`. */
  started(key: string, now: number): void {
    this.#begin(this.#line(key), now)
  }

  /** A call of that key is not under way any more. `unsent`: it never was. */
  ended(key: string, now: number, unsent = false): void {
    const line = this.#lines.get(key)
    if (!line) return
    line.busy--
    if (unsent) line.bucket?.giveBack()
    if (line.readyWith === undefined) this.#makeReady(line)
    if (this.#lines.size > this.#sweepAt) this.#sweep(now)
  }

  /** When a key that waits for its rate may go again. */
  get readyAt(): number | undefined {
    for (let first = this.#timed.peek(); first; first = this.#timed.peek()) {
      if (first.line.readyAt === first.at) return first.at
      this.#timed.pop()
    }
    return undefined
  }

  #line(key: string): Line {
    const known = this.#lines.get(key)
    if (known) return known
    const line: Line = {
      key,
      calls: new OrderedHeap(goesBefore),
      busy: 0,
      bucket: undefined,
      readyWith: undefined,
      readyAt: undefined,
    }
    this.#lines.set(key, line)
    return line
  }

  /** Steps of no key have none of its limits. */
  #hasRoom(line: Line, now: number): boolean {
    if (line.key === '') return true
    const { concurrency, pace } = this.#part
    if (line.busy >= concurrency) return false
    if (!pace) return true
    line.bucket ??= new TokenBucket(now)
    if (line.bucket.count(now, pace) >= 1) return true
    line.readyAt = line.bucket.readyAt(now, pace, 1)
    this.#timed.push({ line, at: line.readyAt })
    return false
  }

  #begin(line: Line, now: number): void {
    line.busy++
    const { pace } = this.#part
    if (line.key === '' || !pace) return
    line.bucket ??= new TokenBucket(now)
    line.bucket.count(now, pace)
    line.bucket.take()
  }

  /** Puts the line where its first call stands. */
  #makeReady(line: Line): void {
    for (let first = line.calls.peek(); first && !waits(first); first = line.calls.peek()) line.calls.pop()
    const first = line.calls.peek()
    if (!first) line.bucket?.rest()
    if (first === line.readyWith) return
    line.readyWith = first
    if (first) this.#ready.push({ line, call: first })
    if (this.#ready.size > 64 && this.#ready.size > 2 * this.#lines.size)
      this.#ready.retain(({ line, call }) => line.readyWith === call)
  }

  #wakeTimed(now: number): void {
    // A clock that was set back would have lines wait until it is where it was.
    if (now < this.#lookedAt) this.#lookAgain()
    this.#lookedAt = now
    for (let at = this.readyAt; at !== undefined && at <= now; at = this.readyAt) {
      const line = this.#timed.pop()?.line
      if (!line) return
      line.readyAt = undefined
      line.readyWith = undefined
      this.#makeReady(line)
    }
  }

  /** Lets go of lines in which nothing waits or is under way, and whose rate they have had time to make good. */
  #sweep(now: number): void {
    const { pace } = this.#part
    for (const [key, { busy, calls, bucket }] of this.#lines)
      if (busy <= 0 && calls.size === 0 && (!bucket || !pace || bucket.isFull(now, pace))) this.#lines.delete(key)
    this.#sweepAt = Math.max(IDLE_LINES_MIN, 2 * this.#lines.size)
  }
}
