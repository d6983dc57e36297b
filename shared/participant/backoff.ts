import type { Clock } from '../ports/clock.ts'

export const BACKOFF_FIRST_MS = 20
export const BACKOFF_LAST_MS = 5_000

/** Waits longer at each attempt, counted from 0; ends at once when the signal fires. */
export function backoff(clock: Clock, attempt: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const delayMs = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16))
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.schedule(delayMs, end)
    signal.addEventListener('abort', end, { once: true })
  })
}
