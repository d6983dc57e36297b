/** Builds a view as of a time or a place of the log. */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { LogPoint } from '../../shared/ports/rebuild.ts'
import { type Beside, inGeneration } from '../../shared/view/generation.ts'
import { advancePartition, REFUSED, type RebuildPorts, recordsLeft } from './advance.ts'
import { chunksOf } from './log-chunks.ts'
import type { RebuildOptions } from './rebuild.ts'

export interface AsOf {
  /** Whose batches are taken: up to a time, milliseconds since the epoch, or up to a place of the log. */
  readonly until: LogPoint
  /** Names the generation. */
  readonly beside: Beside
}

/**
 * Builds a view as of a time or place, and leaves it beside the one that is read.
 * @throws OperationalError `no-such-place`, `as-of-later`, and as `rebuild`.
 */
export async function rebuildAsOf(
  options: Omit<RebuildOptions, 'compares' | 'keepMs'>,
  { until, beside }: AsOf,
): Promise<{ readonly records: number; readonly elapsedMs: number }> {
  const { broker, topic, builds, writer, own, clock, onProgress } = options
  const startedAt = clock.now()
  const build = inGeneration(own, beside)
  const time = 'time' in until ? until.time : await timeAt(options, until)
  const ends = await broker.offsets(topic)
  const partitions = ends.map(({ partition }) => partition)
  await builds.begin(build, partitions)
  const at = await writer.checkpoints([build], partitions)
  if (at.some((each) => each.at > time)) {
    const message = `${beside.slice(3)} is there already, and of a later time: name another, or drop it first`
    throw new OperationalError('as-of-later', message, REFUSED)
  }
  const total = recordsLeft(at, new Map(ends.map(({ partition, end }) => [partition, end])))
  let done = 0
  const onRecords = (records: number) => {
    done += records
    onProgress?.({ stage: 'building', done, total })
  }
  for (const from of at) {
    const takes = (batch: AcceptedBatch) =>
      'offset' in until && until.partition === from.partition ? batch.offset <= until.offset : batch.at <= time
    await advancePartition({ ...options, build, onRecords }, { from, takes })
  }
  return { records: done, elapsedMs: clock.now() - startedAt }
}

/** When the batch that a place is in was appended. */
async function timeAt(
  { broker, topic }: RebuildPorts,
  { partition, offset }: { readonly partition: number; readonly offset: bigint },
): Promise<number> {
  const end = (await broker.offsets(topic)).find((one) => one.partition === partition)?.end ?? 0n
  if (offset >= end) {
    const message = `partition ${partition} has no offset ${offset}: it ends at ${end}`
    throw new OperationalError('no-such-place', message, REFUSED)
  }
  const from = {
    projection: '',
    version: 0,
    partition,
    nextOffset: 0n,
    nextNumber: 1,
    commands: 0n,
    replies: 0n,
    at: 0,
  }
  let at = 0
  const takes = (batch: AcceptedBatch) => batch.offset <= offset
  for await (const batches of chunksOf({ broker, topic, from, takes })) at = batches.at(-1)?.at ?? at
  return at
}
