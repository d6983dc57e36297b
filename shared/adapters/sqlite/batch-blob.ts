/**
 * How the records of one row are laid out. Integers are unsigned, 32 bits, little-endian.
 *
 *   blob    = nameCount, name*, record*         the header names of the whole row, each once
 *   name    = length, UTF-8
 *   record  = length of what follows, part(key), part(value), headerCount, header*
 *   part    = length or NULL_LENGTH, bytes
 *   header  = index of its name, length, bytes
 */
import type { LogRecord, NewRecord } from '../../message/record.ts'
import { contentBytesBound } from '../../message/record-bytes.ts'

const NULL_LENGTH = 0xffffffff
/** Integers that a record and each of its headers need, and that a name may need. */
const RECORD_FRAME_BYTES = 16
const HEADER_FRAME_BYTES = 12
/** A scratch buffer that a large row has grown beyond this is not kept. */
const SCRATCH_BYTES_MAX = 4_000_000

let scratch = Buffer.allocUnsafeSlow(1 << 16)

/** Encodes records into one blob of its own. */
export function encodeBlob(records: readonly NewRecord[]): Buffer {
  const names = nameIndexes(records)
  const buffer = withRoom(sizeBound(records))
  let at = buffer.writeUInt32LE(names.size, 0)
  for (const name of names.keys()) at = putPart(buffer, at, name)
  for (const record of records) at = putRecord(buffer, at, { record, names })
  const blob = Buffer.allocUnsafeSlow(at)
  buffer.copy(blob, 0, 0, at)
  return blob
}

function nameIndexes(records: readonly NewRecord[]): Map<string, number> {
  const names = new Map<string, number>()
  for (const record of records) {
    for (const header of record.headers) if (!names.has(header[0])) names.set(header[0], names.size)
  }
  return names
}

function sizeBound(records: readonly NewRecord[]): number {
  let bytes = 4
  for (const r of records) bytes += contentBytesBound(r) + RECORD_FRAME_BYTES + r.headers.length * HEADER_FRAME_BYTES
  return bytes
}

function withRoom(bytes: number): Buffer {
  if (bytes <= scratch.length) return scratch
  const larger = Buffer.allocUnsafeSlow(bytes)
  if (bytes <= SCRATCH_BYTES_MAX) scratch = larger
  return larger
}

interface Encoding {
  readonly record: NewRecord
  readonly names: ReadonlyMap<string, number>
}

function putRecord(buffer: Buffer, start: number, { record, names }: Encoding): number {
  let at = putPart(buffer, start + 4, record.key)
  at = putPart(buffer, at, record.value)
  at = buffer.writeUInt32LE(record.headers.length, at)
  for (const [name, value] of record.headers) {
    at = buffer.writeUInt32LE(names.get(name) ?? 0, at)
    at = putPart(buffer, at, value)
  }
  buffer.writeUInt32LE(at - start - 4, start)
  return at
}

/** Text is written first and its length after, so that it is not measured beforehand. */
function putPart(buffer: Buffer, at: number, part: string | Uint8Array | null): number {
  if (part === null) return buffer.writeUInt32LE(NULL_LENGTH, at)
  let length = part.length
  if (typeof part === 'string') length = buffer.write(part, at + 4, 'utf8')
  else buffer.set(part, at + 4)
  buffer.writeUInt32LE(length, at)
  return at + 4 + length
}

/** Where a row's records stand. */
export interface RowPlace {
  readonly topic: string
  readonly partition: number
  readonly base: bigint
  readonly count: number
  readonly timestamp: number
}

/** Answers the records of a row from its `skip`th on. Only their borders are read; the rest when it is asked for. */
export function decodeBlob(blob: Buffer, row: RowPlace, skip = 0): LogRecord[] {
  const { names, end } = decodeNames(blob)
  const records: LogRecord[] = []
  let at = end
  for (let i = 0; i < row.count; i++) {
    if (i >= skip) records.push(new StoredRecord({ blob, row, names }, row.base + BigInt(i), at + 4))
    at += 4 + blob.readUInt32LE(at)
  }
  return records
}

function decodeNames(blob: Buffer): { names: string[]; end: number } {
  const names: string[] = []
  let at = 4
  for (let left = blob.readUInt32LE(0); left > 0; left--) {
    const length = blob.readUInt32LE(at)
    names.push(blob.toString('utf8', at + 4, at + 4 + length))
    at += 4 + length
  }
  return { names, end: at }
}

interface Source {
  readonly blob: Buffer
  readonly row: RowPlace
  readonly names: readonly string[]
}

/** A record that is a view of its row's bytes: it keeps them alive, so what is kept for long is copied. */
class StoredRecord implements LogRecord {
  readonly offset: bigint
  readonly #source: Source
  readonly #at: number
  #headers: LogRecord['headers'] | undefined

  constructor(source: Source, offset: bigint, at: number) {
    this.#source = source
    this.offset = offset
    this.#at = at
  }

  get topic(): string {
    return this.#source.row.topic
  }

  get partition(): number {
    return this.#source.row.partition
  }

  get timestamp(): number {
    return this.#source.row.timestamp
  }

  get key(): Uint8Array | null {
    return part(this.#source.blob, this.#at)
  }

  get value(): Uint8Array | null {
    const { blob } = this.#source
    return part(blob, after(blob, this.#at))
  }

  get headers(): LogRecord['headers'] {
    this.#headers ??= this.#readHeaders()
    return this.#headers
  }

  #readHeaders(): LogRecord['headers'] {
    const { blob, names } = this.#source
    let at = after(blob, after(blob, this.#at))
    const count = blob.readUInt32LE(at)
    at += 4
    const headers: (readonly [string, Uint8Array])[] = []
    for (let i = 0; i < count; i++) {
      const end = after(blob, at + 4)
      headers.push([names[blob.readUInt32LE(at)] ?? '', blob.subarray(at + 8, end)])
      at = end
    }
    return headers
  }
}

function part(blob: Buffer, at: number): Uint8Array | null {
  const length = blob.readUInt32LE(at)
  return length === NULL_LENGTH ? null : blob.subarray(at + 4, at + 4 + length)
}

function after(blob: Buffer, at: number): number {
  const length = blob.readUInt32LE(at)
  return at + 4 + (length === NULL_LENGTH ? 0 : length)
}
