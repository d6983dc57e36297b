/**
 * Compare-and-append. A turn of the owner appends one batch: a header record, then the turn's events. A reader accepts
 * a batch only when it is complete and its number is the next one; anything else is skipped and counted. So of two
 * writers at the same number the first to land wins, for every reader alike (S11).
 */
import { OperationalError } from './errors.ts'
import { type DecodedEvent, decodeEvent } from './event-record.ts'
import { H, rfc3339 } from './headers.ts'
import { headerOf, type LogRecord, type NewRecord, utf8 } from './record.ts'

export const BATCH_TYPE = 'kasaga.batch.v1'

/**
 * Format of the log that this version writes. 0 is that of a log which says none; from 1 on every event carries its hash.
 * It is a new number when an older version that reads on would do harm: what only adds is none.
 */
export const LOG_FORMAT = 1
/** From which format on an event without a hash is not as it was written. */
export const CHAINED_FORMAT = 1

/** What happened to the inputs that a batch consumed: each is exactly one of these (S12). */
export interface InputCounts {
  readonly applied: number
  readonly deadLettered: number
  /** By named reason. */
  readonly ignored: Readonly<Record<string, number>>
}

export interface BatchHeader {
  /** Of the log, as its writer knew it. */
  readonly format: number
  /** Version of the engine that wrote it; nothing depends on it. */
  readonly engine?: string
  /** Dense per partition: 1, 2, 3, ... */
  readonly number: number
  /** Who appended it; tells a claim's owner, and nothing more. */
  readonly owner: string
  /** How many event records follow. */
  readonly count: number
  /** Next offset to read of `commands`, after this batch. */
  readonly commands: bigint
  /** Next offset to read of `replies`, after this batch. */
  readonly replies: bigint
  /** Every effect of the batches up to this number has been sent. */
  readonly sentThrough: number
  readonly inputs: InputCounts
}

/** A header as it is written; without a format it is of a log from before there were any. */
export type NewBatchHeader = Omit<BatchHeader, 'format'> & { readonly format?: number }

export function batchRecord(header: NewBatchHeader, at: number, source: string): NewRecord {
  const value = { ...header, commands: String(header.commands), replies: String(header.replies) }
  return {
    key: null,
    value: JSON.stringify(value),
    headers: [
      [H.specversion, '1.0'],
      [H.id, `${header.owner}#${header.number}`],
      [H.type, BATCH_TYPE],
      [H.source, source],
      [H.time, rfc3339(at)],
    ],
  }
}

/**
 * The format of a batch that this version cannot read, whatever else its header says: it may say the rest in another way, and
 * the rule of acceptance may be another one.
 */
function newerFormatOf(record: LogRecord): { readonly format: number; readonly engine: string } | undefined {
  if (headerOf(record, H.type) !== BATCH_TYPE || record.value === null) return undefined
  try {
    const { format, engine } = JSON.parse(utf8(record.value) ?? '') as Record<string, unknown>
    if (!isCount(format) || format <= LOG_FORMAT) return undefined
    return { format, engine: typeof engine === 'string' ? engine : 'unknown' }
  } catch {
    return undefined
  }
}

/** Code of the trouble that a log of a newer format is: no attempt helps, only a newer version of the engine. */
export const LOG_FORMAT_NEWER = 'log-format-newer'

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isOffset(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value)
}

/** Reads a batch's header record; `undefined` when it is none or is not readable. */
export function decodeBatchHeader(record: LogRecord): BatchHeader | undefined {
  if (headerOf(record, H.type) !== BATCH_TYPE || record.value === null) return undefined
  try {
    const v = JSON.parse(utf8(record.value) ?? '') as Record<string, unknown>
    if (!isCount(v.number) || !isCount(v.count) || !isCount(v.sentThrough) || typeof v.owner !== 'string')
      return undefined
    const inputs = v.inputs as InputCounts
    if (
      !isCount(inputs?.applied) ||
      !isCount(inputs.deadLettered) ||
      !inputs.ignored ||
      typeof inputs.ignored !== 'object'
    )
      return undefined
    if (!isOffset(v.commands) || !isOffset(v.replies)) return undefined
    const { number, owner, count, sentThrough, format = 0 } = v
    if (!isCount(format)) return undefined
    const marks = { commands: BigInt(v.commands), replies: BigInt(v.replies), sentThrough }
    const writer = typeof v.engine === 'string' ? { owner, engine: v.engine } : { owner }
    return { format, number, ...writer, count, ...marks, inputs }
  } catch {
    return undefined
  }
}

export interface PlacedEvent {
  readonly offset: bigint
  /** As it was read. */
  readonly record: LogRecord
  readonly decoded: DecodedEvent
}

export interface AcceptedBatch {
  readonly header: BatchHeader
  readonly offset: bigint
  /** Offset after its last record: where a checkpoint stands once it is applied. */
  readonly nextOffset: bigint
  readonly at: number
  readonly events: readonly PlacedEvent[]
}

interface OpenBatch {
  readonly header: BatchHeader
  readonly offset: bigint
  readonly at: number
  readonly accepted: boolean
  next: bigint
  readonly events: PlacedEvent[]
}

/** Where a reader stands: with these two numbers it can go on, now or after a restart. */
export interface LogPosition {
  readonly nextOffset: bigint
  readonly nextNumber: number
}

export const LOG_START: LogPosition = { nextOffset: 0n, nextNumber: 1 }

/**
 * Reads the records of one events partition in order and gives out the accepted batches.
 * State: between batches, or inside one whose header has been read. A batch that is cut short is void.
 */
export class BatchReader {
  /** Batches that were skipped: another writer's, a repeated append, one cut short. */
  voidBatches = 0
  /** Records that belong to no batch. */
  strayRecords = 0
  #open: OpenBatch | undefined
  #nextNumber: number
  readonly #isWanted: (record: LogRecord) => boolean

  /** @param isWanted whether an event's record is given out; what is not is counted, and never decoded */
  constructor(from: LogPosition = LOG_START, isWanted: (record: LogRecord) => boolean = () => true) {
    this.#nextNumber = from.nextNumber
    this.#isWanted = isWanted
  }

  /** The number that the next accepted batch will have. */
  get nextNumber(): number {
    return this.#nextNumber
  }

  /** Whether it has read the start, and not yet the end, of a batch that it may accept. */
  get insideBatch(): boolean {
    return this.#open?.accepted ?? false
  }

  /**
   * Takes the next record; answers the batch that it completes, if it does and the batch is accepted.
   * @throws OperationalError `log-format-newer`: what follows is not for this version to judge.
   */
  read(record: LogRecord): AcceptedBatch | undefined {
    if (record.key === null) expectKnownFormat(record)
    const header = decodeBatchHeader(record)
    if (header) return this.#begin(record, header)
    const open = this.#open
    if (!open || record.offset !== open.next) {
      this.#drop()
      this.strayRecords++
      return undefined
    }
    open.next = record.offset + 1n
    if (open.accepted && this.#isWanted(record))
      open.events.push({ offset: record.offset, record, decoded: decodeEvent(record) })
    return this.#finish(open)
  }

  #begin(record: LogRecord, header: BatchHeader): AcceptedBatch | undefined {
    this.#drop()
    const accepted = header.number === this.#nextNumber
    this.#open = { header, offset: record.offset, at: record.timestamp, accepted, next: record.offset + 1n, events: [] }
    return this.#finish(this.#open)
  }

  #finish(open: OpenBatch): AcceptedBatch | undefined {
    if (open.next - open.offset - 1n < BigInt(open.header.count)) return undefined
    this.#open = undefined
    if (!open.accepted) {
      this.voidBatches++
      return undefined
    }
    this.#nextNumber++
    const { header, offset, at, events } = open
    return { header, offset, nextOffset: open.next, at, events }
  }

  #drop(): void {
    if (this.#open) this.voidBatches++
    this.#open = undefined
  }
}

function expectKnownFormat(record: LogRecord): void {
  const newer = newerFormatOf(record)
  if (!newer) return
  const { topic, partition, offset } = record
  const where = `the batch at offset ${offset} of partition ${partition} of ${topic}`
  const message = `${where} is of log format ${newer.format}, written by version ${newer.engine}; this version reads up to format ${LOG_FORMAT}: run the newer version`
  throw new OperationalError(LOG_FORMAT_NEWER, message, { where: 'log', retriable: false })
}
