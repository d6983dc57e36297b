/** Reads one partition from an offset to the end that it had when asked, outside any group. */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { PartitionOffsets } from '../../ports/broker.ts'
import type { ClusterLink } from './cluster-link.ts'
import { fetchCall } from './fetch-request.ts'
import { brokerError, nodeError } from './kafka-errors.ts'
import { leaderNode, partitionSpan, withRetries } from './partition-offsets.ts'
import { type DecodedRecords, decodeRecords } from './record-batch-decoder.ts'
import type { SeenEnds } from './seen-ends.ts'

const FETCH = { waitMs: 50, answerMs: 10_000, bytesMax: 8_000_000, partitionBytesMax: 4_000_000 }
/** Answers in a row that bring nothing, though the end is not reached. */
const STALLS_MAX = 8

export interface ReadFrom {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly seen: SeenEnds
}

/** The end is asked for now, not when the first records are taken. */
export function readPartition(link: ClusterLink, at: ReadFrom): AsyncIterable<readonly LogRecord[]> {
  const { topic, partition, seen } = at
  const span = partitionSpan(link, { topic, partition, seenEnd: seen.of(topic, partition) })
  // Whoever takes the records gets the rejection; nobody may.
  span.catch(() => {})
  return readSpan(link, at, span)
}

async function* readSpan(
  link: ClusterLink,
  at: ReadFrom,
  asked: Promise<PartitionOffsets>,
): AsyncGenerator<readonly LogRecord[]> {
  const { start, end } = await asked
  at.seen.saw(at.topic, at.partition, end)
  if (at.from < start || at.from > end) throw outOfRange(at, start, end)
  let next = at.from
  let stalls = 0
  while (next < end) {
    const decoded = await withRetries(link, () => fetchOnce(link, { ...at, from: next }))
    stalls = decoded.next === next ? stalls + 1 : 0
    if (stalls > STALLS_MAX) throw stalled(at, next)
    next = decoded.next
    const records = decoded.records.filter((record) => record.offset < end)
    if (records.length > 0) yield records
  }
}

async function fetchOnce(link: ClusterLink, at: ReadFrom): Promise<DecodedRecords> {
  const node = await leaderNode(link, at.topic, at.partition)
  const [answer] = await node.connectionPool.send(fetchCall([at], FETCH))
  if (answer === undefined) return { records: [], next: at.from }
  const what = `reading ${at.topic}-${at.partition} at ${at.from}`
  if (answer.errorCode !== 0) throw nodeError(brokerError(answer.errorCode, what), what)
  return decodeRecords({ ...at, aborted: answer.aborted, bytes: answer.bytes })
}

function outOfRange({ topic, partition, from }: ReadFrom, start: bigint, end: bigint): OperationalError {
  const message = `${topic}-${partition} holds ${start} to ${end}, not ${from}`
  return new OperationalError('offset-out-of-range', message, { where: 'kafka', retriable: false })
}

function stalled({ topic, partition }: ReadFrom, next: bigint): OperationalError {
  const message = `${topic}-${partition} gives nothing at ${next}, which is before its end`
  return new OperationalError('read-stalled', message, { where: 'kafka', retriable: true })
}
