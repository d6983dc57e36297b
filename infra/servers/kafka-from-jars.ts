import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newClusterId } from './cluster-id.ts'
import { missingJava } from './java-programs.ts'
import { kafkaJars } from './kafka-jars.ts'
import { type KafkaNodePlan, KafkaNodeProcess } from './kafka-node.ts'
import type { KafkaDoor, KafkaNodePlace } from './kafka-properties.ts'
import type { RunningServer } from './server.ts'
import { freePorts } from './tethered.ts'

const HEAP_MB = 256
const CLUSTER_HEAP_MB = 384

/** A cluster whose nodes can be killed and started again one by one. */
export interface RunningKafkaCluster extends RunningServer {
  readonly nodes: readonly KafkaNodeProcess[]
}

/** Makes what stands before a broker's further port, and answers the port of it that the broker is to advertise. */
export type OpenDoor = (brokerPort: number) => Promise<number>

/** Kafka as one process (broker and controller) on free loopback ports, from the jars that Maven brings. */
export function kafkaFromJars(): Promise<RunningServer | string> {
  return kafkaClusterFromJars(1)
}

export interface KafkaClusterOptions extends Partial<Pick<KafkaNodePlan, 'heapMb' | 'jvm'>> {
  /** Each broker has a further port for every one of them. */
  readonly doors?: readonly OpenDoor[]
}

/** As many such processes as wanted, in one cluster; `address` names all of them. Three have three copies of all. */
export async function kafkaClusterFromJars(
  brokers: number,
  { doors = [], ...options }: KafkaClusterOptions = {},
): Promise<RunningKafkaCluster | string> {
  const missing = await missingJava("Kafka's jars")
  return missing ?? startCluster(await kafkaJars(), await places(brokers, doors), options)
}

async function startCluster(
  libs: string,
  all: readonly KafkaNodePlace[],
  { heapMb = all.length === 1 ? HEAP_MB : CLUSTER_HEAP_MB, jvm }: Omit<KafkaClusterOptions, 'doors'>,
): Promise<RunningKafkaCluster> {
  const clusterId = newClusterId()
  const nodes: KafkaNodeProcess[] = []
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    const started = all.map(async (place) => {
      nodes.push(await KafkaNodeProcess.start({ libs, clusterId, place, all, heapMb, jvm }))
    })
    // Nothing is stopped while a node is still being started, which nobody would stop then.
    for (const one of await Promise.allSettled(started)) if (one.status === 'rejected') throw one.reason
    await Promise.all(nodes.map((node) => node.untilReady()))
  } catch (error) {
    await stop()
    await Promise.all(all.map(({ directory }) => rm(directory, { recursive: true, force: true, maxRetries: 5 })))
    throw error
  }
  nodes.sort((a, b) => a.nodeId - b.nodeId)
  return { kind: 'running', address: nodes.map(({ address }) => address).join(','), from: 'jars', nodes, stop }
}

async function places(count: number, openDoors: readonly OpenDoor[]): Promise<KafkaNodePlace[]> {
  const each = 2 + openDoors.length
  const ports = await freePorts(each * count)
  const places: KafkaNodePlace[] = []
  for (let i = 0; i < count; i++) {
    const [port = 0, controllerPort = 0, ...doorPorts] = ports.slice(each * i, each * (i + 1))
    const doors: KafkaDoor[] = []
    for (const [at, open] of openDoors.entries()) {
      const doorPort = doorPorts[at] ?? 0
      doors.push({ port: doorPort, advertisedPort: await open(doorPort) })
    }
    const directory = await mkdtemp(join(tmpdir(), 'kasaga-kafka-'))
    places.push({ nodeId: i + 1, port, controllerPort, doors, directory })
  }
  return places
}
