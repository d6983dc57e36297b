/**
 * Tells the metrics how many commands wait, and how old the oldest is: at an interval, and not at all while none waits.
 *
 *     quiet --seen--> looking --nothing waits--> quiet
 */
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Metrics } from '../ports/telemetry.ts'

export const WAITING_LOOK_MS = 5_000

/** What waits at a partition. */
export interface Waiting {
  readonly records: number
  /** When the oldest was appended; milliseconds since the epoch. */
  readonly oldestAt: number | undefined
}

export interface WaitingPorts {
  readonly clock: Clock
  readonly metrics: Metrics
  /** Name of the participant. */
  readonly participant: string
  /** What waits at each partition now. */
  readonly waiting: () => readonly Waiting[]
}

export class WaitingGauge {
  readonly #ports: WaitingPorts
  #cancelLook: Cancel | undefined

  constructor(ports: WaitingPorts) {
    this.#ports = ports
  }

  /** Something came. */
  seen(): void {
    this.#cancelLook ??= this.#ports.clock.schedule(WAITING_LOOK_MS, () => {
      this.#cancelLook = undefined
      if (this.#tell() > 0) this.seen()
    })
  }

  /** Looks no more until something comes. */
  close(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
    this.#tell()
  }

  #tell(): number {
    const { clock, metrics, participant, waiting } = this.#ports
    const all = waiting()
    const records = all.reduce((sum, one) => sum + one.records, 0)
    const oldestAt = Math.min(...all.map((one) => one.oldestAt ?? Number.POSITIVE_INFINITY))
    const seconds = Number.isFinite(oldestAt) ? Math.max(0, clock.now() - oldestAt) / 1_000 : 0
    metrics.gauge('kasaga_participant_waiting_records', records, { participant })
    metrics.gauge('kasaga_participant_waiting_oldest_seconds', seconds, { participant })
    return records
  }
}
