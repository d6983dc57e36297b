/**
 * Writes the snapshots of one partition that this process owns.
 *
 *     off --follow--> idle --enough records have landed--> writing --its mark stands, or it failed--> idle
 *      ^                |                                     |
 *      +----stop--------+-------------------------------------+
 *
 * What is to be written is captured at once, by reference, between two turns: just what the accepted prefix of the log comes
 * to. It is made into text and appended piece by piece, between whatever else the process does. First a segment, with what
 * has changed since the last one, or with everything when the changes have grown larger than that; then the mark that
 * names it. What no mark needs any more is taken away when two more batches of its own have landed: by then it is sure that
 * the partition was its own when the mark stood.
 *
 * Guarantee: a snapshot never says what did not land, and one that fails or is late spoils no other.
 */
import { createHash } from 'node:crypto'
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { NewRecord } from '../../message/record.ts'
import type { Broker } from '../../ports/broker.ts'
import { type Clock, sleep } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { PartitionState } from '../partition-state.ts'
import {
  goneRecord,
  markRecord,
  partKeys,
  partRecord,
  type Segment,
  type SnapshotLimits,
  type SnapshotMark,
} from './snapshot-mark.ts'
import { linesOf } from './snapshot-text.ts'
import { type Captured, capture, forget } from './state-tables.ts'
import { piecesOf } from './text-pieces.ts'

export interface WriterPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** The snapshots topic; `undefined`: none are written. */
  readonly topic: string | undefined
  readonly partition: number
  /** Names this process. */
  readonly ownerId: string
  readonly source: string
  readonly limits: SnapshotLimits & { readonly snapshotEvery: number }
}

/** Where the log stands now. */
export type Moment = Pick<SnapshotMark, 'standing' | 'unsent' | 'sentThrough' | 'marks'>

/** A partition whose log has been read and claimed. */
export interface Followed {
  readonly state: PartitionState
  readonly moment: () => Moment
  /** What the state was restored from; nothing, where the whole log was read. */
  readonly segments: readonly Segment[]
  /** Keys in the topic that nobody needs once a snapshot stands. */
  readonly idle: readonly string[]
  /** Records of the log that no snapshot covers. */
  readonly records: number
}

/** Text of one record; the registry and the claim check leave it as it is. */
const PART_BYTES_MAX = 128 * 1024
/** Changes are written up to this, or to the size of all that there was. */
const CHANGES_BYTES_MIN = 1024 * 1024
const SEGMENTS_MAX = 64
const APPEND_ATTEMPTS_MAX = 5
const APPEND_PAUSE_MS = 200
/** Records in one append of those that take keys away. */
const GONE_RECORDS_MAX = 200
/** Own batches that land before anything is taken away. */
const LANDINGS_BEFORE_SWEEP = 2

export class SnapshotWriter {
  readonly #ports: WriterPorts
  #followed: Followed | undefined
  #segments: readonly Segment[] = []
  /** Not needed by a snapshot that is to come, or by the one that stands. */
  #idle: readonly string[] = []
  #sweep: readonly string[] = []
  #landings = 0
  #records = 0
  #isWriting = false
  /** Of the segment that is being written. */
  #partsBegun = 0

  constructor(ports: WriterPorts) {
    this.#ports = ports
  }

  /** Records of the log that who takes over now has to read and fold. */
  get uncovered(): number {
    return this.#records
  }

  /** The partition is its own, with this memory, from here on. */
  follow(followed: Followed): void {
    this.#followed = followed
    this.#segments = followed.segments
    this.#idle = followed.idle
    this.#sweep = []
    this.#records = followed.records
    this.#look()
  }

  /** A batch of so many records has landed just where it was decided to, and nothing is decided after it. */
  landed(records: number): void {
    this.#records += records
    this.#landings++
    if (this.#sweep.length > 0 && this.#landings >= LANDINGS_BEFORE_SWEEP) void this.#takeAway()
    this.#look()
  }

  /** The memory is not the log's any more. */
  stop(): void {
    this.#followed = undefined
  }

  #look(): void {
    const { topic, limits } = this.#ports
    const followed = this.#followed
    if (topic === undefined || limits.snapshotEvery === 0 || !followed) return
    if (this.#isWriting || this.#records < limits.snapshotEvery) return
    const isWhole = this.#mustBeWhole()
    const captured = capture(followed.state.tables, isWhole ? 'all' : 'changes')
    const { rest, unreadable } = followed.state
    const mark = { ...followed.moment(), rest, unreadable }
    this.#records = 0
    this.#isWriting = true
    void this.#write(followed, { captured, mark, isWhole }).finally(() => {
      this.#isWriting = false
    })
  }

  /** Changes must be told of something, and who restores them has no more to read than about twice what there is. */
  #mustBeWhole(): boolean {
    const [first, ...changes] = this.#segments
    if (!first || changes.length >= SEGMENTS_MAX) return true
    return changes.reduce((sum, { bytes }) => sum + bytes, 0) > Math.max(first.bytes, CHANGES_BYTES_MIN)
  }

  async #write(followed: Followed, taken: Taken): Promise<void> {
    const { clock, log, partition } = this.#ports
    const began = clock.now()
    try {
      const segment = await this.#writeSegment(followed, taken)
      if (!segment || this.#followed !== followed) return
      const segments = [...(taken.isWhole ? [] : this.#segments), ...(segment.parts > 0 ? [segment] : [])]
      await this.#append([markRecord(this.#markOf(taken, segments), this.#stamp())])
      if (this.#followed !== followed) return
      this.#stands(segments, taken)
      this.#tell(taken, segment, began)
    } catch (error) {
      if (this.#followed !== followed) return
      // What was captured is lost: the next one tells all.
      const begun = { id: this.#idOf(taken), parts: this.#partsBegun }
      this.#idle = [...this.#idle, ...this.#segments.flatMap(partKeys), ...partKeys(begun)]
      this.#segments = []
      forget(followed.state.tables)
      this.#ports.metrics.count('kasaga_snapshots_failed_total')
      log.warn('a snapshot could not be written', { partition, error: messageOf(error) })
    }
  }

  /** No other has it: a batch of that number has landed once, and was this owner's. */
  #idOf({ mark }: Taken): string {
    return `${this.#ports.ownerId}/${mark.standing.number}`
  }

  #markOf({ mark }: Taken, segments: readonly Segment[]): SnapshotMark {
    const { endedSagasMax, endedWholeMax, freeLocksMax } = this.#ports.limits
    return { ...mark, owner: this.#ports.ownerId, limits: { endedSagasMax, endedWholeMax, freeLocksMax }, segments }
  }

  /** Piece by piece; `undefined`: the partition was lost meanwhile. */
  async #writeSegment(followed: Followed, taken: Taken): Promise<Segment | undefined> {
    const { broker, clock } = this.#ports
    const id = this.#idOf(taken)
    const hash = createHash('sha256')
    let bytes = 0
    this.#partsBegun = 0
    const bytesMax = Math.min(PART_BYTES_MAX, broker.claims?.valueBytesMax ?? PART_BYTES_MAX)
    for (const piece of piecesOf(linesOf(taken.captured), bytesMax)) {
      hash.update(piece)
      bytes += piece.length
      await this.#append([partRecord(id, this.#partsBegun++, piece, this.#stamp())])
      await new Promise<void>((resolve) => clock.soon(resolve))
      if (this.#followed !== followed) return undefined
    }
    return { id, parts: this.#partsBegun, bytes, sha256: hash.digest('hex') }
  }

  #stands(segments: readonly Segment[], { isWhole }: Taken): void {
    const old = isWhole ? this.#segments.flatMap(partKeys) : []
    this.#segments = segments
    this.#sweep = [...this.#sweep, ...this.#idle, ...old]
    this.#idle = []
    this.#landings = 0
  }

  async #takeAway(): Promise<void> {
    const keys = this.#sweep
    this.#sweep = []
    try {
      for (let from = 0; from < keys.length; from += GONE_RECORDS_MAX) {
        const some = keys.slice(from, from + GONE_RECORDS_MAX)
        await this.#append(some.map((key) => goneRecord(key, this.#stamp())))
      }
    } catch (error) {
      // Who takes the partition over finds them.
      this.#ports.log.debug('old snapshots were not taken away', { error: messageOf(error) })
    }
  }

  #stamp(): { at: number; source: string } {
    return { at: this.#ports.clock.now(), source: this.#ports.source }
  }

  /** The same bytes again, where it is not known whether they landed: they stand under their own keys. */
  async #append(records: readonly NewRecord[]): Promise<void> {
    const { broker, clock, topic = '', partition } = this.#ports
    for (let attempt = 1; ; attempt++) {
      const [result] = await broker.append([{ topic, partition, records }])
      if (result?.kind === 'appended') return
      if (attempt === APPEND_ATTEMPTS_MAX) throw result?.error ?? unanswered()
      await sleep(clock, APPEND_PAUSE_MS * attempt)
    }
  }

  #tell({ isWhole, mark }: Taken, { bytes }: Segment, began: number): void {
    const { metrics, log, clock, partition } = this.#ports
    const tookMs = clock.now() - began
    metrics.count('kasaga_snapshots_total', { kind: isWhole ? 'whole' : 'changes' })
    metrics.count('kasaga_snapshot_bytes_total', {}, bytes)
    metrics.observe('kasaga_snapshot_ms', tookMs)
    log.debug('a snapshot stands', { partition, batch: mark.standing.number, whole: isWhole, bytes, tookMs })
  }
}

/** What one snapshot is made of. */
interface Taken {
  readonly captured: Captured
  readonly mark: Omit<SnapshotMark, 'owner' | 'limits' | 'segments'>
  readonly isWhole: boolean
}

function unanswered(): OperationalError {
  return new OperationalError('no-answer', 'the broker gave no answer', { where: 'snapshots', retriable: true })
}
