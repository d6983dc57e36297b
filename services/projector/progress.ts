/** How far the views are, by partition, and who waits for it. */
import { OperationalError } from '../../shared/message/errors.ts'
import type { Clock } from '../../shared/ports/clock.ts'

interface Waiter {
  readonly offset: bigint
  done(error?: Error): void
}

export class Progress {
  readonly #applied = new Map<number, bigint>()
  readonly #waiters = new Map<number, Set<Waiter>>()

  /** Next offset that is not in the views yet; 0 where nothing is known. */
  at(partition: number): bigint {
    return this.#applied.get(partition) ?? 0n
  }

  set(partition: number, offset: bigint): void {
    this.#applied.set(partition, offset)
    for (const waiter of this.#waiters.get(partition) ?? []) if (offset >= waiter.offset) waiter.done()
  }

  /** The partition is someone else's: those who wait go on waiting, it may come back. */
  forget(partition: number): void {
    this.#applied.delete(partition)
  }

  wait(partition: number, offset: bigint, within: { readonly clock: Clock; readonly waitMs: number }): Promise<void> {
    if (this.at(partition) >= offset) return Promise.resolve()
    const waiters = this.#waiters.get(partition) ?? new Set<Waiter>()
    this.#waiters.set(partition, waiters)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        offset,
        done(error) {
          cancel()
          waiters.delete(waiter)
          if (error) reject(error)
          else resolve()
        },
      }
      const late = `the views of partition ${partition} are not at offset ${offset} after ${within.waitMs} ms`
      const cancel = within.clock.schedule(within.waitMs, () => waiter.done(behind(late)))
      waiters.add(waiter)
    })
  }

  /** Sends everyone away. */
  close(): void {
    for (const waiters of this.#waiters.values())
      for (const waiter of waiters) waiter.done(behind('the projector closed'))
  }
}

function behind(why: string): OperationalError {
  return new OperationalError('views-behind', why, { where: 'projector', retriable: true })
}
