/** What can be measured, by name. */

import { openEmbedded } from '../homes/embedded.ts'
import { openKafka } from '../homes/kafka.ts'
import { measureBeside } from '../measure/measure-beside.ts'
import type { BenchInstallation, Wanted } from '../measure/measure-installation.ts'
import { measureInstallation } from '../measure/measure-installation.ts'
import { openDbos, openRestate, type Peer } from '../peers/peers.ts'
import { core } from './core.ts'
import { fanout } from './fanout.ts'
import { idle } from './idle.ts'
import { projector } from './projector.ts'
import { rebuild } from './rebuild.ts'
import { replay } from './replay.ts'
import { scale } from './scale.ts'
import { timers } from './timers.ts'

export interface Scenario {
  readonly what: string
  /** Sagas in flight unless told otherwise; absent: it has no closed loop. */
  readonly inFlight?: number
  /** How large what is measured is, by name, unless told otherwise. */
  readonly sizes?: Readonly<Record<string, number>>
  run(wanted: Wanted): Promise<object>
  /** Beside the engines that it is compared with. */
  readonly runBesidePeers?: (wanted: Wanted) => Promise<object>
}

interface OnInstallation {
  readonly what: string
  readonly inFlight: number
  readonly open: () => Promise<BenchInstallation>
  readonly peers?: readonly (() => Promise<Peer>)[]
}

async function using<T extends { close(): Promise<void> }, R>(opening: Promise<T>, use: (opened: T) => Promise<R>) {
  const opened = await opening
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

function onInstallation({ what, inFlight, open, peers = [] }: OnInstallation): Scenario {
  return {
    what,
    inFlight,
    run: (wanted) => using(open(), (installation) => measureInstallation(installation, wanted)),
    ...(peers.length > 0 && {
      runBesidePeers: async (wanted: Wanted) => {
        const beside = []
        for (const openPeer of peers)
          beside.push(
            await using(open(), (installation) =>
              using(openPeer(), (peer) => measureBeside(installation, peer, wanted)),
            ),
          )
        return { beside }
      },
    }),
  }
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  core: { what: 'decide and evolve of one input, and a whole turn, without I/O', run: core },
  idle: { what: 'memory of 100,000 and 1,000,000 sagas that wait', run: idle },
  projector: {
    what: 'views in Postgres, from a log on Kafka that is there already',
    sizes: { sagas: 30_000 },
    run: projector,
  },
  rebuild: { what: 'views of the embedded home, from its log', sizes: { sagas: 30_000 }, run: rebuild },
  replay: {
    what: 'taking over a partition with many live sagas and a long log, with and without snapshots',
    sizes: { live: 10_000, events: 1_000_000 },
    run: replay,
  },
  timers: {
    what: 'many sagas that sleep, and how late others wake under load',
    sizes: { pending: 100_000 },
    inFlight: 500,
    run: timers,
  },
  fanout: { what: 'one saga of many items', sizes: { items: 10_000 }, run: fanout },
  scale: { what: 'the same load over 1, 2 and 4 orchestrators, and 1, 12 and 48 partitions', run: scale },
  embedded: onInstallation({
    what: 'one process: log on SQLite with fsync, participants and views inside',
    inFlight: 500,
    open: openEmbedded,
    peers: [() => openRestate('steps')],
  }),
  kafka: onInstallation({
    what: 'a real Kafka of this machine, services as processes, inboxes in memory',
    inFlight: 2_000,
    open: () => openKafka(),
    peers: [() => openRestate('calls')],
  }),
  'kafka-fsync': onInstallation({
    what: 'the same, with each batch of the log synced to disk',
    inFlight: 2_000,
    open: () => openKafka({ fsync: true }),
    peers: [() => openRestate('calls')],
  }),
  'kafka-postgres': onInstallation({
    what: 'the same with inboxes, tables and views in Postgres',
    inFlight: 2_000,
    open: () => openKafka({ postgres: true }),
    peers: [openDbos],
  }),
}
