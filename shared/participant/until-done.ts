import { OperationalError } from '../message/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { backoff } from './backoff.ts'

export interface RetryPorts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Told what did not work; shared by all that one worker tries. */
  readonly trouble: OngoingTrouble
}

/** Tries until it works, with longer and longer waits; `undefined` when the signal fires before it does. */
export async function untilDone<T>(
  what: string,
  work: () => Promise<T>,
  { ports, giveUp }: { ports: RetryPorts; giveUp: AbortSignal },
): Promise<T | undefined> {
  for (let attempt = 0; attempt === 0 || !giveUp.aborted; attempt++) {
    try {
      const done = await work()
      ports.trouble.over()
      return done
    } catch (error) {
      ports.metrics.count('kasaga_participant_trouble_total')
      const code = error instanceof OperationalError ? error.code : 'bug'
      ports.trouble.met(`${what}: ${code}`, { what, attempt: attempt + 1, error })
    }
    await backoff(ports.clock, attempt, giveUp)
  }
  return undefined
}
