/** Records as every broker adapter takes and gives them: bytes, with headers in the order that they were written. */

/** A record to be appended. Text is written as UTF-8. */
export interface NewRecord {
  readonly key: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: string | Uint8Array])[]
}

/** A record as it was read. Nothing in it has been checked. */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** When the broker or producer stamped it, milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
  /** Why the adapter could not make JSON of the value, which then is as it came. */
  readonly unread?: { readonly fault: ValueFault; readonly message: string }
}

/** The record with some of it said anew. An adapter's record may be a view of bytes, of which `...record` takes only a part along. */
export function recordWith(record: LogRecord, own: Partial<LogRecord>): LogRecord {
  const { topic, partition, offset, timestamp, key, value, headers, unread } = record
  return { topic, partition, offset, timestamp, key, value, headers, ...(unread && { unread }), ...own }
}

/** What can be wrong with a value in the wire format of a schema registry. */
export type ValueFault = 'unknown-schema' | 'schema-mismatch'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8, or answers `undefined` where the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** The text of a header; the last one wins when it is repeated; `undefined` when it is absent or not UTF-8. */
export function headerOf(record: Pick<LogRecord, 'headers'>, name: string): string | undefined {
  for (let i = record.headers.length - 1; i >= 0; i--) {
    const header = record.headers[i]
    if (header?.[0] === name) return utf8(header[1])
  }
  return undefined
}

/** All headers as text; those that are not UTF-8 are left out. */
export function headersOf(record: Pick<LogRecord, 'headers'>): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of record.headers) {
    const text = utf8(value)
    if (text !== undefined) all.set(name, text)
  }
  return all
}

/** The record's key as text, or `undefined` when it has none or it is not UTF-8. */
export function keyOf(record: Pick<LogRecord, 'key'>): string | undefined {
  return record.key === null ? undefined : utf8(record.key)
}
