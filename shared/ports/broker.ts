/**
 * The broker port: partitioned, append-only topics of records, read in groups or by offset.
 *
 * Guarantees that every adapter gives (the contract suite in test/contract checks them):
 * - One `AppendBatch` is stored whole or not at all, at contiguous offsets.
 * - Appends to one topic-partition are stored in the order of the calls.
 * - `appended` means durable under the adapter's declared settings, unless the batch says `beforeSync`. `unknown` means that it may be stored or not, now
 *   or later. `refused` means that it is not stored and never will be.
 * - A group's partition i has one member at a time, and that member has partition i of all the group's topics.
 */
import type { ClaimRule } from '../message/claim.ts'
import type { OperationalError } from '../message/errors.ts'
import type { LogRecord, NewRecord } from '../message/record.ts'

export interface AppendBatch {
  readonly topic: string
  readonly partition: number
  /** At least one record. */
  readonly records: readonly NewRecord[]
  /**
   * The answer may come before the records are durable. For who does nothing with it but append what follows from it: that
   * is lost with them, or not at all, and nobody hears of either before both are durable, but who asked for it in this way.
   */
  readonly beforeSync?: boolean
}

export type AppendResult =
  | { readonly kind: 'appended'; readonly baseOffset: bigint }
  | { readonly kind: 'unknown'; readonly error: OperationalError }
  | { readonly kind: 'refused'; readonly error: OperationalError }

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  /**
   * How long records are kept; `forever` for the log, which is never compacted either. `compacted`: the newest record of
   * each key stays, at its offset; those before it may go, at any time. One without a value may go too, after a day.
   */
  readonly retention: 'forever' | 'compacted' | { readonly days: number }
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
}

/** A setting of a topic that is not what it would have been made with, to the harm of what is in it. */
export interface TopicDrift {
  readonly topic: string
  readonly setting: string
  readonly is: string
  readonly wanted: string
  /** Records go that are to be kept for ever. */
  readonly losesLog: boolean
}

export interface PartitionOffsets {
  readonly partition: number
  /** Offset of the oldest record that is still kept. */
  readonly start: bigint
  /** Offset that the next record will get. */
  readonly end: bigint
}

export interface GroupListener {
  /** The member now owns partition i of all topics. Nothing is delivered from it until `open`. Must not block. */
  assigned(partition: number): void
  /** The member is about to lose the partition; after the promise settles nothing of it is delivered any more. */
  revoked(partition: number): Promise<void>
  /** Records in offset order, following on the last ones delivered. Must return at once: enqueue, `pause` when full. */
  records(topic: string, partition: number, records: readonly LogRecord[]): void
  /** Something that the adapter could not mend by itself: an offset out of range, a topic that is gone. */
  trouble(error: OperationalError): void
}

export interface GroupMember {
  /** Starts delivery at an offset, or moves it there; what was fetched before is not delivered. Also resumes. */
  open(topic: string, partition: number, from: bigint): void
  /** Holds delivery; a delivery that is under way may still come. */
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Keeps the checkpoint (next offset to read) of the group with the broker. */
  commit(topic: string, partition: number, next: bigint): Promise<void>
  /** The group's checkpoint, or `undefined` when none was kept. */
  committed(topic: string, partition: number): Promise<bigint | undefined>
  /** Whether the member still holds the partition, as far as it knows without asking. */
  owns(partition: number): boolean
  /** Leaves the group, revoking every partition first. Closing again does nothing more. */
  close(): Promise<void>
}

export interface GroupOptions {
  readonly group: string
  /** Co-partitioned: all have the same number of partitions, else `join` throws `not-co-partitioned`. */
  readonly topics: readonly string[]
  /** Records may come before they are durable: for who does nothing with them but append, as with a batch of that kind. */
  readonly beforeSync?: boolean
}

export interface Broker {
  /** Present where large values are kept aside: such a record takes no more of a batch than its claim does. */
  readonly claims?: ClaimRule | undefined
  /** Answers per batch, in the order given. Never throws for what a broker can do wrong. */
  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]>
  /** Joins a group; throws an `OperationalError` when a topic is missing or the topics are not co-partitioned. */
  join(options: GroupOptions, listener: GroupListener): Promise<GroupMember>
  /**
   * Reads one partition from an offset to the end that it had when the call was made, outside any group. Throws
   * `topic-missing`, or `offset-out-of-range` when the partition has no such offset: a log that shrank is noticed.
   */
  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]>
  /** Start and end of every partition of a topic; throws `topic-missing`. */
  offsets(topic: string): Promise<readonly PartitionOffsets[]>
  /** Number of partitions, from memory after the first call; throws `topic-missing`. */
  partitions(topic: string): Promise<number>
  /** Creates what is missing and leaves the rest; throws `topic-mismatch` when an existing one has another number of partitions. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>
  /** Those of the named topics that exist. */
  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]>
  /** Present where topics have settings that others can change: those of the topics that are there, and harm. */
  topicDrift?(topics: readonly TopicSpec[]): Promise<readonly TopicDrift[]>
  close(): Promise<void>
}

/** Largest record that is accepted, key, value and headers together: Kafka's default for a whole batch, less its frame. */
export const RECORD_BYTES_MAX = 1_000_000
