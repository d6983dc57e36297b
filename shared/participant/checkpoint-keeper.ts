/**
 * Keeps the checkpoint of one partition with the broker: the newest only, and not more often than it is worth.
 *
 *     idle --keep--> keeping --nothing newer--> idle          any --close--> closed, the newest kept
 *
 * What is delivered again because a checkpoint was not kept in time answers from the inbox; so nobody waits for it.
 */
import { OperationalError } from '../message/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'

/** Least time between two, per partition: each costs the broker a write. */
export const CHECKPOINT_INTERVAL_MS = 200

export interface CheckpointPorts {
  readonly clock: Clock
  readonly log: Log
  readonly commit: (next: bigint) => Promise<void>
}

export class CheckpointKeeper {
  readonly #ports: CheckpointPorts
  #next: bigint | undefined
  #kept: bigint | undefined
  #keeping: Promise<void> | undefined
  #closed = false
  #cancelPause: Cancel = () => {}
  #endPause: () => void = () => {}

  constructor(ports: CheckpointPorts) {
    this.#ports = ports
  }

  /** Everything before `next` is done with. Returns at once. */
  keep(next: bigint): void {
    this.#next = next
    this.#keeping ??= this.#run()
  }

  /** Keeps the newest and ends. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelPause()
    this.#endPause()
    await this.#keeping
    if (this.#next !== this.#kept) await this.#commit()
  }

  async #run(): Promise<void> {
    while (this.#next !== this.#kept && !this.#closed) {
      await this.#commit()
      if (!this.#closed) await this.#pause()
    }
    this.#keeping = undefined
  }

  async #commit(): Promise<void> {
    const next = this.#next
    if (next === undefined) return
    try {
      await this.#ports.commit(next)
      this.#kept = next
    } catch (error) {
      const passing = error instanceof OperationalError && error.retriable
      // While a group changes its members a commit may come a moment too late: that is everyday life.
      if (passing) this.#ports.log.debug('the checkpoint could not be kept yet', { next: String(next), error })
      else this.#ports.log.warn('the checkpoint could not be kept', { next: String(next), error })
      if (!passing) this.#kept = next
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#endPause = resolve
      this.#cancelPause = this.#ports.clock.schedule(CHECKPOINT_INTERVAL_MS, resolve)
    })
  }
}
