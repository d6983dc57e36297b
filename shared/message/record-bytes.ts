/** How large a record is, as a broker counts it. */
import type { NewRecord } from './record.ts'

/** The frame around a record and around each of its headers, generously. */
const RECORD_FRAME_BYTES = 40
const HEADER_FRAME_BYTES = 6

/** Bytes that a record takes in a batch. */
export function recordBytes({ key, value, headers }: NewRecord): number {
  let bytes = RECORD_FRAME_BYTES + measure(key) + measure(value)
  for (const [name, text] of headers) bytes += HEADER_FRAME_BYTES + name.length + measure(text)
  return bytes
}

/** UTF-8 needs at most this many bytes for a unit of a JavaScript string. */
const BYTES_PER_UNIT_MAX = 3

/** Never less than what the record's key, value and headers take, and cheap: no text is measured. */
export function contentBytesBound(record: NewRecord): number {
  let bytes = bound(record.key) + bound(record.value)
  for (const [name, value] of record.headers) bytes += name.length * BYTES_PER_UNIT_MAX + bound(value)
  return bytes
}

function bound(part: string | Uint8Array | null): number {
  if (part === null) return 0
  return typeof part === 'string' ? part.length * BYTES_PER_UNIT_MAX : part.length
}

/** What the record's key, value and headers take together. */
export function contentBytes(record: NewRecord): number {
  let bytes = measure(record.key) + measure(record.value)
  for (const [name, value] of record.headers) bytes += measure(name) + measure(value)
  return bytes
}

function measure(part: string | Uint8Array | null): number {
  if (part === null) return 0
  return typeof part === 'string' ? Buffer.byteLength(part) : part.length
}
