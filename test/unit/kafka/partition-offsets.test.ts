import { expect, test } from 'vitest'
import type { ClusterLink } from '../../../shared/adapters/kafka/cluster-link.ts'
import { partitionSpan } from '../../../shared/adapters/kafka/partition-offsets.ts'
import { SeenEnds } from '../../../shared/adapters/kafka/seen-ends.ts'

/** A partition whose leader says that it ends here, one answer after the other; the last one stays. */
function leaderSaying(...ends: number[]) {
  const state = { distrusted: 0 }
  let asked = 0
  const node = {
    async listOffsets({ topics }: { topics: readonly { partitions: readonly { timestamp: number }[] }[] }) {
      const isStart = topics[0]?.partitions[0]?.timestamp === -2
      const offset = isStart ? 0 : ends[Math.min(asked++, ends.length - 1)]
      return { responses: [{ partitions: [{ partition: 0, offset: String(offset) }] }] }
    },
  }
  const link = {
    partitions: async () => 1,
    leader: () => 1,
    node: async () => node,
    distrust: () => void state.distrusted++,
  }
  return { link: link as unknown as ClusterLink, state }
}

const at = (seenEnd: bigint) => ({ topic: 't', partition: 0, seenEnd })

test('an end before what has been seen is asked for again: a leader that was cut off may have said it', async () => {
  const { link, state } = leaderSaying(3, 3, 9)
  expect(await partitionSpan(link, at(9n))).toEqual({ partition: 0, start: 0n, end: 9n })
  expect(state.distrusted).toBe(2)
})

test('an end that stays before what has been seen is told as it is: a log that shrank is noticed', async () => {
  const { link } = leaderSaying(3)
  expect(await partitionSpan(link, at(9n))).toEqual({ partition: 0, start: 0n, end: 3n })
})

test('ends that have been seen only grow', () => {
  const seen = new SeenEnds()
  expect(seen.of('t', 0)).toBe(0n)
  seen.saw('t', 0, 5n)
  seen.saw('t', 0, 3n)
  seen.saw('t', 1, 1n)
  expect([seen.of('t', 0), seen.of('t', 1), seen.of('u', 0)]).toEqual([5n, 1n, 0n])
})
