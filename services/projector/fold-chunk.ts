/** Folds what was taken of several partitions into one transaction's worth of changes. */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { assert } from '../../shared/message/errors.ts'
import type { ViewCheckpoint, ViewChunk } from '../../shared/ports/view-store.ts'
import type { TableChanges } from '../../shared/view/change-set.ts'
import { changesFor, foldBatches, type Projection } from '../../shared/view/projection.ts'
import type { PartitionFeed } from './partition-feed.ts'

export interface Taken {
  readonly feed: PartitionFeed
  readonly batches: readonly AcceptedBatch[]
}

/** A projection that threw, and on which partition: a mistake of its own, which the same events would meet again. */
export class ProjectionFault extends Error {
  readonly projection: string
  readonly feed: PartitionFeed

  constructor(projection: string, feed: PartitionFeed, cause: unknown) {
    super(`the projection ${projection} threw on partition ${feed.partition}`, { cause })
    this.projection = projection
    this.feed = feed
  }
}

/** @throws ProjectionFault when a projection throws; what was taken is untouched. */
export function foldChunk(projections: readonly Projection[], taken: readonly Taken[], topic: string): ViewChunk {
  const moves: { from: ViewCheckpoint; to: ViewCheckpoint }[] = []
  const tables: TableChanges[] = []
  for (const projection of projections) {
    const into = changesFor(projection)
    for (const { feed, batches } of taken) {
      // One that stands in tables of another version is written by nobody here.
      if (feed.broken.has(projection.name) || !feed.checkpoints.has(projection.name)) continue
      const from = feed.checkpointOf(projection.name)
      const fresh = batches.filter((batch) => batch.offset >= from.nextOffset)
      const to = moved(from, fresh)
      if (!to) continue
      try {
        foldBatches(projection, fresh, { source: { topic, partition: feed.partition }, into })
      } catch (error) {
        throw new ProjectionFault(projection.name, feed, error)
      }
      moves.push({ from, to })
    }
    tables.push(...into.tables())
  }
  return { moves, tables }
}

function moved(from: ViewCheckpoint, batches: readonly AcceptedBatch[]): ViewCheckpoint | undefined {
  const [next, last] = [batches[0], batches.at(-1)]
  if (!next || !last) return undefined
  assert(next.header.number === from.nextNumber, `S11: batch ${next.header.number}, not ${from.nextNumber}`)
  const { commands, replies, number } = last.header
  return { ...from, nextOffset: last.nextOffset, nextNumber: number + 1, commands, replies, at: last.at }
}
