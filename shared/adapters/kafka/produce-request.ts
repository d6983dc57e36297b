import { encoded, type WireCall } from './kafkajs-internals.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

export interface ProducePart {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

export interface ProduceAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: bigint
}

export interface ProduceLimits {
  /** How long the broker waits for its replicas. */
  readonly replicasMs: number
  /** How long we wait for its answer. */
  readonly answerMs: number
}

const ALL_REPLICAS = -1

/** One Produce request (version 7) with one record batch for each of several partitions, answered per partition. */
export function produceCall(parts: readonly ProducePart[], limits: ProduceLimits): WireCall<ProduceAnswer[]> {
  return {
    request: { apiKey: 0, apiVersion: 7, apiName: 'Produce', encode: async () => encoded(encode(parts, limits)) },
    response: { decode: async (payload) => decode(payload), parse: async (answers) => answers },
    requestTimeout: limits.answerMs,
    logResponseError: false,
  }
}

function encode(parts: readonly ProducePart[], limits: ProduceLimits): Buffer {
  const writer = new WireWriter().int16(-1).int16(ALL_REPLICAS).int32(limits.replicasMs)
  const topics = Map.groupBy(parts, (part) => part.topic)
  writer.int32(topics.size)
  for (const [topic, partitions] of topics) {
    writer.string(topic).int32(partitions.length)
    for (const { partition, batch } of partitions) writer.int32(partition).int32(batch.length).raw(batch)
  }
  return writer.done()
}

function decode(payload: Buffer): ProduceAnswer[] {
  return new WireReader(payload)
    .array((reader) => {
      const topic = reader.string()
      return reader.array(() => {
        const answer = { topic, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() }
        reader.int64()
        reader.int64()
        return answer
      })
    })
    .flat()
}
