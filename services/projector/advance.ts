/** Building a generation of a view on, a partition at a time. */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { type Clock, sleep } from '../../shared/ports/clock.ts'
import type { ViewBuilds, ViewCheckpoint, ViewWriter } from '../../shared/ports/view-store.ts'
import { baseName } from '../../shared/view/generation.ts'
import type { Projection } from '../../shared/view/projection.ts'
import { checkpointAfter, chunkOf, chunksOf } from './log-chunks.ts'

export interface RebuildPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly writer: ViewWriter
  readonly builds: ViewBuilds
  /** `<prefix>.events` */
  readonly topic: string
}

export const MOVED_DELAY_MS = 1_000
export const REFUSED = { where: 'rebuild', retriable: false } as const

/** Records between where it stands and where it is to stand. */
export function recordsLeft(at: readonly ViewCheckpoint[], targets: ReadonlyMap<number, bigint>): number {
  return at.reduce((sum, { partition, nextOffset }) => {
    const left = Number((targets.get(partition) ?? 0n) - nextOffset)
    return sum + Math.max(0, left)
  }, 0)
}

/** Where what is built stands; empty: there is none any more, or none yet. */
export async function builtCheckpoints(builds: ViewBuilds, build: Projection): Promise<readonly ViewCheckpoint[]> {
  const all = (await builds.generations()).flatMap(({ checkpoints }) => checkpoints)
  return all.filter(({ projection, version }) => projection === build.name && version === build.version)
}

export function builtElsewhere({ name }: Projection): OperationalError {
  const message = `another process has built ${baseName(name)}, and let it take its place`
  return new OperationalError('built-elsewhere', message, REFUSED)
}

export interface AdvanceOptions extends RebuildPorts {
  readonly build: Projection
  /** Asked between two chunks. */
  readonly isStopped?: () => boolean
  onRecords(records: number): void
}

export interface AdvancePartition {
  readonly from: ViewCheckpoint
  takes(batch: AcceptedBatch): boolean
}

/**
 * Builds a partition on, and answers where it then stands. While a chunk is applied the next one is read and folded.
 * Where another process was faster it goes on from there.
 */
export async function advancePartition(
  options: AdvanceOptions,
  { from, takes }: AdvancePartition,
): Promise<ViewCheckpoint> {
  const { broker, writer, builds, clock, topic, build, onRecords, isStopped = () => false } = options
  const once = async (start: ViewCheckpoint): Promise<ViewCheckpoint | 'moved'> => {
    let at = start
    let applying: Promise<'applied' | 'moved'> = Promise.resolve('applied')
    for await (const batches of chunksOf({ broker, topic, from: start, takes })) {
      const chunk = chunkOf(build, topic, [{ from: at, batches }])
      if ((await applying) === 'moved') return 'moved'
      if (isStopped()) throw new OperationalError('rebuild-stopped', 'it was stopped', REFUSED)
      applying = writer.apply(chunk)
      // Whoever reads the log first may fail before this is awaited.
      applying.catch(() => {})
      const to = checkpointAfter(at, batches)
      onRecords(Number(to.nextOffset - at.nextOffset))
      at = to
    }
    return (await applying) === 'moved' ? 'moved' : at
  }
  let start = from
  for (;;) {
    const end = await once(start)
    if (end !== 'moved') return end
    await sleep(clock, MOVED_DELAY_MS)
    const fresh = (await builtCheckpoints(builds, build)).find(({ partition }) => partition === from.partition)
    if (!fresh) throw builtElsewhere(build)
    start = fresh
  }
}
