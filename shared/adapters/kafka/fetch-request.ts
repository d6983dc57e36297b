import { encoded, type WireCall } from './kafkajs-internals.ts'
import type { AbortedTransaction } from './record-batch-decoder.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

export interface FetchPart {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
}

export interface FetchAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Offset up to which everything is settled: replicated, and no transaction open. */
  readonly settledEnd: bigint
  readonly aborted: readonly AbortedTransaction[]
  readonly bytes: Buffer
}

export interface FetchLimits {
  /** How long the broker waits for the first byte. */
  readonly waitMs: number
  readonly answerMs: number
  readonly bytesMax: number
  readonly partitionBytesMax: number
}

const READ_COMMITTED = 1

/** One Fetch request (version 4), answered per partition: one that fails does not hide the others. */
export function fetchCall(parts: readonly FetchPart[], limits: FetchLimits): WireCall<FetchAnswer[]> {
  return {
    request: { apiKey: 1, apiVersion: 4, apiName: 'Fetch', encode: async () => encoded(encode(parts, limits)) },
    response: { decode: async (payload) => decode(payload), parse: async (answers) => answers },
    requestTimeout: limits.answerMs,
    logResponseError: false,
  }
}

function encode(parts: readonly FetchPart[], limits: FetchLimits): Buffer {
  const writer = new WireWriter().int32(-1).int32(limits.waitMs).int32(1).int32(limits.bytesMax).int8(READ_COMMITTED)
  const topics = Map.groupBy(parts, (part) => part.topic)
  writer.int32(topics.size)
  for (const [topic, partitions] of topics) {
    writer.string(topic).int32(partitions.length)
    for (const { partition, from } of partitions) writer.int32(partition).int64(from).int32(limits.partitionBytesMax)
  }
  return writer.done()
}

function decode(payload: Buffer): FetchAnswer[] {
  const reader = new WireReader(payload)
  reader.int32()
  return reader
    .array(() => {
      const topic = reader.string()
      return reader.array(() => partitionAnswer(reader, topic))
    })
    .flat()
}

function partitionAnswer(reader: WireReader, topic: string): FetchAnswer {
  const partition = reader.int32()
  const errorCode = reader.int16()
  reader.int64()
  const settledEnd = reader.int64()
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }))
  const length = reader.int32()
  return { topic, partition, errorCode, settledEnd, aborted, bytes: reader.raw(Math.max(length, 0)) }
}
