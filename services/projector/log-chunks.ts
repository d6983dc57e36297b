/** Reads a partition of the log, outside any group, in chunks that one transaction takes. */
import { type AcceptedBatch, BatchReader } from '../../shared/message/batch.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { ViewCheckpoint, ViewChunk } from '../../shared/ports/view-store.ts'
import { changesFor, foldBatches, type Projection } from '../../shared/view/projection.ts'

export interface ChunkLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

/** What one transaction of a rebuild takes, about: a batch is never cut. */
export const CHUNK: ChunkLimits = { eventsMax: 10_000, bytesMax: 32_000_000 }

export interface ChunksOf {
  readonly broker: Broker
  readonly topic: string
  readonly from: ViewCheckpoint
  /** Whether a batch is still to be taken; nothing is read beyond the first that is not. */
  takes(batch: AcceptedBatch): boolean
  readonly limits?: ChunkLimits
}

/** Accepted batches from a checkpoint on, some at a time. */
export async function* chunksOf({
  broker,
  topic,
  from,
  takes,
  limits = CHUNK,
}: ChunksOf): AsyncGenerator<AcceptedBatch[]> {
  const reader = new BatchReader(from)
  let batches: AcceptedBatch[] = []
  let [events, bytes] = [0, 0]
  for await (const records of broker.read(topic, from.partition, from.nextOffset))
    for (const record of records) {
      const batch = reader.read(record)
      bytes += record.value?.length ?? 0
      if (!batch) continue
      if (!takes(batch)) {
        if (batches.length > 0) yield batches
        return
      }
      batches.push(batch)
      events += batch.events.length
      if (events < limits.eventsMax && bytes < limits.bytesMax) continue
      yield batches
      batches = []
      events = 0
      bytes = 0
    }
  if (batches.length > 0) yield batches
}

/** Where a checkpoint stands once these are applied. */
export function checkpointAfter(from: ViewCheckpoint, batches: readonly AcceptedBatch[]): ViewCheckpoint {
  const last = batches.at(-1)
  if (!last) return from
  const { commands, replies, number } = last.header
  return { ...from, nextOffset: last.nextOffset, nextNumber: number + 1, commands, replies, at: last.at }
}

export interface TakenBatches {
  readonly from: ViewCheckpoint
  readonly batches: readonly AcceptedBatch[]
}

/** Folds batches of some partitions into one transaction's worth of changes. */
export function chunkOf(build: Projection, topic: string, taken: readonly TakenBatches[]): ViewChunk {
  const into = changesFor(build)
  for (const { from, batches } of taken)
    foldBatches(build, batches, { source: { topic, partition: from.partition }, into })
  const moves = taken
    .filter(({ batches }) => batches.length > 0)
    .map(({ from, batches }) => ({ from, to: checkpointAfter(from, batches) }))
  return { moves, tables: into.tables() }
}
