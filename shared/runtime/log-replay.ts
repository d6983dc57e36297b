/** Reading a partition's log: at take-over, and again whenever an owner cannot say how its append ended. */
import { type AcceptedBatch, BatchReader } from '../message/batch.ts'
import { assert } from '../message/errors.ts'
import type { LogRecord } from '../message/record.ts'
import type { Broker } from '../ports/broker.ts'
import type { Definitions } from '../saga/definition.ts'
import { type AnyEffect, effectsIn } from './effect-record.ts'
import { type ConsumedMarks, type EndedLimits, marksOf, NOTHING_CONSUMED, PartitionState } from './partition-state.ts'
import type { Restored } from './snapshot/restore.ts'
import type { BatchPlace, SnapshotMark } from './snapshot/snapshot-mark.ts'
import { isOutside, SnapshotMisfit } from './snapshot/snapshot-shelf.ts'

/** Effects of one accepted batch. */
export interface BatchEffects extends BatchPlace {
  readonly effects: readonly AnyEffect[]
}

/**
 * What an owner stands on: the whole accepted prefix, folded, and the offset that its next batch must land on (S11).
 * `readOn` takes what has been appended since, by whomever. Begun with a snapshot it reads from the first batch whose
 * effects may not have been sent, and folds what comes after the snapshot; the log must have the batch that this stands at
 * just where it says.
 */
export class LogReplay {
  readonly state: PartitionState
  marks: ConsumedMarks = NOTHING_CONSUMED
  /** Offset that the next record of the log will have. */
  nextOffset = 0n
  sentThrough = 0
  /** Records that were read. */
  recordsRead = 0
  /** Those of them that no snapshot covers. */
  recordsUncovered = 0
  readonly #reader: BatchReader
  readonly #mark: SnapshotMark | undefined
  /** The log has been found to be the snapshot's. */
  #isProved = false
  /** Effects of accepted batches that no later batch says to have been sent. */
  #unsent: BatchEffects[] = []

  constructor(definitions: Definitions, limits: EndedLimits, snapshot?: Restored['snapshot']) {
    this.state = snapshot?.state ?? new PartitionState(definitions, limits)
    const mark = snapshot?.mark
    this.#mark = mark
    const { offset: nextOffset, number: nextNumber } = mark?.unsent ?? { offset: 0n, number: 1 }
    this.#reader = new BatchReader({ nextOffset, nextNumber })
    if (!mark) return
    this.nextOffset = nextOffset
    this.marks = mark.marks
    this.sentThrough = mark.sentThrough
  }

  /** Whether nothing has been read or restored so far. */
  get isNew(): boolean {
    return this.nextOffset === 0n && !this.#mark
  }

  /** Number of the newest accepted batch; 0 when there is none. */
  get lastNumber(): number {
    return this.#reader.nextNumber - 1
  }

  /** Effects that a new owner sends again (S10); given out once. */
  takeUnsent(): readonly BatchEffects[] {
    const unsent = this.#unsent
    this.#unsent = []
    return unsent
  }

  get voidBatches(): number {
    return this.#reader.voidBatches
  }

  /**
   * Reads from where it stands to the end that the log has now.
   * @throws SnapshotMisfit when the log is not the one that its snapshot was made of.
   */
  async readOn(broker: Broker, topic: string, partition: number): Promise<void> {
    try {
      await this.#read(broker.read(topic, partition, this.nextOffset))
    } catch (error) {
      throw this.#isUnproved && isOutside(error) ? new SnapshotMisfit('outside-the-log', error) : error
    }
    if (this.#isUnproved) throw new SnapshotMisfit('another-log')
  }

  get #isUnproved(): boolean {
    return this.#mark !== undefined && !this.#isProved
  }

  async #read(pages: AsyncIterable<readonly LogRecord[]>): Promise<void> {
    const covered = this.#mark?.standing.next ?? 0n
    for await (const records of pages) {
      for (const record of records) {
        assert(record.offset >= this.nextOffset, 'the log went back under its owner')
        this.nextOffset = record.offset + 1n
        this.recordsRead++
        if (record.offset >= covered) this.recordsUncovered++
        const batch = this.#reader.read(record)
        if (batch) this.#take(batch)
      }
    }
  }

  #take(batch: AcceptedBatch): void {
    const { header, offset } = batch
    if (!this.#isCovered(batch)) {
      this.state.replay(batch)
      this.marks = marksOf(header)
    }
    this.sentThrough = Math.max(this.sentThrough, header.sentThrough)
    const effects = batch.events.flatMap(({ decoded }) => effectsIn(decoded))
    if (effects.length > 0) this.#unsent.push({ number: header.number, offset, effects })
    const firstOpen = this.#unsent.findIndex(({ number }) => number > this.sentThrough)
    if (firstOpen !== 0) this.#unsent = firstOpen < 0 ? [] : this.#unsent.slice(firstOpen)
  }

  /** Whether the snapshot has it already. @throws SnapshotMisfit when it is not the batch that the snapshot stands at. */
  #isCovered({ header, offset, nextOffset }: AcceptedBatch): boolean {
    const standing = this.#mark?.standing
    if (!standing || header.number > standing.number) return false
    if (header.number < standing.number) return true
    const isThere = offset === standing.offset && nextOffset === standing.next && header.owner === standing.owner
    if (!isThere) throw new SnapshotMisfit('another-log')
    this.#isProved = true
    return true
  }
}
