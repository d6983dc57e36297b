/** A row of the log and its records: what is checked before any record of it is believed. */
import { crc32 } from 'node:zlib'
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { Place } from '../in-process/log-store.ts'
import { decodeBlob } from './batch-blob.ts'
import type { BatchRow } from './log-file.ts'
import { WHERE } from './sqlite-errors.ts'

/** Covers where the bytes belong as well as the bytes. */
export function checksum(row: Omit<BatchRow, 'crc'>): number {
  return crc32(row.bytes, crc32(`${row.topic}/${row.part}/${row.base}/${row.count}/${row.timestamp}`))
}

/** The records of a row from an offset on; throws `log-corrupt` when the row is not what was written at that place. */
export function recordsOf(row: BatchRow, place: Place, from: number): LogRecord[] {
  if (row.base > from || row.base + row.count <= from) throw corrupt(place, from, 'its batch is missing')
  // A changed file may give anything in place of a column.
  const isBlob: boolean = row.bytes instanceof Uint8Array
  if (!isBlob || checksum(row) !== row.crc) throw corrupt(place, row.base, 'its bytes are not those that were written')
  const blob = Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength)
  return decodeBlob(
    blob,
    { ...place, base: BigInt(row.base), count: row.count, timestamp: row.timestamp },
    from - row.base,
  )
}

export function corrupt(place: Place, offset: number, why: string, cause?: unknown): OperationalError {
  const detail = cause === undefined ? why : `${why}: ${messageOf(cause)}`
  const message = `the log is damaged at ${place.topic}/${place.partition}, offset ${offset}: ${detail}`
  return new OperationalError('log-corrupt', message, { where: WHERE, retriable: false, cause })
}
