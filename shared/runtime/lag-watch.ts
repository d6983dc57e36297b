/** Asks now and again how far somebody is behind a log, so that the gauge says so also while nothing moves. */
import { messageOf } from '../message/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'

export interface LagWatch {
  readonly clock: Clock
  readonly log: Log
  readonly everyMs: number
  /** Whose lag it is, in the words of a log line: `the projector`. */
  readonly whose: string
  /** Asks, and sets the gauge. */
  readonly ask: () => Promise<unknown>
}

/** Asks until it is cancelled, never twice at a time. */
export function watchLag({ clock, log, everyMs, whose, ask }: LagWatch): Cancel {
  let over = false
  let cancel: Cancel = () => {}
  const look = async () => {
    await ask().catch((error: unknown) => {
      if (!over) log.warn(`it is not known now how far behind ${whose} is`, { why: messageOf(error) })
    })
    if (!over) cancel = clock.schedule(everyMs, () => void look())
  }
  cancel = clock.schedule(everyMs, () => void look())
  return () => {
    over = true
    cancel()
  }
}
