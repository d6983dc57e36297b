/** A cluster of one node in memory, as the Kafka adapter sees one, whose answers a test writes. */
import { ClusterLink } from '../../shared/adapters/kafka/cluster-link.ts'
import type { KafkajsCluster, KafkaNode, WireCall } from '../../shared/adapters/kafka/kafkajs-internals.ts'
import { WireReader } from '../../shared/adapters/kafka/wire-reader.ts'

export interface Asked {
  readonly topic: string
  readonly partition: number
}

/** Gives the answer to one request, of the type that it wants; throws as a lost connection does. */
export type Answer = (asked: readonly Asked[], body: Buffer) => Promise<unknown>

export interface FakeKafka {
  readonly link: ClusterLink
  readonly state: { disconnects: number; refreshes: number; requests: number }
}

/** `leaderOf` says which node leads a partition now: -1 for none. */
export function fakeKafka(partitions: number, answer: Answer, leaderOf = (_partition: number) => 1): FakeKafka {
  const state = { disconnects: 0, refreshes: 0, requests: 0 }
  const notAsked = () => Promise.reject(new Error('not asked for in these tests'))
  const node: KafkaNode = {
    nodeId: 1,
    connectionPool: {
      async send<T>(call: WireCall<T>): Promise<T> {
        state.requests++
        const { buffer } = await call.request.encode()
        return (await answer(askedOf(call.request.apiName, buffer), buffer)) as T
      },
    },
    disconnect: async () => {},
    listOffsets: notAsked,
    joinGroup: notAsked,
    syncGroup: notAsked,
    heartbeat: notAsked,
    leaveGroup: notAsked,
    offsetCommit: notAsked,
    offsetFetch: notAsked,
  }
  const targetTopics = new Set<string>()
  const cluster: KafkajsCluster = {
    targetTopics,
    connect: async () => {},
    disconnect: async () => void state.disconnects++,
    addMultipleTargetTopics: async (topics) => topics.forEach((topic) => void targetTopics.add(topic)),
    refreshMetadata: async () => void state.refreshes++,
    refreshMetadataIfNecessary: async () => {},
    findTopicPartitionMetadata: () =>
      Array.from({ length: partitions }, (_, partitionId) => ({
        partitionId,
        leader: leaderOf(partitionId),
        partitionErrorCode: 0,
      })),
    findBroker: async () => node,
    findGroupCoordinator: async () => node,
  }
  return { link: new ClusterLink(cluster), state }
}

function askedOf(apiName: string, body: Buffer): Asked[] {
  const reader = new WireReader(body)
  const isProduce = apiName === 'Produce'
  reader.raw(isProduce ? 8 : 17)
  return reader
    .array(() => {
      const topic = reader.string()
      return reader.array(() => {
        const partition = reader.int32()
        reader.raw(isProduce ? reader.int32() : 12)
        return { topic, partition }
      })
    })
    .flat()
}
