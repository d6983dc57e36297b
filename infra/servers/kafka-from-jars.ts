import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import '../../shared/adapters/kafka/kafkajs-timers.ts'
import { Kafka, logLevel } from 'kafkajs'
import { kafkaJars } from './kafka-jars.ts'
import { runProgram } from './run-program.ts'
import type { RunningServer } from './server.ts'
import { accepts, freePorts, startTethered, withDataDirectory } from './tethered.ts'

const READY_WITHIN_MS = 60_000
const SMALL_JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true']

/** Kafka as one process (broker and controller) on free loopback ports, from the jars that Maven brings. */
export async function kafkaFromJars(): Promise<RunningServer | string> {
  const missing = await missingPrograms()
  if (missing !== undefined) return missing
  const libs = await kafkaJars()
  return withDataDirectory('kafka', (directory) => start(libs, directory))
}

async function missingPrograms(): Promise<string | undefined> {
  for (const [program, flag] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    const found = await runProgram(program, [flag], { withinMs: 20_000 }).catch(() => undefined)
    if (found === undefined) return `no ${program} to run Kafka's jars`
  }
  return undefined
}

async function start(libs: string, directory: string): Promise<RunningServer> {
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const properties = join(directory, 'server.properties')
  await writeFile(properties, serverProperties({ port, controllerPort, directory }))
  const log4j = fileURLToPath(new URL('../kafka/log4j2.xml', import.meta.url))
  const jvm = [
    ...SMALL_JVM,
    `-Dlog4j2.configurationFile=${log4j}`,
    `-Dkasaga.kafka.log=${join(directory, 'broker.log')}`,
    '-cp',
    join(libs, '*'),
  ]
  const clusterId = randomBytes(16).toString('base64url')
  await runProgram('java', [...jvm, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties], {
    withinMs: READY_WITHIN_MS,
  })
  const args = [...jvm, 'kafka.Kafka', properties]
  // Its data is thrown away, so it need not be stopped in order.
  const server = startTethered({ command: 'java', args, directory, stopSignal: 'SIGKILL' })
  try {
    await server.untilReady(async () => (await accepts(port)) && (await answers(`127.0.0.1:${port}`)), READY_WITHIN_MS)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { kind: 'running', address: `127.0.0.1:${port}`, from: 'jars', stop: () => server.stop() }
}

/** Accepting connections is not enough: a broker that has not registered yet refuses to create topics. */
async function answers(address: string): Promise<boolean> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length > 0
  } finally {
    await admin.disconnect()
  }
}

function serverProperties(at: { port: number; controllerPort: number; directory: string }): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${at.controllerPort}
listeners=PLAINTEXT://127.0.0.1:${at.port},CONTROLLER://127.0.0.1:${at.controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${at.port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(at.directory, 'logs')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
`
}
