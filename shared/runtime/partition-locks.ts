/**
 * The locks of one partition: those that somebody holds or waits for, and of the free ones as many as there is room for.
 * Of those that are forgotten the highest numbers stay, so that no token is ever given twice and no old copy of an ask is
 * taken for a new one.
 */
import { evolveLock } from '../lock/evolve-lock.ts'
import { type Forgotten, forgetting, freeLock, isFree, type LockState, NOTHING_FORGOTTEN } from '../lock/lock-state.ts'
import type { LockId } from '../message/ids.ts'
import type { LockEnvelope } from '../message/lock-events.ts'
import { TrackedMap } from '../message/tracked-map.ts'
import type { LockStanding } from './event-chain.ts'

export class PartitionLocks {
  readonly #freeMax: number
  readonly #taken = new TrackedMap<LockId, LockState>()
  /** The one that has been free for longest goes first. */
  readonly #free = new TrackedMap<LockId, LockState>()
  /** What is left of those that are not there any more. */
  forgotten: Forgotten = NOTHING_FORGOTTEN
  readonly #onForgotten: (id: LockId) => void

  /**
   * @param freeMax how many free locks are remembered
   * @param onForgotten told of each that is remembered no more
   */
  constructor(freeMax: number, onForgotten: (id: LockId) => void = () => undefined) {
    this.#freeMax = freeMax
    this.#onForgotten = onForgotten
  }

  /** How many locks somebody holds or waits for. */
  get taken(): number {
    return this.#taken.size
  }

  /** All that is known one by one. */
  get tables() {
    return { taken: this.#taken, free: this.#free }
  }

  /** What is known of a lock: a free one, when it is nothing. */
  known(id: LockId): LockState {
    return this.#taken.get(id) ?? this.#free.get(id) ?? freeLock(id, this.forgotten)
  }

  standing(id: LockId): LockStanding {
    const mayBeForgotten = this.forgotten !== NOTHING_FORGOTTEN && !this.#free.has(id)
    return { isFree: !this.#taken.has(id), mayBeForgotten }
  }

  /** Keeps a lock's new state: the result of folding what was decided. */
  keep(lock: LockState): void {
    this.#free.delete(lock.id)
    if (!isFree(lock)) {
      this.#taken.set(lock.id, lock)
      return
    }
    this.#taken.delete(lock.id)
    this.#free.set(lock.id, lock)
    if (this.#free.size > this.#freeMax) this.#forgetOldest()
  }

  /**
   * Folds an event of the log. Of a lock that is not known here the log says where its numbers begin.
   * @throws InvariantError when the event cannot be folded.
   */
  fold(envelope: LockEnvelope): void {
    const { lockId: id, seq } = envelope
    const known = this.known(id)
    const isNew = !this.#taken.has(id) && !this.#free.has(id)
    this.keep(evolveLock(isNew ? { ...known, seq: seq - 1 } : known, envelope))
  }

  /** Nothing is decided for it any more. */
  drop(id: string): void {
    this.#taken.delete(id as LockId)
    this.#free.delete(id as LockId)
  }

  #forgetOldest(): void {
    const [oldest] = this.#free.values()
    if (!oldest) return
    this.forgotten = forgetting(this.forgotten, oldest)
    this.#free.delete(oldest.id)
    this.#onForgotten(oldest.id)
  }
}
