/** A broker of this machine with the topics of an installation, and its log on the disk. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import type { RunningKafkaCluster } from '../../../infra/servers/kafka-from-jars.ts'
import type { Home } from '../../../services/home.ts'
import { openKafkaHome } from '../../../services/kafka/home.ts'
import { type KasagaTopics, kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import type { LogSize } from '../measure/measure-installation.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { logRecords } from './reached.ts'
import { benchKafka } from './servers.ts'

const PREFIX = 'kasaga'
const SEGMENT = /\.log$/
/** `<topic>-<partition>` */
const PARTITION_FOLDER = /^(.+)-\d+$/

export class KafkaLog {
  readonly prefix = PREFIX
  readonly topics: KasagaTopics = kasagaTopics(PREFIX)
  readonly #kafka: RunningKafkaCluster

  private constructor(kafka: RunningKafkaCluster) {
    this.#kafka = kafka
  }

  /** Starts a broker, and makes the topics. */
  static async open(partitions: number): Promise<KafkaLog> {
    const log = new KafkaLog(await benchKafka())
    const home = await log.home()
    try {
      const specs = topicSpecs(
        PREFIX,
        { partitions, participantPartitions: partitions },
        participantsOf(BENCH_DEFINITIONS),
      )
      await home.broker.createTopics(specs)
      return log
    } catch (error) {
      await log.close()
      throw error
    } finally {
      await home.close()
    }
  }

  get address(): string {
    return this.#kafka.address
  }

  /** A client of it, with the views in a database if one is named. */
  home(databaseUrl?: string): Promise<Home> {
    return openKafkaHome({ kafka: { brokers: [this.address], clientId: 'bench' }, databaseUrl, log: noLog })
  }

  /** Each batch of events is synced to disk before it is acknowledged. */
  async syncEachBatch(): Promise<void> {
    const admin = new Kafka({ brokers: [this.address], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    try {
      const configEntries = [{ name: 'flush.messages', value: '1' }]
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: this.topics.events, configEntries }],
      })
    } finally {
      await admin.disconnect()
    }
  }

  async size(home: Home): Promise<LogSize> {
    const bytesBy = this.#bytesByTopic()
    const bytes = Object.values(bytesBy).reduce((sum, own) => sum + own, 0)
    return { records: await logRecords(home, this.topics), bytes, bytesBy }
  }

  async close(): Promise<void> {
    await this.#kafka.stop()
  }

  /** Of the topics that it has made: the broker has others of its own. */
  #bytesByTopic(): Record<string, number> {
    const own = new Set<string>(topicSpecs(PREFIX, ANY, participantsOf(BENCH_DEFINITIONS)).map(({ name }) => name))
    const sums: Record<string, number> = {}
    for (const { dataFolder } of this.#kafka.nodes)
      for (const folder of readdirSync(dataFolder)) {
        const topic = PARTITION_FOLDER.exec(folder)?.[1]
        if (topic === undefined || !own.has(topic)) continue
        sums[topic] = (sums[topic] ?? 0) + segmentBytes(join(dataFolder, folder))
      }
    return sums
  }
}

const ANY = { partitions: 1, participantPartitions: 1 }

function segmentBytes(folder: string): number {
  const segments = readdirSync(folder).filter((name) => SEGMENT.test(name))
  return segments.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
