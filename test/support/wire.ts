/** Records as a broker gives them back. */
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'

const encoder = new TextEncoder()

export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? encoder.encode(value) : value
}

/** The record as it is read after it was appended. */
export function delivered(record: NewRecord, offset = 0n, topic = 'topic'): LogRecord {
  return {
    topic,
    partition: 0,
    offset,
    timestamp: 1_700_000_000_000,
    key: record.key === null ? null : bytesOf(record.key),
    value: record.value === null ? null : bytesOf(record.value),
    headers: record.headers.map(([name, value]) => [name, bytesOf(value)]),
  }
}

/** The record with a header said anew, or left out. */
export function withHeader(record: LogRecord, name: string, value: string | undefined): LogRecord {
  const others = record.headers.filter(([other]) => other !== name)
  return { ...record, headers: value === undefined ? others : [...others, [name, bytesOf(value)]] }
}
