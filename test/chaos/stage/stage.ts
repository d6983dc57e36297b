/** Everything that a run has on its feet. */
import type { Home } from '../../../services/home.ts'
import { openKafkaHome } from '../../../services/kafka/home.ts'
import { type KasagaTopics, kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { NOBODYS_REPLIES } from '../../support/rubbish/rubbish.ts'
import { placesOf, Roster } from './roster.ts'
import { Servers } from './servers.ts'
import type { Stops } from './stops.ts'

export interface Stage {
  readonly servers: Servers
  readonly roster: Roster
  /** Past the doors, and never disturbed but by the servers themselves: of who makes the faults and looks at what became of it all. */
  readonly home: Home
  readonly topics: KasagaTopics
  readonly prefix: string
}

/** Starts servers and processes; `stops` takes how each is stopped, as soon as it is there. */
export async function openStage(logFolder: string, stops: Stops): Promise<Stage> {
  const servers = await Servers.start(stops)
  const { direct, doors } = servers
  const kafka = { brokers: direct.kafka.split(','), clientId: 'chaos' }
  const home = await openKafkaHome({ kafka, databaseUrl: direct.databaseUrl, log: noLog })
  stops.add(() => home.close())
  await home.broker.createTopics([{ name: NOBODYS_REPLIES, partitions: 1, retention: { days: 1 } }])
  const [a, b] = doors
  const ways = { direct, a: servers.through(a), b: servers.through(b) }
  const roster = new Roster(placesOf(ways, logFolder))
  stops.add(() => roster.end())
  await roster.allRun()
  return { servers, roster, home, topics: kasagaTopics(direct.prefix), prefix: direct.prefix }
}
