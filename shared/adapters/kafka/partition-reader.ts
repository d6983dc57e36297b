/** Reads one partition from an offset to the end that it had when asked, outside any group. */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { ClusterLink } from './cluster-link.ts'
import { fetchCall } from './fetch-request.ts'
import { brokerError, classify } from './kafka-errors.ts'
import { type DecodedRecords, decodeRecords } from './record-batch-decoder.ts'

const FETCH = { waitMs: 50, answerMs: 10_000, bytesMax: 8_000_000, partitionBytesMax: 4_000_000 }
const FAILURES_MAX = 8
const FAILURE_PAUSE_MS = 100
const LATEST = -1
const EARLIEST = -2
const READ_COMMITTED = 1

export interface PartitionSpan {
  readonly start: bigint
  readonly end: bigint
}

export interface ReadFrom {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
}

/** The end is asked for now, not when the first records are taken. */
export function readPartition(link: ClusterLink, at: ReadFrom): AsyncIterable<readonly LogRecord[]> {
  const span = withRetries(link, () => spanOf(link, at))
  // Whoever takes the records gets the rejection; nobody may.
  span.catch(() => {})
  return readSpan(link, at, span)
}

async function* readSpan(
  link: ClusterLink,
  at: ReadFrom,
  asked: Promise<PartitionSpan>,
): AsyncGenerator<readonly LogRecord[]> {
  const { start, end } = await asked
  if (at.from < start || at.from > end) throw outOfRange(at, { start, end })
  let next = at.from
  let stalls = 0
  while (next < end) {
    const decoded = await withRetries(link, () => fetchOnce(link, { ...at, from: next }))
    stalls = decoded.next === next ? stalls + 1 : 0
    if (stalls > FAILURES_MAX) throw stalled(at, next)
    next = decoded.next
    const records = decoded.records.filter((record) => record.offset < end)
    if (records.length > 0) yield records
  }
}

async function fetchOnce(link: ClusterLink, at: ReadFrom): Promise<DecodedRecords> {
  const node = await leaderNode(link, at)
  const [answer] = await node.connectionPool.send(fetchCall([at], FETCH))
  if (answer === undefined) return { records: [], next: at.from }
  if (answer.errorCode !== 0) throw brokerError(answer.errorCode, `reading ${at.topic}-${at.partition} at ${at.from}`)
  return decodeRecords({ ...at, aborted: answer.aborted, bytes: answer.bytes })
}

async function spanOf(link: ClusterLink, at: ReadFrom): Promise<PartitionSpan> {
  const partitions = await link.partitions(at.topic)
  if (at.partition < 0 || at.partition >= partitions) {
    const message = `there is no partition ${at.partition} of ${at.topic}`
    throw new OperationalError('partition-missing', message, { where: 'kafka', retriable: false })
  }
  const [start, end] = await Promise.all([offsetAt(link, at, EARLIEST), offsetAt(link, at, LATEST)])
  return { start, end }
}

async function offsetAt(link: ClusterLink, { topic, partition }: ReadFrom, timestamp: number): Promise<bigint> {
  const node = await leaderNode(link, { topic, partition })
  const { responses } = await node.listOffsets({
    isolationLevel: READ_COMMITTED,
    topics: [{ topic, partitions: [{ partition, timestamp }] }],
  })
  const offset = responses[0]?.partitions[0]?.offset
  if (offset === undefined) throw brokerError(-1, `asking for the offsets of ${topic}-${partition}`)
  return BigInt(offset)
}

async function leaderNode(link: ClusterLink, { topic, partition }: Pick<ReadFrom, 'topic' | 'partition'>) {
  await link.partitions(topic)
  const leader = link.leader(topic, partition)
  if (leader === undefined) throw brokerError(5, `reading ${topic}-${partition}`)
  return link.node(leader)
}

/** Tries again, with what is known of the cluster refreshed, while the trouble is of the kind that passes. */
async function withRetries<T>(link: ClusterLink, work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      const known = classify(error, 'reading from Kafka')
      if (!known.retriable || failures >= FAILURES_MAX) throw known
      link.distrust()
      await new Promise((resolve) => setTimeout(resolve, FAILURE_PAUSE_MS))
    }
  }
}

function outOfRange({ topic, partition, from }: ReadFrom, { start, end }: PartitionSpan): OperationalError {
  const message = `${topic}-${partition} holds ${start} to ${end}, not ${from}`
  return new OperationalError('offset-out-of-range', message, { where: 'kafka', retriable: false })
}

function stalled({ topic, partition }: ReadFrom, next: bigint): OperationalError {
  const message = `${topic}-${partition} gives nothing at ${next}, which is before its end`
  return new OperationalError('read-stalled', message, { where: 'kafka', retriable: true })
}
