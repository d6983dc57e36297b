/**
 * One append as one Kafka record batch (format 2), which a broker stores whole or not at all.
 *
 *     base offset 8 | length 4 | leader epoch 4 | magic 1 | crc 4 | attributes 2 | last offset delta 4
 *     first timestamp 8 | max timestamp 8 | producer id 8 | producer epoch 2 | base sequence 4 | count 4 | records
 */
import type { NewRecord } from '../../message/record.ts'
import { crc32c } from './crc32c.ts'
import { varbytesBytes, varintBytes, WireWriter } from './wire-writer.ts'

const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const MAGIC = 2

/** Encodes a batch, uncompressed, stamped with `now` (milliseconds since the epoch). */
export function encodeRecordBatch(records: readonly NewRecord[], now: number): Buffer {
  const writer = new WireWriter()
  const stamp = BigInt(now)
  writer.int64(0n).int32(0).int32(-1).int8(MAGIC).int32(0).int16(0)
  writer
    .int32(records.length - 1)
    .int64(stamp)
    .int64(stamp)
  writer.int64(-1n).int16(-1).int32(-1).int32(records.length)
  records.forEach((record, index) => {
    writeRecord(writer, record, index)
  })
  writer.patchUint32(LENGTH_AT, writer.length - LENGTH_AT - 4)
  const bytes = writer.done()
  writer.patchUint32(CRC_AT, crc32c(bytes.subarray(ATTRIBUTES_AT)))
  return bytes
}

function writeRecord(writer: WireWriter, record: NewRecord, index: number): void {
  let length = 2 + varintBytes(index) + varbytesBytes(record.key) + varbytesBytes(record.value)
  length += varintBytes(record.headers.length)
  for (const [name, value] of record.headers) length += framedName(name).length + varbytesBytes(value)
  // Attributes and timestamp delta are zero: one byte each.
  writer.varint(length).int8(0).varint(0).varint(index).varbytes(record.key).varbytes(record.value)
  writer.varint(record.headers.length)
  for (const [name, value] of record.headers) writer.raw(framedName(name)).varbytes(value)
}

const NAMES_KEPT_MAX = 1_000
const names = new Map<string, Uint8Array>()

/** A header's name as it is written. Most are of few: each is encoded once. */
function framedName(name: string): Uint8Array {
  const known = names.get(name)
  if (known) return known
  const framed = new WireWriter().varbytes(name).done()
  if (names.size < NAMES_KEPT_MAX) names.set(name, Uint8Array.from(framed))
  return framed
}
