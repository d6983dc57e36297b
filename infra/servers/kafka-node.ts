/**
 * One node of Kafka, from its jars.
 *
 *     up ── kill, shutDown ──▶ down ── start ──▶ up ;  any ── stop ──▶ over, its data removed
 */
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import '../../shared/adapters/kafka/kafkajs-timers.ts'
import { Kafka, logLevel } from 'kafkajs'
import { dataFolderOf, type KafkaNodePlace, serverProperties } from './kafka-properties.ts'
import { runProgram } from './run-program.ts'
import { accepts, startTethered, type Tethered } from './tethered.ts'

const READY_WITHIN_MS = 60_000
const DOWN_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 50
/** Up soon, and small: what a test wants. */
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true']
/** As Kafka's own scripts start it: what is measured must not be a slow broker. */
const USUAL_JVM = ['-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-Djava.awt.headless=true']

export interface KafkaNodePlan {
  readonly libs: string
  readonly clusterId: string
  readonly place: KafkaNodePlace
  readonly all: readonly KafkaNodePlace[]
  readonly heapMb: number
  /** Quick to start unless told otherwise. */
  readonly jvm?: 'quick' | 'usual' | undefined
}

export class KafkaNodeProcess {
  readonly nodeId: number
  /** Of each partition it has a folder there, `<topic>-<partition>`. */
  readonly dataFolder: string
  readonly #port: number
  readonly #nodes: number
  readonly #log: string
  readonly #server: Tethered

  private constructor(plan: KafkaNodePlan, server: Tethered) {
    this.nodeId = plan.place.nodeId
    this.dataFolder = dataFolderOf(plan.place)
    this.#port = plan.place.port
    this.#nodes = plan.all.length
    this.#log = logOf(plan.place)
    this.#server = server
  }

  /** Formats its directory and starts it; the directory goes when it is stopped. */
  static async start(plan: KafkaNodePlan): Promise<KafkaNodeProcess> {
    const { directory } = plan.place
    const properties = join(directory, 'server.properties')
    await writeFile(properties, serverProperties(plan.place, plan.all))
    const jvm = jvmOptions(plan)
    await runProgram('java', [...jvm, 'kafka.tools.StorageTool', 'format', '-t', plan.clusterId, '-c', properties], {
      withinMs: READY_WITHIN_MS,
    })
    const args = [...jvm, 'kafka.Kafka', properties]
    // Its data is thrown away, so it need not be stopped in order.
    return new KafkaNodeProcess(plan, startTethered({ command: 'java', args, directory, stopSignal: 'SIGKILL' }))
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Waits until it answers, and sees all nodes of its cluster. */
  untilReady(): Promise<void> {
    const ready = async () => (await accepts(this.#port)) && (await brokersSeenBy(this.address)) >= this.#nodes
    return this.#server.untilReady(ready, READY_WITHIN_MS)
  }

  /** Ends it at once, with its data. */
  async kill(): Promise<void> {
    this.#server.down('SIGKILL')
    await this.#untilDown()
  }

  /** Lets it hand its partitions over and end in order. */
  async shutDown(): Promise<void> {
    this.#server.down('SIGTERM')
    await this.#untilDown()
  }

  /** Starts it again on its data; `untilReady` says when it answers. */
  start(): void {
    this.#server.up()
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  /** Copies what it has logged, which goes with its data. */
  keepLog(to: string): Promise<void> {
    return copyFile(this.#log, to)
  }

  async #untilDown(): Promise<void> {
    const deadline = Date.now() + DOWN_WITHIN_MS
    while (await accepts(this.#port)) {
      if (Date.now() > deadline) throw new Error(`node ${this.nodeId} did not go down within ${DOWN_WITHIN_MS} ms`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }
}

function logOf({ directory }: KafkaNodePlace): string {
  return join(directory, 'broker.log')
}

function jvmOptions({ libs, place, heapMb, jvm }: KafkaNodePlan): string[] {
  const log4j = fileURLToPath(new URL('../kafka/log4j2.xml', import.meta.url))
  return [
    `-Xmx${heapMb}m`,
    ...(jvm === 'usual' ? USUAL_JVM : QUICK_JVM),
    `-Dlog4j2.configurationFile=${log4j}`,
    `-Dkasaga.kafka.log=${logOf(place)}`,
    '-cp',
    join(libs, '*'),
  ]
}

/** Accepting connections is not enough: a broker that has not registered yet refuses to create topics. */
async function brokersSeenBy(address: string): Promise<number> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length
  } finally {
    await admin.disconnect()
  }
}
