/**
 * How many sagas a partition has alive at a time, since all of them are in memory.
 *
 *     open --liveSagasMax are alive--> full --fewer than nine tenths of them--> open
 *
 * While it is full its commands wait, which Kafka shows as lag; replies and timers go on, and so sagas end. But a command may
 * be just what they wait for: a signal, the start of a child, a lock that becomes free. So where none has ended for
 * `standstillMs`, one turn takes commands all the same.
 */
import type { OrchestratorLimits } from './limits.ts'

const ROOM_SHARE = 0.9

export class SagaRoom {
  readonly #limits: Pick<OrchestratorLimits, 'liveSagasMax' | 'standstillMs'>
  #isFull = false
  #live = 0
  /** When a saga was last seen to end, or commands were taken all the same. */
  #movedAt = 0

  constructor(limits: Pick<OrchestratorLimits, 'liveSagasMax' | 'standstillMs'>) {
    this.#limits = limits
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** When commands are taken all the same, unless a saga ends before. */
  get standstillAt(): number {
    return this.#movedAt + this.#limits.standstillMs
  }

  /** Whether the next turn takes commands. */
  takesCommands(live: number, now: number): boolean {
    const { liveSagasMax } = this.#limits
    if (!this.#isFull && live >= liveSagasMax) this.#movedAt = now
    this.#isFull = live >= liveSagasMax * (this.#isFull ? ROOM_SHARE : 1)
    if (live < this.#live) this.#movedAt = now
    this.#live = live
    if (!this.#isFull) return true
    if (now < this.standstillAt) return false
    this.#movedAt = now
    return true
  }
}
