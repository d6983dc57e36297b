/** Kafka's record batches as records: order and repetition of headers kept, control records and aborted ones left out. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import { crc32c } from './crc32c.ts'
import { WireReader } from './wire-reader.ts'

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface FetchedRecords {
  readonly topic: string
  readonly partition: number
  /** First offset that is wanted: a batch is always answered whole. */
  readonly from: bigint
  readonly aborted: readonly AbortedTransaction[]
  readonly bytes: Buffer
}

export interface DecodedRecords {
  readonly records: readonly LogRecord[]
  /** Offset after the last whole batch, also where it held nothing to deliver; `from` when there was none. */
  readonly next: bigint
}

const MAGIC = 2
const BEFORE_LENGTH_BYTES = 12
const COMPRESSION = 0x07
const STAMPED_BY_BROKER = 0x08
const IN_TRANSACTION = 0x10
const CONTROL = 0x20
const ABORT_MARKER = 0
const NOTHING = Buffer.alloc(0)

/** Decodes the whole batches of one partition's answer; a batch that was cut off at the end is left for the next. */
export function decodeRecords(fetched: FetchedRecords): DecodedRecords {
  const reader = new WireReader(fetched.bytes)
  const records: LogRecord[] = []
  const aborted = new AbortedFilter(fetched.aborted)
  let next = fetched.from
  while (reader.left >= BEFORE_LENGTH_BYTES) {
    const baseOffset = reader.int64()
    const length = reader.int32()
    if (length > reader.left) break
    const lastDelta = decodeBatch({ fetched, baseOffset, bytes: reader.raw(length), aborted, records })
    const after = baseOffset + BigInt(lastDelta) + 1n
    if (after > next) next = after
  }
  return { records, next }
}

interface BatchAt {
  readonly fetched: FetchedRecords
  readonly baseOffset: bigint
  readonly bytes: Buffer
  readonly aborted: AbortedFilter
  readonly records: LogRecord[]
}

function decodeBatch({ fetched, baseOffset, bytes, aborted, records }: BatchAt): number {
  const head = new WireReader(bytes)
  head.int32()
  if (head.int8() !== MAGIC) throw corrupt(fetched, `a record batch at ${baseOffset} has an old format`)
  const crc = head.uint32()
  if (crc !== crc32c(bytes.subarray(head.at))) throw corrupt(fetched, `the checksum at ${baseOffset} is wrong`)
  const attributes = head.int16()
  const lastDelta = head.int32()
  const firstStamp = head.int64()
  const maxStamp = head.int64()
  const producerId = head.int64()
  head.int16()
  head.int32()
  const count = head.int32()
  const body = new WireReader(decompress(head.raw(head.left), attributes & COMPRESSION, fetched))
  if ((attributes & CONTROL) !== 0) {
    aborted.marker(producerId, () => isAbort(body))
    return lastDelta
  }
  if ((attributes & IN_TRANSACTION) !== 0 && aborted.covers(producerId, baseOffset + BigInt(lastDelta)))
    return lastDelta
  const stampedAt = (attributes & STAMPED_BY_BROKER) === 0 ? undefined : Number(maxStamp)
  for (let i = 0; i < count; i++) {
    const record = decodeRecord(body, { fetched, baseOffset, firstStamp, stampedAt })
    if (record.offset >= fetched.from) records.push(record)
  }
  return lastDelta
}

interface RecordAt {
  readonly fetched: FetchedRecords
  readonly baseOffset: bigint
  readonly firstStamp: bigint
  readonly stampedAt: number | undefined
}

function decodeRecord(body: WireReader, { fetched, baseOffset, firstStamp, stampedAt }: RecordAt): LogRecord {
  body.varint()
  body.int8()
  const timestamp = stampedAt ?? Number(firstStamp + body.varlong())
  if (stampedAt !== undefined) body.varlong()
  const offset = baseOffset + body.varlong()
  const key = body.varbytes()
  const value = body.varbytes()
  const headers: [string, Uint8Array][] = []
  for (let left = body.varint(); left > 0; left--) {
    const name = body.name()
    headers.push([name, body.varbytes() ?? NOTHING])
  }
  return { topic: fetched.topic, partition: fetched.partition, offset, timestamp, key, value, headers }
}

function isAbort(body: WireReader): boolean {
  body.varint()
  body.int8()
  body.varlong()
  body.varint()
  const key = body.varbytes()
  return key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT_MARKER
}

/** Which producers' records are inside an aborted transaction, as the batches go by in offset order. */
class AbortedFilter {
  readonly #waiting: AbortedTransaction[]
  readonly #inside = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  }

  covers(producerId: bigint, lastOffset: bigint): boolean {
    while (this.#waiting[0] !== undefined && this.#waiting[0].firstOffset <= lastOffset) {
      const begun = this.#waiting.shift()
      if (begun !== undefined) this.#inside.add(begun.producerId)
    }
    return this.#inside.has(producerId)
  }

  marker(producerId: bigint, isAbort: () => boolean): void {
    if (this.#inside.has(producerId) && isAbort()) this.#inside.delete(producerId)
  }
}

function decompress(bytes: Buffer, codec: number, fetched: FetchedRecords): Buffer {
  if (codec === 0) return bytes
  if (codec === 1) return gunzipSync(bytes)
  if (codec === 4) return zstdDecompressSync(bytes)
  const name = codec === 2 ? 'snappy' : codec === 3 ? 'lz4' : `codec ${codec}`
  const message = `${fetched.topic}-${fetched.partition} holds records in ${name}, which this adapter does not read`
  throw new OperationalError('codec-unsupported', message, { where: 'kafka', retriable: false })
}

function corrupt(fetched: FetchedRecords, why: string): OperationalError {
  const message = `${fetched.topic}-${fetched.partition}: ${why}`
  return new OperationalError('record-corrupt', message, { where: 'kafka', retriable: false })
}
