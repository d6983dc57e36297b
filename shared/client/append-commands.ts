/**
 * Puts command records into the log. An append whose outcome is unknown is repeated with the very same records: their
 * request ids make the second one a record without an effect. What is refused, or stays unknown, is thrown.
 */
import { OperationalError } from '../message/errors.ts'
import type { NewRecord } from '../message/record.ts'
import type { AppendBatch, AppendResult, Broker } from '../ports/broker.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Place } from './place.ts'

/** Together as long as a cluster takes to notice that a broker died, and to elect others in its place: 15 s. */
export const APPEND_ATTEMPTS_MAX = 12
const RETRY_DELAY_MIN_MS = 100
const RETRY_DELAY_MAX_MS = 2_000
/** Commands in one append to one partition. */
export const BATCH_RECORDS_MAX = 500
/** Bytes of keys, values and headers in one append to one partition, well below what a broker takes. */
export const BATCH_BYTES_MAX = 900_000

export interface PlacedRecord {
  readonly partition: number
  readonly record: NewRecord
}

interface Slot {
  readonly batch: AppendBatch
  /** Where each record of the batch stands in the caller's list. */
  readonly indexes: readonly number[]
}

function bytesOf(record: NewRecord): number {
  const length = (part: string | Uint8Array | null) => (part === null ? 0 : Buffer.byteLength(part))
  const headers = record.headers.reduce((sum, [name, value]) => sum + length(name) + length(value) + 8, 0)
  return length(record.key) + length(record.value) + headers + 16
}

/** Packs records into batches, each for one partition and below the limits; order per partition is kept. */
export function packBatches(topic: string, all: readonly PlacedRecord[]): readonly Slot[] {
  const slots: { batch: { topic: string; partition: number; records: NewRecord[] }; indexes: number[] }[] = []
  const open = new Map<number, { slot: (typeof slots)[number]; bytes: number }>()
  for (const [index, { partition, record }] of all.entries()) {
    const bytes = bytesOf(record)
    let current = open.get(partition)
    if (!current || current.slot.indexes.length >= BATCH_RECORDS_MAX || current.bytes + bytes > BATCH_BYTES_MAX) {
      current = { slot: { batch: { topic, partition, records: [] }, indexes: [] }, bytes: 0 }
      open.set(partition, current)
      slots.push(current.slot)
    }
    current.slot.batch.records.push(record)
    current.slot.indexes.push(index)
    current.bytes += bytes
  }
  return slots
}

interface Outcome {
  readonly places: (Place | undefined)[]
  /** Batches whose outcome is unknown. */
  readonly open: readonly Slot[]
  readonly error: OperationalError | undefined
}

function settle(slots: readonly Slot[], results: readonly AppendResult[], places: (Place | undefined)[]): Outcome {
  const open: Slot[] = []
  let error: OperationalError | undefined
  for (const [i, slot] of slots.entries()) {
    const result = results[i]
    if (result?.kind === 'refused') throw result.error
    if (result?.kind === 'appended') {
      const { topic, partition } = slot.batch
      for (const [n, index] of slot.indexes.entries())
        places[index] = { topic, partition, offset: result.baseOffset + BigInt(n) }
    } else {
      open.push(slot)
      error = result?.error
    }
  }
  return { places, open, error }
}

/**
 * Appends the records and answers where each stands, in the order given.
 * At least once: a record may stand in the log twice.
 * @throws OperationalError `refused` by the broker, or `append-unknown` when it stayed unclear whether all are stored.
 */
export async function appendCommands(
  to: { readonly broker: Broker; readonly clock: Clock },
  topic: string,
  records: readonly PlacedRecord[],
): Promise<readonly Place[]> {
  let outcome: Outcome = { places: [], open: packBatches(topic, records), error: undefined }
  for (let attempt = 1; outcome.open.length > 0; attempt++) {
    if (attempt > APPEND_ATTEMPTS_MAX) throw staysUnknown(outcome.error)
    if (attempt > 1) await sleep(to.clock, Math.min(RETRY_DELAY_MAX_MS, RETRY_DELAY_MIN_MS * 2 ** (attempt - 2)))
    const results = await to.broker.append(outcome.open.map((slot) => slot.batch))
    const refused = results.find((result) => result.kind === 'refused')
    // An earlier attempt may stand in the log: that this one does not says nothing of it.
    if (refused && attempt > 1) throw staysUnknown(refused.error)
    outcome = settle(outcome.open, results, outcome.places)
  }
  return outcome.places.filter((place) => place !== undefined)
}

function staysUnknown(cause: OperationalError | undefined): OperationalError {
  const message = 'after all attempts it is unknown whether the command was stored; repeat it'
  return new OperationalError('append-unknown', message, { where: 'client', retriable: true, cause })
}
