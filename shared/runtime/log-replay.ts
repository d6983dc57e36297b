/** Reading a partition's log: at take-over, and again whenever an owner cannot say how its append ended. */
import { type AcceptedBatch, BatchReader } from '../message/batch.ts'
import { assert } from '../message/errors.ts'
import type { Broker } from '../ports/broker.ts'
import type { Definitions } from '../saga/definition.ts'
import { type AnyEffect, effectsIn } from './effect-record.ts'
import { type ConsumedMarks, type EndedLimits, marksOf, NOTHING_CONSUMED, PartitionState } from './partition-state.ts'

/** Effects of one accepted batch. */
export interface BatchEffects {
  readonly number: number
  readonly effects: readonly AnyEffect[]
}

/**
 * What an owner stands on: the whole accepted prefix, folded, and the offset that its next batch must land on (S11).
 * `readOn` takes what has been appended since, by whomever.
 */
export class LogReplay {
  readonly state: PartitionState
  marks: ConsumedMarks = NOTHING_CONSUMED
  /** Offset that the next record of the log will have. */
  nextOffset = 0n
  sentThrough = 0
  readonly #reader = new BatchReader()
  /** Effects of accepted batches that no later batch says to have been sent. */
  #unsent: BatchEffects[] = []

  constructor(definitions: Definitions, limits: EndedLimits) {
    this.state = new PartitionState(definitions, limits)
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

  /** Reads from where it stands to the end that the log has now. */
  async readOn(broker: Broker, topic: string, partition: number): Promise<void> {
    for await (const records of broker.read(topic, partition, this.nextOffset)) {
      for (const record of records) {
        assert(record.offset >= this.nextOffset, 'the log went back under its owner')
        this.nextOffset = record.offset + 1n
        const batch = this.#reader.read(record)
        if (batch) this.#take(batch)
      }
    }
  }

  #take(batch: AcceptedBatch): void {
    this.state.replay(batch)
    this.marks = marksOf(batch.header)
    this.sentThrough = Math.max(this.sentThrough, batch.header.sentThrough)
    const effects = batch.events.flatMap(({ decoded }) => effectsIn(decoded))
    if (effects.length > 0) this.#unsent.push({ number: batch.header.number, effects })
    const firstOpen = this.#unsent.findIndex(({ number }) => number > this.sentThrough)
    if (firstOpen !== 0) this.#unsent = firstOpen < 0 ? [] : this.#unsent.slice(firstOpen)
  }
}
