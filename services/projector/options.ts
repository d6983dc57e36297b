/** What a projector is given, and its limits. */
import type { Broker } from '../../shared/ports/broker.ts'
import type { Clock } from '../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { ViewBuilds, ViewWriter } from '../../shared/ports/view-store.ts'
import type { Projection } from '../../shared/view/projection.ts'

export interface ProjectorOptions {
  readonly broker: Broker
  readonly writer: ViewWriter
  /** Builds views of another version anew, beside what is read; absent: their tables are made anew at once, and fill again. */
  readonly builds?: ViewBuilds
  readonly projections: readonly Projection[]
  /** `<prefix>.events` */
  readonly topic: string
  /** `<prefix>.projector.<name>` */
  readonly group: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** A log that ends before a checkpoint is another log, or has lost its end: build anew, or refuse to start. */
  readonly onShorterLog: 'rebuild' | 'refuse'
  /** What else goes into the database: it runs from when the tables are there until the projector is closed. */
  readonly alongside?: { start(): void; stop(): Promise<void> }
  readonly limits?: Partial<ProjectorLimits>
}

export interface ProjectorLimits {
  /** Events that one transaction takes, about: a batch is never cut. */
  readonly chunkEventsMax: number
  /**
   * Least time from the start of one transaction to that of the next, unless a full chunk waits. A statement costs as
   * much for one row as for fifty, so without it a light load would keep the database as busy as a heavy one.
   */
  readonly chunkIntervalMs: number
  /** Events of one partition that wait; beyond them its delivery is held. */
  readonly bufferedEventsMax: number
  /** Their bytes; the same beyond them. */
  readonly bufferedBytesMax: number
  /** Bytes that one transaction takes, about. */
  readonly chunkBytesMax: number
  /** Between two looks at how far the views are behind the log. */
  readonly lagIntervalMs: number
  readonly retryDelayMinMs: number
  readonly retryDelayMaxMs: number
}

export const PROJECTOR_LIMITS: ProjectorLimits = {
  chunkEventsMax: 20_000,
  chunkIntervalMs: 25,
  bufferedEventsMax: 20_000,
  bufferedBytesMax: 64_000_000,
  chunkBytesMax: 32_000_000,
  lagIntervalMs: 5_000,
  retryDelayMinMs: 50,
  retryDelayMaxMs: 5_000,
}
