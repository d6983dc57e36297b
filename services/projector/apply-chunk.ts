/**
 * Applies a chunk: fold, write, take note. A projection that throws, or whose rows the database refuses, stands still
 * on that partition with an alert; the other projections and partitions go on.
 */
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import type { Projection } from '../../shared/view/projection.ts'
import { foldChunk, ProjectionFault, type Taken } from './fold-chunk.ts'
import type { ProjectorOptions } from './options.ts'
import type { PartitionFeed } from './partition-feed.ts'

type Options = Pick<ProjectorOptions, 'writer' | 'projections' | 'topic' | 'log' | 'metrics' | 'clock'>

/**
 * Answers `moved` when another projector has been faster: the feeds must load their checkpoints again.
 * @throws OperationalError (retriable) when the database is in trouble; whether the chunk was applied is then unknown.
 */
export async function applyChunk(options: Options, taken: readonly Taken[]): Promise<'applied' | 'moved'> {
  try {
    return await write(options, taken, options.projections)
  } catch (error) {
    if (!isRefusal(error)) throw error
    return applyApart(options, taken)
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof OperationalError && !error.retriable
}

/** One projection and partition at a time, to find the one whose rows are refused. */
async function applyApart(options: Options, taken: readonly Taken[]): Promise<'applied' | 'moved'> {
  for (const projection of options.projections) {
    for (const one of taken) {
      try {
        if ((await write(options, [one], [projection])) === 'moved') return 'moved'
      } catch (error) {
        if (!isRefusal(error)) throw error
        standStill(options, { projection: projection.name, feed: one.feed, error })
      }
    }
  }
  return 'applied'
}

async function write(
  options: Options,
  taken: readonly Taken[],
  projections: readonly Projection[],
): Promise<'applied' | 'moved'> {
  const chunk = foldWhatFolds(options, taken, projections)
  if (chunk.moves.length === 0) return 'applied'
  const startedAt = options.clock.now()
  if ((await options.writer.apply(chunk)) === 'moved') return 'moved'
  const now = options.clock.now()
  options.metrics.observe('kasaga_projector_apply_ms', now - startedAt)
  for (const { to } of chunk.moves) {
    const { projection, partition } = to
    taken.find(({ feed }) => feed.partition === partition)?.feed.checkpoints.set(projection, to)
    options.metrics.gauge('kasaga_projector_delay_ms', Math.max(0, now - to.at), { projection, partition })
  }
  return 'applied'
}

/** Each fault takes one projection off one partition, so this ends. */
function foldWhatFolds(options: Options, taken: readonly Taken[], projections: readonly Projection[]) {
  for (;;) {
    try {
      return foldChunk(projections, taken, options.topic)
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error
      standStill(options, { projection: error.projection, feed: error.feed, error: error.cause })
    }
  }
}

interface Fault {
  readonly projection: string
  readonly feed: PartitionFeed
  readonly error: unknown
}

function standStill({ log, metrics }: Options, { projection, feed, error }: Fault): void {
  feed.broken.add(projection)
  const { partition } = feed
  const why = messageOf(error)
  log.error('a projection is broken and stands still on a partition', { projection, partition, why, error })
  metrics.count('kasaga_projection_broken_total', { projection, partition })
}
