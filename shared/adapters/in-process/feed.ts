/**
 * Delivery of one topic-partition to one member.
 *
 * States, as `next` and `held`:
 *   idle      no `next`: nothing is delivered              --open-->   flowing
 *   flowing   at the end of the log, or a turn is due that reads on      --pause-->  held, --trouble--> idle
 *   held      `next` is kept, nothing is delivered         --resume, open--> flowing
 * `stop` ends it for good. Reads are synchronous and start at `next` as it is then, so nothing fetched before an
 * `open` can be delivered after it.
 */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { GroupListener } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { type LogStore, offsetAfter, type Place, type StoredWrite } from './log-store.ts'
import { outOfRange } from './out-of-range.ts'

export interface FeedPorts {
  readonly store: LogStore
  readonly clock: Clock
  /** Where what may be delivered ends. */
  readonly end: (place: Place) => bigint
}

export class Feed {
  readonly place: Place
  readonly #store: LogStore
  readonly #clock: Clock
  readonly #end: FeedPorts['end']
  readonly #listener: GroupListener
  #next: bigint | undefined
  #held = false
  #turnDue = false

  constructor(place: Place, listener: GroupListener, { store, clock, end }: FeedPorts) {
    this.place = place
    this.#listener = listener
    this.#store = store
    this.#clock = clock
    this.#end = end
  }

  open(from: bigint): void {
    this.#next = from
    this.#held = false
    this.#schedule()
  }

  pause(): void {
    this.#held = true
  }

  resume(): void {
    this.#held = false
    this.#schedule()
  }

  stop(): void {
    this.#next = undefined
  }

  /** Takes what was just written: at once where the feed had reached the end, else it is read in its turn. */
  written(write: StoredWrite): void {
    if (this.#next === undefined || this.#held || this.#turnDue) return
    if (this.#next === write.base) this.#deliver(this.#next, write.records())
    else this.#schedule()
  }

  /** After a write of unknown outcome: what did land is read in its turn. */
  lookAgain(): void {
    if (!this.#held) this.#schedule()
  }

  #schedule(): void {
    if (this.#turnDue || this.#next === undefined) return
    this.#turnDue = true
    this.#clock.soon(() => {
      this.#turnDue = false
      this.#turn()
    })
  }

  #turn(): void {
    const from = this.#next
    if (from === undefined || this.#held) return
    const records = this.#read(from)
    if (records.length === 0) return
    this.#deliver(from, records)
    this.#schedule()
  }

  #deliver(from: bigint, records: readonly LogRecord[]): void {
    this.#next = offsetAfter(records, from)
    this.#listener.records(this.place.topic, this.place.partition, records)
  }

  /** Trouble makes the feed idle: going on past it would skip records silently. */
  #read(from: bigint): readonly LogRecord[] {
    try {
      const error = outOfRange(this.#store, this.place, from)
      if (error) throw error
      const end = this.#end(this.place)
      if (from >= end) return []
      const records = this.#store.read(this.place, from)
      return (records.at(-1)?.offset ?? 0n) < end ? records : records.filter(({ offset }) => offset < end)
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      this.#next = undefined
      this.#listener.trouble(error)
      return []
    }
  }
}
