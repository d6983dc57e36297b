/** Time, chance and ids come in from outside, so that a whole system can run in virtual time under a seed. */

export type Cancel = () => void

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `then` once, not before `delayMs` have passed. Delays past 2^31 ms are kept. */
  schedule(delayMs: number, then: () => void): Cancel
  /** Runs `then` soon, after what is already waiting to run, I/O included. */
  soon(then: () => void): void
}

export interface Random {
  /** A number in [0, 1). */
  next(): number
}

export interface Ids {
  /** A new id that no other call returns, sortable by time. */
  next(): string
}

/** Waits on the clock's time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(delayMs, resolve)
  })
}
