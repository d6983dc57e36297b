/**
 * Sends the effects of confirmed batches, at least once and in order per destination. One append is out per topic;
 * what comes meanwhile goes with the next, so load makes appends grow.
 *
 * State per topic: idle, or sending. An append that is refused or unknown is tried again with the same bytes, for ever:
 * its batch is not marked as sent until then, and a new owner would send it again (S10, L2).
 */
import { messageOf, OperationalError } from '../message/errors.ts'
import { partitionOf } from '../message/murmur2.ts'
import type { NewRecord } from '../message/record.ts'
import { recordBytes } from '../message/record-bytes.ts'
import type { AppendBatch, AppendResult, Broker } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { OrchestratorLimits } from './limits.ts'

export interface Outgoing {
  readonly topic: string
  readonly key: string
  readonly record: NewRecord
  /** Called once, when the record is known to be stored. */
  readonly sent: () => void
}

/** How much may be pending at most. */
type Room = Pick<OrchestratorLimits, 'pendingEffectsMax' | 'pendingEffectBytesMax'>

/** One that is not known to be stored, and how large its record is. */
interface Pending extends Outgoing {
  readonly bytes: number
}

interface Destination {
  readonly topic: string
  /** Waiting records, in order. Those that failed are put back in front. */
  waiting: Pending[]
  sending: boolean
  failures: number
  readonly trouble: OngoingTrouble
}

interface Ports {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

const APPEND_RECORDS_MAX = 500
/** Below what a broker takes as one batch, should all go to one partition. */
const APPEND_BYTES_MAX = 900_000
const RETRY_DELAY_MS_MAX = 2_000
const TEXTS = { met: 'commands could not be sent; trying again', over: 'commands are sent again' }

export class EffectSender {
  readonly #ports: Ports
  readonly #destinations = new Map<string, Destination>()
  #waiters: (Room & { readonly then: () => void })[] = []
  #pending = 0
  #pendingBytes = 0
  #closed = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Records that are not known to be stored. */
  get pending(): number {
    return this.#pending
  }

  /** Whether there are fewer of them than that. */
  hasRoom({ pendingEffectsMax, pendingEffectBytesMax }: Room): boolean {
    return this.#pending < pendingEffectsMax && this.#pendingBytes < pendingEffectBytesMax
  }

  send(outgoing: Outgoing): void {
    let destination = this.#destinations.get(outgoing.topic)
    if (!destination) {
      const trouble = new OngoingTrouble(this.#ports, TEXTS)
      destination = { topic: outgoing.topic, waiting: [], sending: false, failures: 0, trouble }
      this.#destinations.set(outgoing.topic, destination)
    }
    const bytes = recordBytes(outgoing.record)
    this.#pending++
    this.#pendingBytes += bytes
    destination.waiting.push({ ...outgoing, bytes })
    this.#flush(destination)
  }

  /** Calls back once, when there is room. */
  whenRoom(room: Room, then: () => void): void {
    this.#waiters.push({ ...room, then })
  }

  /** Stops sending: what is left is sent by the next owner. */
  close(): void {
    this.#closed = true
  }

  #flush(destination: Destination): void {
    if (destination.sending || destination.waiting.length === 0 || this.#closed) return
    destination.sending = true
    // Effects of other partitions' batches, confirmed in the same moment, go with this append.
    this.#ports.clock.soon(() => void this.#append(destination))
  }

  async #append(destination: Destination): Promise<void> {
    const taken = destination.waiting.splice(0, fitting(destination.waiting))
    const failed = await this.#appendAll(destination, taken)
    destination.sending = false
    if (failed.length > 0) {
      destination.waiting = [...failed, ...destination.waiting]
      this.#retryLater(destination)
    } else {
      destination.failures = 0
      destination.trouble.over({ topic: destination.topic })
      this.#flush(destination)
    }
    this.#tellWaiters()
  }

  #tellWaiters(): void {
    const ready = this.#waiters.filter((waiter) => this.hasRoom(waiter))
    if (ready.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { then } of ready) then()
  }

  /** Appends the records, grouped by partition; answers those that are not known to be stored, in order. */
  async #appendAll({ topic, trouble }: Destination, taken: readonly Pending[]): Promise<readonly Pending[]> {
    const { broker } = this.#ports
    try {
      const partitions = await broker.partitions(topic)
      const groups = groupByPartition(taken, partitions)
      const results = await broker.append(groups.map(({ partition, records }) => batchOf(topic, partition, records)))
      return groups.flatMap((group, i) => this.#settled(group.records, results[i], trouble))
    } catch (error) {
      trouble.met(error instanceof OperationalError ? error.code : 'bug', { topic, error: messageOf(error) })
      return taken
    }
  }

  #settled(records: readonly Pending[], result: AppendResult | undefined, trouble: OngoingTrouble): readonly Pending[] {
    if (result?.kind !== 'appended') {
      const fields = { topic: records[0]?.topic, outcome: result?.kind, error: result?.error.message }
      trouble.met(result?.error.code ?? 'no-answer', fields)
      return records
    }
    this.#pending -= records.length
    for (const { bytes } of records) this.#pendingBytes -= bytes
    for (const { sent } of records) sent()
    return []
  }

  #retryLater(destination: Destination): void {
    const { clock, metrics } = this.#ports
    metrics.count('kasaga_effect_retries_total', { topic: destination.topic })
    const delayMs = Math.min(RETRY_DELAY_MS_MAX, 20 * 2 ** Math.min(destination.failures++, 10))
    clock.schedule(delayMs, () => this.#flush(destination))
  }
}

/** How many of the waiting records one append takes: at least one. */
function fitting(waiting: readonly Pending[]): number {
  let bytes = 0
  const most = Math.min(waiting.length, APPEND_RECORDS_MAX)
  for (let i = 0; i < most; i++) {
    bytes += waiting[i]?.bytes ?? 0
    if (bytes > APPEND_BYTES_MAX) return Math.max(1, i)
  }
  return most
}

interface PartitionRecords {
  readonly partition: number
  readonly records: Pending[]
}

function groupByPartition(pending: readonly Pending[], partitions: number): PartitionRecords[] {
  const groups = new Map<number, PartitionRecords>()
  for (const one of pending) {
    const partition = partitionOf(one.key, partitions)
    const group = groups.get(partition)
    if (group) group.records.push(one)
    else groups.set(partition, { partition, records: [one] })
  }
  return [...groups.values()]
}

function batchOf(topic: string, partition: number, records: readonly Outgoing[]): AppendBatch {
  return { topic, partition, records: records.map((outgoing) => outgoing.record), beforeSync: true }
}
