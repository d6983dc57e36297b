/** What a log inside the process is kept in: memory or a file. Everything here is synchronous and called by one owner. */
import type { OperationalError } from '../../message/errors.ts'
import type { LogRecord, NewRecord } from '../../message/record.ts'
import type { TopicDescription, TopicSpec } from '../../ports/broker.ts'

export interface Place {
  readonly topic: string
  readonly partition: number
}

/** Records that go behind the end of one partition. */
export interface PartitionWrite extends Place {
  readonly records: readonly NewRecord[]
}

export interface CheckpointWrite extends Place {
  readonly group: string
  readonly next: bigint
}

/** All that was waiting when a turn was written: kept together or not at all. */
export interface WriteTurn {
  /** At most one for each partition. */
  readonly writes: readonly PartitionWrite[]
  readonly checkpoints: readonly CheckpointWrite[]
}

export interface StoredWrite extends Place {
  readonly base: bigint
  readonly count: number
  /** The records as they are read; made when first asked for. */
  records(): readonly LogRecord[]
}

/** `stored` answers the writes in their order. */
export type WriteResult =
  | { readonly kind: 'stored'; readonly stored: readonly StoredWrite[] }
  | { readonly kind: 'refused' | 'unknown'; readonly error: OperationalError }

export interface SyncMoment {
  /** Nothing else is to be done: the event loop may as well wait for it. */
  readonly isIdle: boolean
}

export interface LogStore {
  /** Name of the adapter, as errors tell it. */
  readonly where: string
  topic(name: string): TopicDescription | undefined
  createTopic(spec: TopicSpec): void
  /** Offset of the oldest record kept. */
  start(place: Place): bigint
  /** Offset of the next record. */
  end(place: Place): bigint
  /** Never throws for what a disk can do wrong. What it has stored outlives the process. */
  write(turn: WriteTurn): WriteResult
  /**
   * Makes durable what has been stored; absent: it is, as it is stored. Once it has failed `write` refuses until all that was
   * stored has been made durable after all.
   * @throws OperationalError what the disk says
   */
  sync?(moment: SyncMoment): Promise<void>
  /** Records from an offset on that are kept: some, in order, none only at the end. Throws `log-corrupt`. */
  read(place: Place, from: bigint): readonly LogRecord[]
  checkpoint(group: string, place: Place): bigint | undefined
  close(): void
}

/** Where to read on after records that were read from an offset: in a compacted topic some between them may be gone. */
export function offsetAfter(records: readonly LogRecord[], from: bigint): bigint {
  const last = records.at(-1)
  return last ? last.offset + 1n : from
}
