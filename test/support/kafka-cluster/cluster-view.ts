/** What a cluster says of itself, asked through kafkajs and not through our adapter. */
import '../../../shared/adapters/kafka/kafkajs-timers.ts'
import { Kafka, logLevel } from 'kafkajs'
import { expect } from 'vitest'
import { kafkajsLog } from '../../../shared/adapters/kafka/kafka-log.ts'
import { type KafkajsCluster, kafkajsCluster } from '../../../shared/adapters/kafka/kafkajs-internals.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

const SETTLES_MS = 30_000

export interface ClusterView {
  /** Node that coordinates a group. */
  coordinator(groupId: string): Promise<number>
  /** Waits until every copy of a topic is in sync. */
  inSync(topic: string): Promise<void>
}

export async function clusterView<T>(address: string, use: (view: ClusterView) => Promise<T>): Promise<T> {
  const brokers = address.split(',')
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const cluster = inside(brokers)
  try {
    return await use({
      async coordinator(groupId) {
        await cluster.connect()
        await cluster.refreshMetadata()
        return (await cluster.findGroupCoordinator({ groupId })).nodeId
      },
      async inSync(topic) {
        const lacking = async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
          return topics
            .flatMap(({ partitions }) => partitions)
            .filter(({ isr, replicas }) => isr.length < replicas.length)
        }
        await expect.poll(lacking, { timeout: SETTLES_MS, interval: 100 }).toEqual([])
      },
    })
  } finally {
    await cluster.disconnect()
    await admin.disconnect()
  }
}

function inside(brokers: readonly string[]): KafkajsCluster {
  const retry = { retries: 5, initialRetryTime: 50, maxRetryTime: 500 }
  const times = { connectionTimeout: 3_000, requestTimeout: 5_000, metadataMaxAge: 1_000 }
  return kafkajsCluster(
    { brokers, clientId: 'view', ssl: undefined, sasl: undefined, ...times, retry },
    kafkajsLog(noLog),
  )
}
