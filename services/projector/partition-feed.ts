/**
 * One partition of the log, on its way into the views: what has been read and is not yet applied.
 *
 *   loading --checkpoints read--> open --trouble, another projector was faster--> loading
 *
 * A feed reads from the lowest checkpoint of its projections; a projection that is further skips what it has.
 * Changed by the projector's loop, and by deliveries in between; nothing here waits.
 */
import { type AcceptedBatch, BatchReader, LOG_START } from '../../shared/message/batch.ts'
import { assert } from '../../shared/message/errors.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import type { ViewCheckpoint } from '../../shared/ports/view-store.ts'

export interface BufferedBatch {
  readonly batch: AcceptedBatch
  /** Of the values of its records. */
  readonly bytes: number
}

export class PartitionFeed {
  readonly partition: number
  status: 'loading' | 'open' = 'loading'
  paused = false
  /** By projection. */
  readonly checkpoints = new Map<string, ViewCheckpoint>()
  /** Projections that threw on this partition: they stand still until a restart. */
  readonly broken = new Set<string>()
  /** Next offset that is read. */
  seen = 0n
  bufferedEvents = 0
  bufferedBytes = 0
  /** Batches were taken and are being applied. */
  inFlight = false
  #reader = new BatchReader()
  #batches: BufferedBatch[] = []
  /** Of the batch that is being read. */
  #openBytes = 0
  #countedVoid = 0

  constructor(partition: number) {
    this.partition = partition
  }

  /** Forgets what was read; nothing is taken from a delivery until `open`. */
  close(): void {
    this.status = 'loading'
    this.paused = false
    this.inFlight = false
    this.#batches = []
    this.bufferedEvents = 0
    this.bufferedBytes = 0
  }

  /** Stands at the checkpoints given; answers with the offset to read from. */
  open(checkpoints: readonly ViewCheckpoint[]): bigint {
    this.checkpoints.clear()
    for (const checkpoint of checkpoints) this.checkpoints.set(checkpoint.projection, checkpoint)
    const from = this.lowest() ?? LOG_START
    this.#reader = new BatchReader(from)
    this.#openBytes = 0
    this.#countedVoid = 0
    this.seen = from.nextOffset
    this.status = 'open'
    return from.nextOffset
  }

  /** Takes a delivery. */
  read(records: readonly LogRecord[]): void {
    if (this.status !== 'open') return
    for (const record of records) {
      if (record.offset < this.seen) continue
      const batch = this.#reader.read(record)
      this.seen = record.offset + 1n
      this.#openBytes += record.value?.length ?? 0
      if (batch) this.#buffer(batch)
      if (!this.#reader.insideBatch) this.#openBytes = 0
    }
  }

  #buffer(batch: AcceptedBatch): void {
    this.#batches.push({ batch, bytes: this.#openBytes })
    this.bufferedEvents += batch.events.length
    this.bufferedBytes += this.#openBytes
  }

  /** Takes batches out, up to about so many events and bytes, and at least one batch if there is any. */
  take(eventsMax: number, bytesMax: number): BufferedBatch[] {
    let [events, bytes, count] = [0, 0, 0]
    for (const one of this.#batches) {
      if (count > 0 && (events + one.batch.events.length > eventsMax || bytes + one.bytes > bytesMax)) break
      events += one.batch.events.length
      bytes += one.bytes
      count++
    }
    this.bufferedEvents -= events
    this.bufferedBytes -= bytes
    this.inFlight = count > 0
    return this.#batches.splice(0, count)
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  /** Next offset that is not in the views: what was read is in them when nothing waits, void batches included. */
  get applied(): bigint {
    const nothingWaits = this.isEmpty && !this.inFlight && !this.#reader.insideBatch
    const settled = nothingWaits && this.broken.size < this.checkpoints.size
    return settled ? this.seen : (this.lowest()?.nextOffset ?? 0n)
  }

  /** Batches that were skipped since this was last asked. */
  newlyVoid(): number {
    const fresh = this.#reader.voidBatches - this.#countedVoid
    this.#countedVoid = this.#reader.voidBatches
    return fresh
  }

  /** The lowest checkpoint of the projections that go on; of all, when none does. */
  lowest(): ViewCheckpoint | undefined {
    const all = [...this.checkpoints.values()]
    const going = all.filter((checkpoint) => !this.broken.has(checkpoint.projection))
    return (going.length > 0 ? going : all).reduce<ViewCheckpoint | undefined>(
      (least, one) => (least === undefined || one.nextOffset < least.nextOffset ? one : least),
      undefined,
    )
  }

  checkpointOf(projection: string): ViewCheckpoint {
    const checkpoint = this.checkpoints.get(projection)
    assert(checkpoint !== undefined, `S17: ${projection} has no checkpoint on partition ${this.partition}`)
    return checkpoint
  }
}
