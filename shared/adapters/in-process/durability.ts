/**
 * What is written and may still be lost, and who waits until it cannot be.
 *
 *     durable --written--> due --the event loop rests, or turns have passed--> syncing --done--> durable, or due again
 *                           ^                                                   |
 *                           +--more was written meanwhile                       +--failed--> in doubt --the next is done--> durable
 *
 * One sync is under way at a time, and takes all that was written before it began: load makes syncs fewer for each record.
 * Where the store has none all is durable as it is written, and who waits is told at once.
 */
import { OperationalError } from '../../message/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LogStore, Place, StoredWrite } from './log-store.ts'

/** What waits to be durable. */
export interface Awaited {
  readonly stored: readonly Pick<StoredWrite, 'topic' | 'partition' | 'base'>[]
  durable(): void
  /** It may become durable yet, or be lost. */
  failed(error: OperationalError): void
}

/**
 * Turns of the event loop without a write after which a sync begins. What follows from a record inside this process is written in
 * the next few, and goes with it: a batch one turn after the input, its effects two turns after the batch.
 */
const QUIET_TURNS = 3
/** Turns that a sync waits at most: under load something is written in nearly each. */
const TURNS_MAX = 8

export class Durability {
  readonly #store: LogStore
  readonly #clock: Clock
  #awaited: Awaited[] = []
  /** First offset of each partition that is not known to be durable. */
  readonly #from = new Map<string, bigint>()
  #isSyncing = false
  #isDue = false
  #turns = 0
  #quietTurns = 0

  constructor(store: LogStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Where the durable records of a partition end. */
  end(place: Place): bigint {
    return this.#from.get(nameOf(place)) ?? this.#store.end(place)
  }

  /** Tells once all that was written before is durable, in the order of the calls. */
  add(awaited: Awaited): void {
    if (!this.#store.sync) {
      awaited.durable()
      return
    }
    for (const { base, ...place } of awaited.stored) {
      const name = nameOf(place)
      if (!this.#from.has(name)) this.#from.set(name, base)
    }
    this.#awaited.push(awaited)
    this.#quietTurns = 0
    this.#schedule()
  }

  /**
   * Resolves once all that has been written so far is durable.
   * @throws OperationalError what the disk says
   */
  settled(): Promise<void> {
    if (!this.#store.sync || (this.#from.size === 0 && this.#awaited.length === 0)) return Promise.resolve()
    return new Promise((durable, failed) => this.add({ stored: [], durable, failed }))
  }

  #schedule(): void {
    if (this.#isDue || this.#isSyncing) return
    this.#isDue = true
    this.#turns = 0
    this.#rest()
  }

  #rest(): void {
    this.#clock.soon(() => {
      this.#turns++
      this.#quietTurns++
      const isIdle = this.#quietTurns >= QUIET_TURNS
      if (isIdle || this.#turns >= TURNS_MAX) void this.#sync(isIdle)
      else this.#rest()
    })
  }

  async #sync(isIdle: boolean): Promise<void> {
    this.#isDue = false
    this.#isSyncing = true
    const awaited = this.#awaited
    this.#awaited = []
    try {
      await this.#store.sync?.({ isIdle })
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      this.#isSyncing = false
      // What was written since goes with it: the store takes nothing more until it has made all of it durable.
      for (const { failed } of [...awaited, ...this.#awaited.splice(0)]) failed(error)
      return
    }
    this.#isSyncing = false
    this.#advance()
    for (const { durable } of awaited) durable()
    if (this.#awaited.length > 0) this.#schedule()
  }

  /** All of before it began is durable, also what an earlier sync has failed for. */
  #advance(): void {
    this.#from.clear()
    for (const { stored } of this.#awaited)
      for (const { base, ...place } of stored) if (!this.#from.has(nameOf(place))) this.#from.set(nameOf(place), base)
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${partition}/${topic}`
}
