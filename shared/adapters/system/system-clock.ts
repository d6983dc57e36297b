import type { Cancel, Clock } from '../../ports/clock.ts'

/** Longest delay that the runtime's timers keep; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** The two clocks of a machine differ by rounding and drift; more than this is a wall clock that was set back. */
const EARLY_MS_MAX = 50

/** The clock of the machine. A callback never runs before its time by this clock, also where the runtime's timer is early. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, then) {
    return arm(Date.now() + delayMs, performance.now() + delayMs, then)
  },
  soon(then) {
    setImmediate(then)
  },
}

/**
 * Waits for both: the wall clock, which `now()` answers and which due times are compared with, and the time that has
 * really passed, so that a wall clock set forward does not cut a delay short. One set back is not waited for a second time.
 */
function arm(dueAt: number, elapsedAt: number, then: () => void): Cancel {
  let timer: NodeJS.Timeout
  const wait = () => {
    const leftMs = Math.max(1, Math.ceil(elapsedAt - performance.now()))
    timer = setTimeout(check, Math.min(leftMs, TIMER_MS_MAX))
  }
  const check = () => {
    const elapsed = performance.now() >= elapsedAt
    const early = dueAt - Date.now()
    if (elapsed && (early <= 0 || early > EARLY_MS_MAX)) then()
    else wait()
  }
  wait()
  return () => clearTimeout(timer)
}
