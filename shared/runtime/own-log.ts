/**
 * One partition's log, as its owner reads and writes it: compare-and-append.
 *
 *     empty --readOn--> read to its end --claim landed just there--> claimed --append landed just there--> claimed
 *       ^                                                               |
 *       +--- forget: an append landed elsewhere, or nobody knows -------+
 *
 * What is read begins with the newest snapshot that fits the log; where there is none, with the log's first record.
 * Guarantee: what is decided on `replay` is appended at the offset where the accepted prefix ends, under the number
 * after its last one; an append is confirmed only when it landed just there (S11).
 */

import { type BatchHeader, batchRecord, LOG_FORMAT } from '../message/batch.ts'
import { assert, OperationalError } from '../message/errors.ts'
import type { NewRecord } from '../message/record.ts'
import type { Broker } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { Definitions } from '../saga/definition.ts'
import { ENGINE_VERSION } from './engine-version.ts'
import type { OrchestratorLimits } from './limits.ts'
import { LogReplay } from './log-replay.ts'
import { PartitionState } from './partition-state.ts'
import { type Restored, restore } from './snapshot/restore.ts'
import { partKeys, type Segment, type Standing } from './snapshot/snapshot-mark.ts'
import { SnapshotMisfit, type Unused } from './snapshot/snapshot-shelf.ts'
import { tellUnused } from './take-over-telemetry.ts'
import type { Turn } from './turn.ts'

export interface OwnLogPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly definitions: Definitions
  readonly limits: OrchestratorLimits
  /** Topic of the log. */
  readonly topic: string
  /** The snapshots topic; `undefined`: none are read. */
  readonly snapshots: string | undefined
  readonly partition: number
  /** Says who appended a batch. */
  readonly ownerId: string
  /** `ce_source` of what is written. */
  readonly source: string
}

/** What stands in the snapshots topic, as far as this process has to do with it. */
export interface Shelved {
  /** What the memory was restored from. */
  readonly segments: readonly Segment[]
  /** Keys that nobody needs once another snapshot stands. */
  readonly idle: readonly string[]
}

const NOTHING_SHELVED: Shelved = { segments: [], idle: [] }

const WRITER = { format: LOG_FORMAT, engine: ENGINE_VERSION }
const NO_INPUTS: BatchHeader['inputs'] = { applied: 0, deadLettered: 0, ignored: {} }

export class OwnLog {
  readonly #ports: OwnLogPorts
  #replay: LogReplay
  #number = 0
  /** Up to which batch the log itself says that effects are sent. */
  #noted = 0
  /** End of the log as it was last seen: before it there is no way back. */
  #seenEnd = 0n
  #shelved = NOTHING_SHELVED
  /** The newest batch of its own. */
  #standing: Standing | undefined
  readonly #trouble: OngoingTrouble

  constructor(ports: OwnLogPorts) {
    this.#ports = ports
    this.#trouble = new OngoingTrouble(ports, {
      met: 'an append was not confirmed',
      over: 'appends are confirmed again',
    })
    this.#replay = this.#emptyReplay()
  }

  /** The whole accepted prefix, folded, as far as it has been read and written. */
  get replay(): LogReplay {
    return this.#replay
  }

  /** Number of the newest batch of its own. */
  get number(): number {
    return this.#number
  }

  get shelved(): Shelved {
    return this.#shelved
  }

  /** The newest batch of its own, which the replay has come to; there is one once it is claimed. */
  get standing(): Standing {
    assert(this.#standing !== undefined, 'a log that is not claimed stands nowhere')
    return this.#standing
  }

  /** Drops all state: what was decided on it may stand in the log or not. */
  forget(): void {
    this.#replay = this.#emptyReplay()
  }

  /** @throws OperationalError `log-shrank`, not retriable, when the log ends before where it was seen to end. */
  async readOn(): Promise<void> {
    const { broker, topic, partition } = this.#ports
    if (this.#replay.isNew) await this.#restore()
    try {
      await this.#replay.readOn(broker, topic, partition)
    } catch (error) {
      if (!(error instanceof SnapshotMisfit)) throw error
      this.#startOver(error.why)
      await this.#replay.readOn(broker, topic, partition)
    }
    const end = this.#replay.nextOffset
    if (end < this.#seenEnd) throw shrunken(partition, end, this.#seenEnd)
    this.#seenEnd = end
  }

  /** Appends an empty batch: what is in flight from the owner before is void from there. `false`: read on, and claim again. */
  async claim(): Promise<boolean> {
    const { sentThrough, lastNumber } = this.#replay
    return this.#appendOwn(lastNumber + 1, sentThrough, [this.#emptyBatch(lastNumber + 1, sentThrough)])
  }

  /** Appends a turn's batch; answers its number once it stands just where it was decided to, or nothing. */
  async append(turn: Turn, sentThrough: number): Promise<number | undefined> {
    const { clock, ownerId, source } = this.#ports
    const number = this.#number + 1
    const records = batchOf(turn, { number, owner: ownerId, sentThrough }, { at: clock.now(), source })
    if (!(await this.#appendOwn(number, sentThrough, records))) return undefined
    this.#replay.marks = turn.marks
    return number
  }

  /**
   * Whether the partition is still its own: an empty batch lands where the accepted prefix ends. Asked before what cannot be
   * taken back: one who was paused through a take-over would bury records that are good, and that it only cannot place.
   */
  async confirm(sentThrough: number): Promise<boolean> {
    const number = this.#number + 1
    return this.#appendOwn(number, sentThrough, [this.#emptyBatch(number, sentThrough)])
  }

  /** A last empty batch, so that the next owner does not send again what has been sent. */
  async noteSent(through: number): Promise<void> {
    if (through > this.#noted) await this.#append([this.#emptyBatch(this.#number + 1, through)])
  }

  async #restore(): Promise<void> {
    const { snapshots: topic, partition, limits, definitions, ownerId: owner } = this.#ports
    if (topic === undefined) return
    const empty = () => new PartitionState(definitions, limits)
    const found = await restore({ ...this.#ports, topic, owner, empty })
    const { snapshot, unused, idle } = found
    this.#shelved = { segments: snapshot?.mark.segments ?? [], idle }
    this.#replay = this.#emptyReplay(snapshot)
    tellUnused(this.#ports, partition, unused)
  }

  /** The snapshot was not this log's: all of it is read. */
  #startOver(why: Unused): void {
    const { segments, idle } = this.#shelved
    this.#shelved = { segments: [], idle: [...idle, ...segments.flatMap(partKeys)] }
    this.#replay = this.#emptyReplay()
    tellUnused(this.#ports, this.#ports.partition, [why])
  }

  #emptyReplay(snapshot?: Restored['snapshot']): LogReplay {
    return new LogReplay(this.#ports.definitions, this.#ports.limits, snapshot)
  }

  #emptyBatch(number: number, sentThrough: number): NewRecord {
    const { clock, ownerId, source } = this.#ports
    const header = {
      ...WRITER,
      number,
      owner: ownerId,
      sentThrough,
      count: 0,
      inputs: NO_INPUTS,
      ...this.#replay.marks,
    }
    return batchRecord(header, clock.now(), source)
  }

  /** Appends a batch and, where it landed just where it had to, notes that it stands there. */
  async #appendOwn(number: number, sentThrough: number, records: readonly NewRecord[]): Promise<boolean> {
    const offset = this.#replay.nextOffset
    if (!(await this.#append(records))) return false
    this.#number = number
    this.#noted = sentThrough
    this.#standing = { number, offset, next: this.#replay.nextOffset, owner: this.#ports.ownerId }
    return true
  }

  /** Whether the batch landed just where the accepted prefix ends. */
  async #append(records: readonly NewRecord[]): Promise<boolean> {
    const { broker, topic, partition } = this.#ports
    const expected = this.#replay.nextOffset
    const [result] = await broker.append([{ topic, partition, records, beforeSync: true }])
    if (result?.kind !== 'appended') {
      const code = result?.error.code ?? 'no-answer'
      this.#trouble.met(code, { partition, outcome: result?.kind, error: result?.error.message })
      return false
    }
    this.#trouble.over({ partition })
    if (result.baseOffset !== expected) return false
    this.#replay.nextOffset = expected + BigInt(records.length)
    this.#seenEnd = this.#replay.nextOffset
    return true
  }
}

function shrunken(partition: number, end: bigint, seenEnd: bigint): OperationalError {
  const message = `the log of partition ${partition} ends at ${end} and has been seen to end at ${seenEnd}`
  return new OperationalError('log-shrank', message, { where: 'owner', retriable: false })
}

/** The batch of a turn: its header, then its events. */
export function batchOf(
  turn: Turn,
  header: Pick<BatchHeader, 'number' | 'owner' | 'sentThrough'>,
  stamp: { at: number; source: string },
): NewRecord[] {
  const full = { ...WRITER, ...header, ...turn.marks, count: turn.events.length, inputs: turn.inputs }
  return [batchRecord(full, stamp.at, stamp.source), ...turn.events]
}
