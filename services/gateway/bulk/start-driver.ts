/** The driver of bulk acts as a gateway runs it. */
import type { ViewTables } from '../../../shared/adapters/postgres/view-schema.ts'
import type { SagaClient } from '../../../shared/client/saga-client.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Clock, Ids } from '../../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../../shared/ports/view-store.ts'
import { bulkReads } from '../bulk-reads.ts'
import { putBackLeftOver } from '../dead-letters/left-over.ts'
import { BulkDriver } from './bulk-driver.ts'

export interface BulkDriverOptions {
  readonly client: SagaClient
  readonly broker: Broker
  readonly topics: KasagaTopics
  /** Of the topics. */
  readonly prefix: string
  readonly views: ViewStore<ViewTables>
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
}

/** Begins to drive bulk acts, or to wait until it is this process that does. `stop` ends it. */
export function startBulkDriver(options: BulkDriverOptions): BulkDriver {
  const { client, topics, views } = options
  const driver = new BulkDriver({
    ...options,
    topic: topics.bulk,
    reads: bulkReads(views),
    async carryOut(command, stopped) {
      await client.send(command)
      if (stopped && command.kind === 'retry') await putBackLeftOver(options, command)
    },
  })
  driver.start()
  return driver
}
