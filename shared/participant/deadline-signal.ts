import type { Clock } from '../ports/clock.ts'

export interface DeadlineSignal {
  readonly signal: AbortSignal
  /** Moves the time to a later one; an earlier one, or one that comes after the signal has fired, changes nothing. */
  extend(at: number): void
  /** Lets go of the timer; to be called when the work is done. */
  cancel(): void
}

/** A signal that fires at a time of the clock, or with another signal; `Infinity` is no time. */
export function deadlineSignal(clock: Clock, at: number, outer: AbortSignal): DeadlineSignal {
  const controller = new AbortController()
  let dueAt = at
  const abort = (): void => controller.abort(outer.reason)
  const late = (): void => controller.abort(new DOMException('the deadline has passed', 'TimeoutError'))
  const arm = () => (Number.isFinite(dueAt) ? clock.schedule(Math.max(0, dueAt - clock.now()), late) : () => {})
  if (outer.aborted) abort()
  outer.addEventListener('abort', abort, { once: true })
  let cancelTimer = arm()
  return {
    signal: controller.signal,
    extend(later) {
      if (later <= dueAt || controller.signal.aborted) return
      cancelTimer()
      dueAt = later
      cancelTimer = arm()
    },
    cancel() {
      cancelTimer()
      outer.removeEventListener('abort', abort)
    },
  }
}
