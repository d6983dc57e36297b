/** All that stands on one partition of the snapshots topic, and which of its snapshots can be used. */
import { messageOf } from '../../message/errors.ts'
import { keyOf, type LogRecord } from '../../message/record.ts'
import type { Broker } from '../../ports/broker.ts'
import {
  type MarkResult,
  markKey,
  partKeys,
  readMark,
  type SnapshotLimits,
  type SnapshotMark,
} from './snapshot-mark.ts'

/** Why a snapshot was not used. `none`: there is no mark. */
export type Unused =
  | 'none'
  | 'damaged'
  | 'incomplete'
  | 'other-format'
  | 'other-limits'
  | 'has-unreadable'
  | 'unreachable'
  | 'another-log'
  | 'outside-the-log'

export interface Wanted {
  readonly limits: SnapshotLimits
  /** Who asks. */
  readonly owner: string
}

const MARK = markKey('')

export class SnapshotShelf {
  /** The newest record of each key. */
  readonly #records = new Map<string, LogRecord>()

  /** @throws OperationalError when the topic cannot be read. */
  static async read(broker: Broker, topic: string, partition: number): Promise<SnapshotShelf> {
    const shelf = new SnapshotShelf()
    const start = (await broker.offsets(topic)).find((one) => one.partition === partition)?.start ?? 0n
    for await (const records of broker.read(topic, partition, start)) for (const record of records) shelf.put(record)
    return shelf
  }

  /** Takes the next record of the topic: a later one of a key stands for all before it. */
  put(record: LogRecord): void {
    const key = keyOf(record)
    if (key === undefined) return
    if (record.value === null) this.#records.delete(key)
    else this.#records.set(key, record)
  }

  /** Marks that may be used, the newest batch first; and why the others may not. */
  marks(wanted: Wanted): { readonly usable: readonly SnapshotMark[]; readonly unused: ReadonlySet<Unused> } {
    const usable: SnapshotMark[] = []
    const unused = new Set<Unused>()
    for (const read of this.allMarks()) {
      const why = read.kind === 'mark' ? misfit(read.mark, wanted) : read.kind
      if (why) unused.add(why)
      else if (read.kind === 'mark') usable.push(read.mark)
    }
    usable.sort((a, b) => b.standing.number - a.standing.number)
    return { usable, unused }
  }

  /** Every mark, whether it may be used or not. */
  *allMarks(): Generator<MarkResult> {
    for (const [key, record] of this.#records) if (key.startsWith(MARK)) yield readMark(record)
  }

  /** The bytes under a key. */
  bytes(key: string): Uint8Array | undefined {
    return this.#records.get(key)?.value ?? undefined
  }

  /**
   * Keys that a snapshot does not need. None, where another version has written here: what is its own cannot be told from
   * what is nobody's.
   */
  idle(used: SnapshotMark | undefined, unused: ReadonlySet<Unused>): string[] {
    if (unused.has('other-format')) return []
    const needed = new Set(used ? [markKey(used.owner), ...used.segments.flatMap(partKeys)] : [])
    return [...this.#records.keys()].filter((key) => !needed.has(key))
  }
}

/**
 * What cannot be folded by one process may be by another that was mended: only who found it so takes its word for it. What
 * is remembered of ended sagas depends on the limits.
 */
function misfit({ limits, unreadable, owner }: SnapshotMark, wanted: Wanted): Unused | undefined {
  const { endedSagasMax, endedWholeMax, freeLocksMax } = wanted.limits
  if (limits.endedSagasMax !== endedSagasMax || limits.endedWholeMax !== endedWholeMax) return 'other-limits'
  if (limits.freeLocksMax !== freeLocksMax) return 'other-limits'
  return unreadable > 0 && owner !== wanted.owner ? 'has-unreadable' : undefined
}

/** Whether trouble says that the log has no such place. */
export function isOutside(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'offset-out-of-range'
}

/** A snapshot that was taken up and does not fit the log. */
export class SnapshotMisfit extends Error {
  readonly why: Unused

  constructor(why: Unused, cause?: unknown) {
    super(`the snapshot cannot be used: ${cause === undefined ? why : messageOf(cause)}`, { cause })
    this.why = why
  }
}
