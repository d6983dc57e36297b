/** How large a record is, as a broker counts it. */
import type { NewRecord } from './record.ts'

/** The frame around a record and around each of its headers, generously. */
const RECORD_FRAME_BYTES = 40
const HEADER_FRAME_BYTES = 6

/** Bytes that a record takes in a batch. */
export function recordBytes({ key, value, headers }: NewRecord): number {
  let bytes = RECORD_FRAME_BYTES + lengthOf(key) + lengthOf(value)
  for (const [name, text] of headers) bytes += HEADER_FRAME_BYTES + name.length + lengthOf(text)
  return bytes
}

function lengthOf(part: string | Uint8Array | null): number {
  return part === null ? 0 : Buffer.byteLength(part)
}
