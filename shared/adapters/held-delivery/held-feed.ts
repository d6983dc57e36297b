/**
 * One topic-partition's delivery to one member, where something must be asked for before a record can be given on.
 *
 *     passing --a record is not ready--> preparing --nothing waits--> passing
 *        any --open--> passing, what waits is dropped        any --stop--> stopped
 *
 * Guarantees: records come in the order of the log, and none after a `stop`, or of before an `open`. While whoever is asked
 * is in trouble everything behind the record waits, up to a limit, beyond which the log's own delivery is held.
 */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'

/** Records that wait; beyond them the log's delivery is held. */
const WAITING_RECORDS_MAX = 1_000
/** Records of one part: what waits comes in pieces that a listener can hold. */
const PART_RECORDS_MAX = 500

/** What is done to records on their way, one for one. */
export interface Preparation {
  /** The records as they are given on; `undefined` where something must be asked for first. */
  now(topic: string, records: readonly LogRecord[]): readonly LogRecord[] | undefined
  /** Asks, as often as it takes, until the signal fires. Answers the first records as they are given on; none: there will be no more. */
  prepare(topic: string, records: readonly LogRecord[], signal: AbortSignal): Promise<readonly LogRecord[]>
}

export interface FeedPorts {
  readonly topic: string
  readonly preparation: Preparation
  /** Gives records on. */
  readonly deliver: (records: readonly LogRecord[]) => void
  /** Holds the log's delivery, or lets it go on. */
  readonly hold: (held: boolean) => void
  /** What went wrong here and is no trouble of whoever is asked: nothing more is delivered. */
  readonly broken: (error: OperationalError) => void
}

export class HeldFeed {
  readonly #ports: FeedPorts
  #waiting: LogRecord[] = []
  #isPaused = false
  #isHeld = false
  #isPreparing = false
  /** Fires when what is being prepared is not wanted any more. */
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
    const { topic, preparation, deliver, hold } = this.#ports
    const ready = this.#waiting.length === 0 ? preparation.now(topic, records) : undefined
    if (ready) {
      deliver(ready)
      return
    }
    this.#waiting.push(...records)
    if (!this.#isHeld && this.#waiting.length > WAITING_RECORDS_MAX) {
      this.#isHeld = true
      hold(true)
    }
    void this.#prepare()
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
    void this.#prepare()
  }

  stop(): void {
    this.#dropped.abort()
    this.#waiting = []
  }

  async #prepare(): Promise<void> {
    if (this.#isPreparing) return
    this.#isPreparing = true
    try {
      while (this.#waiting.length > 0 && !this.#isPaused) await this.#part()
    } catch (error) {
      this.stop()
      this.#ports.broken(brokenBy(error))
    } finally {
      this.#isPreparing = false
    }
  }

  /** The next part: made ready, and given on unless it was dropped, or the listener has had enough, in the meantime. */
  async #part(): Promise<void> {
    const { topic, preparation, deliver } = this.#ports
    const { signal } = this.#dropped
    try {
      const ready = await preparation.prepare(topic, this.#waiting.slice(0, PART_RECORDS_MAX), signal)
      if (signal.aborted || this.#isPaused) return
      if (ready.length === 0) return this.stop()
      this.#waiting = this.#waiting.slice(ready.length)
      deliver(ready)
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
  return new OperationalError('delivery-broken', 'records could not be made ready to be given on', {
    where: 'delivery',
    retriable: false,
    cause: error,
  })
}
