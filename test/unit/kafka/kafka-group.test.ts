import { expect, onTestFinished, test } from 'vitest'
import { ClusterLink } from '../../../shared/adapters/kafka/cluster-link.ts'
import { joinKafkaGroup } from '../../../shared/adapters/kafka/kafka-group.ts'
import type { KafkajsCluster } from '../../../shared/adapters/kafka/kafkajs-internals.ts'
import type { OperationalError } from '../../../shared/message/errors.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

/** A cluster that knows every topic, with as many partitions as it says now. */
function clusterWith(partitions: (topic: string) => number): ClusterLink {
  const targetTopics = new Set<string>()
  const cluster = {
    targetTopics,
    connect: async () => {},
    disconnect: async () => {},
    refreshMetadata: async () => {},
    addMultipleTargetTopics: async (topics: readonly string[]) =>
      topics.forEach((topic) => void targetTopics.add(topic)),
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: partitions(topic) }, (_, partitionId) => ({
        partitionId,
        leader: 1,
        partitionErrorCode: 0,
      })),
    findGroupCoordinator: () => Promise.reject(new Error('no coordinator in this test')),
  }
  return new ClusterLink(cluster as unknown as KafkajsCluster)
}

function listening() {
  const troubles: OperationalError[] = []
  const listener = {
    assigned() {},
    revoked: async () => {},
    records() {},
    trouble: (e: OperationalError) => void troubles.push(e),
  }
  return { troubles, listener }
}

test('a member leaves for good when a topic gets more partitions', async () => {
  let partitions = 2
  const { troubles, listener } = listening()
  const link = clusterWith((topic) => (topic === 'b' ? partitions : 2))
  const options = { group: 'g', topics: ['a', 'b'], link, log: noLog, partitionsCheckMs: 10 }
  const member = await joinKafkaGroup(options, listener)
  onTestFinished(() => member.close())
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(troubles).toEqual([])
  partitions = 3
  await expect.poll(() => troubles.map(({ code }) => code)).toEqual(['partitions-changed'])
})

test('topics that differ in their partitions are refused', async () => {
  const link = clusterWith((topic) => (topic === 'b' ? 3 : 2))
  const joining = joinKafkaGroup({ group: 'g', topics: ['a', 'b'], link, log: noLog }, listening().listener)
  await expect(joining).rejects.toMatchObject({ code: 'not-co-partitioned' })
})
