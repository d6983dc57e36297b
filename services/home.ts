/** What a process needs to live: the adapters, picked. The embedded home and the Kafka home are the two there are. */
import type { Kysely } from 'kysely'
import type { ViewTables } from '../shared/adapters/postgres/view-schema.ts'
import type { Broker } from '../shared/ports/broker.ts'
import type { Clock, Ids, Random } from '../shared/ports/clock.ts'
import type { Log } from '../shared/ports/telemetry.ts'
import type { ViewStore, ViewWriter } from '../shared/ports/view-store.ts'

export interface Home {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly log: Log
  /** Partitions of the co-partitioned topics, when they are made. */
  readonly partitions: number
  /** Partitions of each participant's commands, when they are made. */
  readonly participantPartitions: number
  /** What a projector does when its checkpoint is past the end of the log. */
  readonly onShorterLog: 'rebuild' | 'refuse'
  /** Opens the views, when first asked. */
  views(): Promise<{ readonly store: ViewStore<ViewTables>; readonly writer: ViewWriter }>
  /** The database that a participant keeps its own tables and its inbox in, opened when first asked. */
  participantDatabase<Tables>(participant: string): Kysely<Tables>
  /** Closes what was opened, the log last. */
  close(): Promise<void>
}
