/** Fills the memory of a partition from what stands in the snapshots topic: the newest snapshot that is there whole. */
import { createHash } from 'node:crypto'
import { OperationalError } from '../../message/errors.ts'
import type { Broker } from '../../ports/broker.ts'
import { type Clock, sleep } from '../../ports/clock.ts'
import type { PartitionState } from '../partition-state.ts'
import { partKeys, type Segment, type SnapshotLimits, type SnapshotMark } from './snapshot-mark.ts'
import { SnapshotShelf, type Unused } from './snapshot-shelf.ts'
import { SnapshotText } from './snapshot-text.ts'
import { apply, type Captured } from './state-tables.ts'

export interface RestorePorts {
  readonly broker: Broker
  readonly clock: Clock
  /** The snapshots topic. */
  readonly topic: string
  readonly partition: number
  readonly limits: SnapshotLimits
  /** Who asks. */
  readonly owner: string
  /** Memory with nothing in it. */
  readonly empty: () => PartitionState
}

export interface Restored {
  /** The memory as it was at the mark; `undefined`: there is no snapshot that can be used. */
  readonly snapshot: { readonly state: PartitionState; readonly mark: SnapshotMark } | undefined
  /** Why snapshots were left alone; without `snapshot` at least one. */
  readonly unused: readonly Unused[]
  /** Keys that nobody needs once another snapshot stands. */
  readonly idle: readonly string[]
}

const READ_ATTEMPTS_MAX = 3
const READ_PAUSE_MS = 200

/** Never throws for what stands in the topic, or for a topic that cannot be read: the log says it all. */
export async function restore(ports: RestorePorts): Promise<Restored> {
  const shelf = await readShelf(ports)
  if (!shelf) return { snapshot: undefined, unused: ['unreachable'], idle: [] }
  const { usable, unused: misfits } = shelf.marks(ports)
  const unused = new Set(misfits)
  for (const mark of usable) {
    const filled = await fill(ports, shelf, mark)
    if (typeof filled !== 'string')
      return { snapshot: { state: filled, mark }, unused: [...unused], idle: shelf.idle(mark, unused) }
    unused.add(filled)
  }
  if (unused.size === 0) unused.add('none')
  return { snapshot: undefined, unused: [...unused], idle: shelf.idle(undefined, unused) }
}

async function readShelf({ broker, clock, topic, partition }: RestorePorts): Promise<SnapshotShelf | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await SnapshotShelf.read(broker, topic, partition)
    } catch (error) {
      const mayPass = error instanceof OperationalError && error.retriable
      if (!mayPass || attempt === READ_ATTEMPTS_MAX) return undefined
      await sleep(clock, READ_PAUSE_MS)
    }
  }
}

async function fill(ports: RestorePorts, shelf: SnapshotShelf, mark: SnapshotMark): Promise<PartitionState | Unused> {
  const state = ports.empty()
  for (const segment of mark.segments) {
    // Others of the process have their turns while a large one is read.
    const captured = await entriesOf(shelf, segment, () => new Promise((resolve) => ports.clock.soon(resolve)))
    if (typeof captured === 'string') return captured
    apply(state.tables, captured)
  }
  state.filled(mark.rest)
  return state
}

/** The entries of a segment, once all of it is known to be as it was written; `pause` between its parts. */
export async function entriesOf(
  shelf: SnapshotShelf,
  segment: Segment,
  pause: () => Promise<void>,
): Promise<Captured | 'incomplete' | 'damaged'> {
  const hash = createHash('sha256')
  const text = new SnapshotText()
  try {
    for (const key of partKeys(segment)) {
      const bytes = shelf.bytes(key)
      if (!bytes) return 'incomplete'
      hash.update(bytes)
      text.push(bytes)
      await pause()
    }
    text.end()
  } catch {
    return 'damaged'
  }
  return hash.digest('hex') === segment.sha256 ? text.captured : 'damaged'
}
