/** What a process needs to live: the adapters, picked. The embedded home and the Kafka home are the two there are. */
import type { Kysely } from 'kysely'
import { Registry } from 'prom-client'
import { ClaimCheckBroker } from '../shared/adapters/claim-check/claim-check-broker.ts'
import type { ViewTables } from '../shared/adapters/postgres/view-schema.ts'
import { prometheusMetrics } from '../shared/adapters/prometheus/prometheus-metrics.ts'
import { systemClock } from '../shared/adapters/system/system-clock.ts'
import { systemIds } from '../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../shared/adapters/system/system-random.ts'
import type { ClaimRule } from '../shared/message/claim.ts'
import type { Broker } from '../shared/ports/broker.ts'
import type { Clock, Ids, Random } from '../shared/ports/clock.ts'
import type { PayloadStore } from '../shared/ports/payload-store.ts'
import type { Log, Metrics } from '../shared/ports/telemetry.ts'
import type { ControlViewWriter, ViewBuilds, ViewStore, ViewWriter } from '../shared/ports/view-store.ts'

export interface Views {
  readonly store: ViewStore<ViewTables>
  readonly writer: ViewWriter
  readonly builds: ViewBuilds
  readonly participants: ControlViewWriter
}

export interface Home {
  /** With large values kept aside, where the home has a place for them. */
  readonly broker: Broker
  readonly payloads: PayloadStore
  /** The same log with its claims as they stand: for whoever looks after the payloads. */
  readonly unredeemed: Broker
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly log: Log
  /** What the process counts, whichever of its services does, and where it is read. */
  readonly metrics: Metrics
  readonly registry: Registry
  /** Partitions of the co-partitioned topics, when they are made. */
  readonly partitions: number
  /** Partitions of each participant's commands, when they are made. */
  readonly participantPartitions: number
  /** What a projector does when its checkpoint is past the end of the log. */
  readonly onShorterLog: 'rebuild' | 'refuse'
  /** Opens the views, when first asked. */
  views(): Promise<Views>
  /** The database that a participant keeps its own tables and its inbox in, opened when first asked. */
  participantDatabase<Tables>(participant: string): Kysely<Tables>
  /** What keeps all services here waiting, each in a few words; none: nothing does. Readiness asks it besides the service's own. */
  notReady(): readonly string[]
  /** Closes what was opened, the log last. */
  close(): Promise<void>
}

export type Telemetry = Pick<Home, 'metrics' | 'registry'>

/** For one process. */
export function openTelemetry(): Telemetry {
  const registry = new Registry()
  return { registry, metrics: prometheusMetrics(registry) }
}

/** What the two homes do differently. */
export interface HomeParts
  extends Pick<Home, 'broker' | 'payloads' | 'log' | 'partitions' | 'participantPartitions' | 'onShorterLog'> {
  /** Which values are kept aside; absent: none. */
  readonly claims: ClaimRule | undefined
  openViews(): Promise<Views>
  openDatabase(participant: string): Kysely<unknown>
  /** Puts the wire format of a schema registry around values, before large ones are kept aside. */
  readonly framed?: ((broker: Broker) => Broker) | undefined
  /** Absent: made here. */
  readonly telemetry?: Telemetry
  /** Absent: nothing ever does. */
  readonly notReady?: (() => readonly string[]) | undefined
}

/** A home of its parts, on the machine's clock: each database is opened once, when first asked for. */
export function homeOf(given: HomeParts): Home {
  const { openViews, openDatabase, claims, notReady = () => [], framed, telemetry = openTelemetry(), ...parts } = given
  const { metrics } = telemetry
  const { payloads: store, log } = parts
  const plain = new ClaimCheckBroker(parts.broker, { store, rule: claims, clock: systemClock, log, metrics })
  const broker = framed ? framed(plain) : plain
  const databases = new Map<string, Kysely<unknown>>()
  let views: Promise<Views> | undefined
  return {
    ...parts,
    broker,
    unredeemed: parts.broker,
    ...telemetry,
    clock: systemClock,
    random: systemRandom,
    ids: systemIds,
    notReady,
    views() {
      views ??= openViews()
      return views
    },
    participantDatabase<Tables>(participant: string) {
      const database = databases.get(participant) ?? openDatabase(participant)
      databases.set(participant, database)
      return database as Kysely<Tables>
    },
    async close() {
      // Views that did not open have said so to whoever asked for them.
      const opened = await views?.catch(() => undefined)
      await opened?.store.close()
      for (const database of databases.values()) await database.destroy()
      await broker.close()
    },
  }
}
