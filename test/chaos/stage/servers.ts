/**
 * The servers of a run, all its own: three brokers, one Postgres, and two doors to them. A door is a set of proxies, one
 * before each broker and one before Postgres; whoever comes in by it meets the weather that the run makes there.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningKafkaCluster } from '../../../infra/servers/kafka-from-jars.ts'
import type { RunningPostgres } from '../../../infra/servers/postgres-from-binaries.ts'
import type { AbsentServer } from '../../../infra/servers/server.ts'
import { startKafkaCluster, startOwnPostgres } from '../../../infra/servers/start-real.ts'
import { type Installation, openInstallation } from '../../support/kafka-home/fresh-installation.ts'
import type { Stops } from './stops.ts'
import { TcpProxy } from './tcp-proxy.ts'

const BROKERS = 3
const DOORS = ['a', 'b'] as const
const PREFIX = 'chaos'
const HOST = '127.0.0.1'

export interface Door {
  readonly name: (typeof DOORS)[number]
  readonly kafka: readonly TcpProxy[]
  readonly postgres: TcpProxy
}

/** The run cannot be made on this machine. */
export class CannotRun extends Error {}

export class Servers {
  readonly cluster: RunningKafkaCluster
  readonly postgres: RunningPostgres
  /** The way past the doors. */
  readonly direct: Installation
  readonly doors: readonly [Door, Door]

  private constructor(parts: Pick<Servers, 'cluster' | 'postgres' | 'direct' | 'doors'>) {
    this.cluster = parts.cluster
    this.postgres = parts.postgres
    this.direct = parts.direct
    this.doors = parts.doors
  }

  /** `stops` takes what has been started, in order, also when this throws. @throws CannotRun when there is no Kafka or Postgres to start. */
  static async start(stops: Stops): Promise<Servers> {
    const kafkaDoors = DOORS.map((): TcpProxy[] => [])
    const open = async (into: TcpProxy[], port: number) => {
      const proxy = await TcpProxy.before(port)
      stops.add(() => proxy.close())
      into.push(proxy)
      return proxy.port
    }
    const starting = [
      startKafkaCluster(
        BROKERS,
        kafkaDoors.map((proxies) => (port) => open(proxies, port)),
      ),
      startOwnPostgres(),
    ] as const
    for (const start of starting) stops.add(async () => stop(await start))
    const [cluster, postgres] = await Promise.all(starting)
    if (cluster.kind === 'absent') throw new CannotRun(`no Kafka: ${cluster.reason}`)
    if (postgres.kind === 'absent') throw new CannotRun(`no Postgres: ${postgres.reason}`)
    const direct = await openInstallation({ kafka: cluster.address, postgres: postgres.address }, PREFIX)
    const door = async (at: 0 | 1): Promise<Door> => {
      const before: TcpProxy[] = []
      await open(before, Number(new URL(postgres.address).port))
      return { name: DOORS[at], kafka: kafkaDoors[at] ?? [], postgres: before[0] as TcpProxy }
    }
    return new Servers({ cluster, postgres, direct, doors: [await door(0), await door(1)] })
  }

  /** The installation as it is seen through a door. */
  through(door: Door): Installation {
    const url = new URL(this.direct.databaseUrl)
    url.port = String(door.postgres.port)
    const kafka = door.kafka.map(({ port }) => `${HOST}:${port}`).join(',')
    return { ...this.direct, kafka, databaseUrl: url.href }
  }

  /** Leaves what the servers have said in a folder. */
  async keepLogs(folder: string): Promise<void> {
    await Promise.all(this.cluster.nodes.map((node) => node.keepLog(join(folder, `broker-${node.nodeId}.log`))))
    await writeFile(join(folder, 'postgres.log'), this.postgres.said())
  }
}

async function stop(server: RunningKafkaCluster | RunningPostgres | AbsentServer): Promise<void> {
  if (server.kind === 'running') await server.stop()
}
