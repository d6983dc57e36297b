/**
 * One topic-partition's delivery to one member, with payloads fetched on the way.
 *
 *     passing --a record has a claim--> fetching --nothing waits--> passing
 *        any --open--> passing, what waits is dropped        any --stop--> stopped
 *
 * Guarantees: records come in the order of the log, and none after a `stop`, or of before an `open`. While the store is
 * in trouble everything behind the claim waits, up to a limit, beyond which the log's own delivery is held.
 */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { PayloadDesk } from './payload-desk.ts'
import { hasClaim, partLength, redeem } from './redeem.ts'

/** Records that wait for a payload; beyond them the log's delivery is held. */
const WAITING_RECORDS_MAX = 1_000
/** Records of one part: what waits behind a payload comes in pieces that a listener can hold. */
const PART_RECORDS_MAX = 500

export interface FeedPorts {
  readonly desk: PayloadDesk
  /** Gives records on. */
  readonly deliver: (records: readonly LogRecord[]) => void
  /** Holds the log's delivery, or lets it go on. */
  readonly hold: (held: boolean) => void
  /** What went wrong here and is no trouble of the store: nothing more is delivered. */
  readonly broken: (error: OperationalError) => void
}

export class ClaimedFeed {
  readonly #ports: FeedPorts
  #waiting: LogRecord[] = []
  #isPaused = false
  #isHeld = false
  #isFetching = false
  /** Fires when what is being fetched is not wanted any more. */
  #dropped = new AbortController()

  constructor(ports: FeedPorts) {
    this.#ports = ports
  }

  /** Whether the log's delivery is to stay held whatever the listener says. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  take(records: readonly LogRecord[]): void {
    if (this.#dropped.signal.aborted) return
    if (this.#waiting.length === 0 && !hasClaim(records)) {
      this.#ports.deliver(records)
      return
    }
    this.#waiting.push(...records)
    if (!this.#isHeld && this.#waiting.length > WAITING_RECORDS_MAX) {
      this.#isHeld = true
      this.#ports.hold(true)
    }
    void this.#fetch()
  }

  /** Another place is delivered from: what was read of the old one is not wanted. */
  open(): void {
    this.stop()
    this.#dropped = new AbortController()
    this.#isPaused = false
    this.#isHeld = false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    void this.#fetch()
  }

  stop(): void {
    this.#dropped.abort()
    this.#waiting = []
  }

  async #fetch(): Promise<void> {
    if (this.#isFetching) return
    this.#isFetching = true
    try {
      while (this.#waiting.length > 0 && !this.#isPaused) await this.#part()
    } catch (error) {
      this.stop()
      this.#ports.broken(brokenBy(error))
    } finally {
      this.#isFetching = false
    }
  }

  /** The next part: fetched, and given on unless it was dropped, or the listener has had enough, in the meantime. */
  async #part(): Promise<void> {
    const { signal } = this.#dropped
    const some = this.#waiting.slice(0, PART_RECORDS_MAX)
    const part = some.slice(0, partLength(some))
    try {
      const whole = await redeem(this.#ports.desk, part, { attemptsMax: Number.POSITIVE_INFINITY, signal })
      if (signal.aborted || this.#isPaused) return
      this.#waiting = this.#waiting.slice(part.length)
      this.#ports.deliver(whole)
      this.#release()
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #release(): void {
    if (!this.#isHeld || this.#waiting.length > WAITING_RECORDS_MAX / 2) return
    this.#isHeld = false
    if (!this.#isPaused) this.#ports.hold(false)
  }
}

function brokenBy(error: unknown): OperationalError {
  return new OperationalError('delivery-broken', 'a payload could not be given on', {
    where: 'claim-check',
    retriable: false,
    cause: error,
  })
}
