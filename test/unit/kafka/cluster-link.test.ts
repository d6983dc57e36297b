import { expect, test } from 'vitest'
import { ClusterLink } from '../../../shared/adapters/kafka/cluster-link.ts'
import type { KafkajsCluster } from '../../../shared/adapters/kafka/kafkajs-internals.ts'

const PARTITIONS = 3

/** Answers as kafkajs does: a question that is asked during another gets the answer to that other. */
function clusterOf(existing: readonly string[], answersThatLeaveOut = 0) {
  const state = { questions: 0, leavingOut: answersThatLeaveOut }
  let known: ReadonlySet<string> = new Set()
  let asking: Promise<void> | undefined
  const ask = async (topics: readonly string[]) => {
    state.questions++
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (topics.some((topic) => !existing.includes(topic)))
      throw Object.assign(new Error('no such topic'), { code: 3, type: 'UNKNOWN_TOPIC_OR_PARTITION' })
    known = new Set(state.leavingOut-- > 0 ? [] : topics)
  }
  const cluster = {
    targetTopics: new Set<string>(),
    connect: async () => {},
    refreshMetadata() {
      asking ??= ask([...cluster.targetTopics]).finally(() => {
        asking = undefined
      })
      return asking
    },
    async addMultipleTargetTopics(topics: readonly string[]) {
      const before = new Set(cluster.targetTopics)
      for (const topic of topics) cluster.targetTopics.add(topic)
      try {
        await cluster.refreshMetadata()
      } catch (error) {
        cluster.targetTopics = before
        throw error
      }
    },
    findTopicPartitionMetadata: (topic: string) =>
      known.has(topic)
        ? Array.from({ length: PARTITIONS }, (_, partitionId) => ({ partitionId, leader: 1, partitionErrorCode: 0 }))
        : [],
  }
  return { link: new ClusterLink(cluster as unknown as KafkajsCluster), cluster, state }
}

test('topics that are asked for at the same time are all found', async () => {
  const { link, state } = clusterOf(['a', 'b', 'c'])
  const asked = ['a', 'a', 'b', 'c', 'a', 'b'].map((topic) => link.partitions(topic))
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 6 }, () => PARTITIONS))
  expect(state.questions).toBe(3)
})

test('a topic is found while others are refreshed', async () => {
  const { link } = clusterOf(['a', 'b'])
  await link.partitions('a')
  link.distrust()
  expect(await Promise.all([link.partitions('a'), link.partitions('b')])).toEqual([PARTITIONS, PARTITIONS])
})

test('only the cluster can say that a topic is missing; an answer that leaves it out is asked for again', async () => {
  await expect(clusterOf([]).link.partitions('a')).rejects.toMatchObject({ code: 'topic-missing' })
  expect(await clusterOf(['a'], 2).link.partitions('a')).toBe(PARTITIONS)
  await expect(clusterOf(['a'], 9).link.partitions('a')).rejects.toMatchObject({
    code: 'leader-missing',
    retriable: true,
  })
})

test('a topic that is gone does not hide the others', async () => {
  const { link, cluster } = clusterOf(['a', 'b'])
  await link.partitions('a')
  cluster.targetTopics.add('gone')
  expect(await link.partitions('b')).toBe(PARTITIONS)
  expect([...cluster.targetTopics]).toEqual(['a', 'b'])
  cluster.targetTopics.add('gone')
  link.distrust()
  expect(await link.partitions('a')).toBe(PARTITIONS)
  await expect(link.partitions('gone')).rejects.toMatchObject({ code: 'topic-missing' })
})

test('a topic that the first nodes asked have not heard of is found', async () => {
  const existing: string[] = []
  const { link, state } = clusterOf(existing)
  const asked = link.partitions('new')
  await expect.poll(() => state.questions).toBeGreaterThan(0)
  existing.push('new')
  expect(await asked).toBe(PARTITIONS)
})
