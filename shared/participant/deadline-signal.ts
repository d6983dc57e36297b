import type { Clock } from '../ports/clock.ts'

export interface DeadlineSignal {
  readonly signal: AbortSignal
  /** Lets go of the timer; to be called when the work is done. */
  cancel(): void
}

/** A signal that fires at a time of the clock, or with another signal; `Infinity` is no time. */
export function deadlineSignal(clock: Clock, at: number, outer: AbortSignal): DeadlineSignal {
  const controller = new AbortController()
  const abort = (): void => controller.abort(outer.reason)
  if (outer.aborted) abort()
  outer.addEventListener('abort', abort, { once: true })
  const late = (): void => controller.abort(new DOMException('the deadline has passed', 'TimeoutError'))
  const cancelTimer = Number.isFinite(at) ? clock.schedule(Math.max(0, at - clock.now()), late) : undefined
  return {
    signal: controller.signal,
    cancel() {
      cancelTimer?.()
      outer.removeEventListener('abort', abort)
    },
  }
}
