import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { backoff } from './backoff.ts'

export interface RetryPorts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Tries until it works, with longer and longer waits; `undefined` when the signal fires before it does. */
export async function untilDone<T>(
  what: string,
  work: () => Promise<T>,
  { ports, giveUp }: { ports: RetryPorts; giveUp: AbortSignal },
): Promise<T | undefined> {
  for (let attempt = 0; attempt === 0 || !giveUp.aborted; attempt++) {
    try {
      return await work()
    } catch (error) {
      ports.metrics.count('kasaga_participant_trouble_total')
      ports.log.error(`${what} did not work and is tried again`, { attempt: attempt + 1, error })
    }
    await backoff(ports.clock, attempt, giveUp)
  }
  return undefined
}
