/** What can be measured, by name. */

import { openEmbedded } from '../homes/embedded.ts'
import { openKafka } from '../homes/kafka.ts'
import type { BenchInstallation, Wanted } from '../measure/measure-installation.ts'
import { measureInstallation } from '../measure/measure-installation.ts'
import { core } from './core.ts'
import { idle } from './idle.ts'

export interface Scenario {
  readonly what: string
  /** Sagas in flight unless told otherwise. */
  readonly inFlight: number
  run(wanted: Wanted): Promise<object>
}

function onInstallation(what: string, inFlight: number, open: () => Promise<BenchInstallation>): Scenario {
  return {
    what,
    inFlight,
    async run(wanted) {
      const installation = await open()
      try {
        return await measureInstallation(installation, wanted)
      } finally {
        await installation.close()
      }
    },
  }
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  core: { what: 'decide and evolve of one input, and a whole turn, without I/O', inFlight: 1, run: core },
  idle: { what: 'memory of 100,000 and 1,000,000 sagas that wait', inFlight: 1, run: idle },
  kafka: onInstallation('a real Kafka of this machine, services as processes, inboxes in memory', 2_000, () =>
    openKafka(),
  ),
  'kafka-fsync': onInstallation('the same, with each batch of the log synced to disk', 2_000, () =>
    openKafka({ fsync: true }),
  ),
  'kafka-postgres': onInstallation('the same with inboxes, tables and views in Postgres', 2_000, () =>
    openKafka({ postgres: true }),
  ),
  embedded: onInstallation('one process: log on SQLite with fsync, participants and views inside', 500, openEmbedded),
}
