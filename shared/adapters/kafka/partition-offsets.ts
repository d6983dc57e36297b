/** Where partitions begin and end, and the retries of what only reads. */
import { OperationalError } from '../../message/errors.ts'
import type { PartitionOffsets } from '../../ports/broker.ts'
import type { ClusterLink } from './cluster-link.ts'
import { brokerError, classify, nodeError } from './kafka-errors.ts'
import type { KafkaNode } from './kafkajs-internals.ts'

const FAILURES_MAX = 8
const DOUBTS_MAX = 5
const FAILURE_PAUSE_MS = 100
const LATEST = -1
const EARLIEST = -2

/** `all`: what the next record gets. `settled`: up to which no transaction is open, so that it can be read. */
export type EndOf = 'all' | 'settled'
const ISOLATION: Readonly<Record<EndOf, number>> = { all: 0, settled: 1 }

/** Start and end of every partition; throws `topic-missing`. */
export function topicOffsets(link: ClusterLink, topic: string): Promise<readonly PartitionOffsets[]> {
  return withRetries(link, async () => {
    const count = await link.partitions(topic)
    const partitions = Array.from({ length: count }, (_, partition) => partition)
    return offsetsOf(link, { topic, partitions, end: 'all' })
  })
}

interface Span {
  readonly topic: string
  readonly partition: number
  /** As far as it has been seen to reach: an answer that says less is asked for again, and believed in the end. */
  readonly seenEnd: bigint
}

/** Start and settled end of one partition; throws `topic-missing`, `partition-missing`. */
export function partitionSpan(link: ClusterLink, { topic, partition, seenEnd }: Span): Promise<PartitionOffsets> {
  let doubts = 0
  return withRetries(link, async () => {
    const count = await link.partitions(topic)
    if (partition >= 0 && partition < count) {
      const [span] = await offsetsOf(link, { topic, partitions: [partition], end: 'settled' })
      if (span !== undefined && (span.end >= seenEnd || ++doubts > DOUBTS_MAX)) return span
      if (span !== undefined) throw brokerError(6, `the end of ${topic}-${partition}: ${span.end} is before ${seenEnd}`)
    }
    const message = `there is no partition ${partition} of ${topic}`
    throw new OperationalError('partition-missing', message, { where: 'kafka', retriable: false })
  })
}

interface Which {
  readonly topic: string
  readonly partitions: readonly number[]
  readonly end: EndOf
}

async function offsetsOf(link: ClusterLink, which: Which): Promise<readonly PartitionOffsets[]> {
  const [starts, ends] = await Promise.all([offsetsAt(link, which, EARLIEST), offsetsAt(link, which, LATEST)])
  return which.partitions.map((partition) => {
    const [start, end] = [starts.get(partition), ends.get(partition)]
    if (start === undefined || end === undefined) throw brokerError(-1, `the offsets of ${which.topic}-${partition}`)
    return { partition, start, end }
  })
}

async function offsetsAt(link: ClusterLink, which: Which, timestamp: number): Promise<Map<number, bigint>> {
  const { topic, partitions, end } = which
  const byLeader = Map.groupBy(partitions, (partition) => link.leader(topic, partition) ?? -1)
  const answers = await Promise.all(
    [...byLeader].map(async ([leader, led]) => {
      if (leader < 0) throw brokerError(5, `the offsets of ${topic}`)
      const asked = led.map((partition) => ({ partition, timestamp }))
      const node = await link.node(leader)
      const request = { isolationLevel: ISOLATION[end], topics: [{ topic, partitions: asked }] }
      return node.listOffsets(request).catch((error: unknown) => {
        throw nodeError(error, `asking for the offsets of ${topic}`)
      })
    }),
  )
  const found = answers.flatMap(({ responses }) => responses.flatMap((response) => response.partitions))
  return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]))
}

/** The node that leads a partition; throws `topic-missing`, `leader-missing`. */
export async function leaderNode(link: ClusterLink, topic: string, partition: number): Promise<KafkaNode> {
  await link.partitions(topic)
  const leader = link.leader(topic, partition)
  if (leader === undefined) throw brokerError(5, `reading ${topic}-${partition}`)
  return link.node(leader)
}

/** Tries again, with what is known of the cluster refreshed, while the trouble is of the kind that passes. */
export async function withRetries<T>(link: ClusterLink, work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      const known = classify(error, 'reading from Kafka')
      link.distrust()
      if (!known.retriable || failures >= FAILURES_MAX) throw known
      await new Promise((resolve) => setTimeout(resolve, FAILURE_PAUSE_MS))
    }
  }
}
