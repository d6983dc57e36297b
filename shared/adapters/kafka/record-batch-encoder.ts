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
  for (const [name, value] of record.headers) length += varbytesBytes(name) + varbytesBytes(value)
  // Attributes and timestamp delta are zero: one byte each.
  writer.varint(length).int8(0).varint(0).varint(index).varbytes(record.key).varbytes(record.value)
  writer.varint(record.headers.length)
  for (const [name, value] of record.headers) writer.varbytes(name).varbytes(value)
}

/** Bytes of a record as the limit counts them: key, value and headers. */
export function recordBytes(record: NewRecord): number {
  let bytes = sizeOf(record.key) + sizeOf(record.value)
  for (const [name, value] of record.headers) bytes += sizeOf(name) + sizeOf(value)
  return bytes
}

function sizeOf(value: string | Uint8Array | null): number {
  if (value === null) return 0
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}
