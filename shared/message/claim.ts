/**
 * Claim check: a value that is large is kept aside, and its record carries a claim for it instead, as its value and in a
 * header of the same text. No JSON reads like a claim, so who cannot fetch it finds a value that cannot be read, never
 * another one.
 */
import { JSON_LIMITS, type JsonLimits } from './json.ts'
import { headerOf, type LogRecord, type NewRecord, utf8 } from './record.ts'
import { recordBytes } from './record-bytes.ts'

export const CLAIM_HEADER = 'kasaga-claim'

declare const brand: unique symbol

/** SHA-256 of the content, in 64 lower-case hexadecimal digits: safe as a file's name. */
export type PayloadId = string & { readonly [brand]: 'PayloadId' }

const ID = /^[0-9a-f]{64}$/

export function isPayloadId(text: string): text is PayloadId {
  return ID.test(text)
}

export interface Claim {
  readonly id: PayloadId
  /** Length of the payload. */
  readonly bytes: number
}

/** Which values are kept aside, and up to what size. */
export interface ClaimRule {
  /** Larger values are kept aside. */
  readonly valueBytesMax: number
  /** Largest value that is taken at all. */
  readonly payloadBytesMax: number
}

/** Most that a payload has: it is in the memory of whoever reads it. */
export const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
/** What a value may have before it is kept aside, unless told otherwise. */
export const CLAIM_CHECK_BYTES = 256 * 1024
/**
 * However full a batch is, values of at most so many bytes stay in it. Above a batch's header, so that what says how the
 * log is to be read never stands elsewhere; and as many events as a decision has fit into a batch with as much each.
 */
export const LEAST_CLAIMED_BYTES = 4_096
/** Room for what an event says around the JSON that came in. */
const AROUND_BYTES = 64 * 1024
const KEYS_MAX = 200_000

const NO_STORE: JsonLimits = { ...JSON_LIMITS, hint: 'KASAGA_PAYLOADS names a store for larger values' }

const CLAIM = /^sha256:([0-9a-f]{64});([1-9]\d{0,8})$/
const CLAIM_BYTES_MIN = 'sha256:'.length + 64 + ';1'.length
const CLAIM_BYTES_MAX = CLAIM_BYTES_MIN + 8
/** A claim's header, with its frame, and its value. */
const CLAIMED_BYTES = CLAIM_HEADER.length + 2 * CLAIM_BYTES_MAX + 8
const FIRST_BYTE = 0x73

/** `sha256:<hex>;<bytes>` */
export function claimText({ id, bytes }: Claim): string {
  return `sha256:${id};${bytes}`
}

/** The claim that a record carries; nothing for any other record, at the cost of looking at the length of its value. */
export function claimOf(record: LogRecord): Claim | undefined {
  const { value } = record
  if (value === null || value.length < CLAIM_BYTES_MIN || value.length > CLAIM_BYTES_MAX) return undefined
  if (value[0] !== FIRST_BYTE) return undefined
  const text = headerOf(record, CLAIM_HEADER)
  if (text === undefined || text !== utf8(value)) return undefined
  const [, id, bytes] = CLAIM.exec(text) ?? []
  return id !== undefined && isPayloadId(id) ? { id, bytes: Number(bytes) } : undefined
}

/** The record that stands in the log in place of one whose value is kept aside. */
export function claimRecord(record: NewRecord, claim: Claim): NewRecord {
  const text = claimText(claim)
  return { key: record.key, value: text, headers: [...withoutClaim(record.headers), [CLAIM_HEADER, text]] }
}

/** The record as it was written: its value is back, and nothing says that it was elsewhere. */
export function redeemed(record: LogRecord, value: Uint8Array): LogRecord {
  // Field by field: a record that was read may be one that is decoded as it is asked, which has none of its own.
  const { topic, partition, offset, timestamp, key } = record
  return { topic, partition, offset, timestamp, key, value, headers: withoutClaim(record.headers) }
}

function withoutClaim<Header extends readonly [string, unknown]>(headers: readonly Header[]): Header[] {
  return headers.filter(([name]) => name !== CLAIM_HEADER)
}

export function valueBytes({ value }: NewRecord): number {
  return value === null ? 0 : Buffer.byteLength(value)
}

/** Whether a value has more than so many bytes; measures a text only where its length leaves it open. */
export function isLarger({ value }: NewRecord, bytesMax: number): boolean {
  if (value === null || value.length * 3 <= bytesMax) return false
  return value.length > bytesMax || (typeof value === 'string' && Buffer.byteLength(value) > bytesMax)
}

/** Bytes of the records in the log, where values of more than `valueBytesMax` are kept aside. */
export function logBytes(records: readonly NewRecord[], valueBytesMax: number): number {
  let bytes = 0
  for (const record of records) {
    if (isLarger(record, valueBytesMax))
      bytes += recordBytes({ key: record.key, value: null, headers: record.headers }) + CLAIMED_BYTES
    else bytes += recordBytes(record)
  }
  return bytes
}

/**
 * From which size on the values of one batch are kept aside: from the rule's, or from a smaller one where the batch
 * would not fit otherwise. A batch is whole or not at all, so many values that are not quite large count as well.
 */
export function valueBytesMaxFor(records: readonly NewRecord[], rule: ClaimRule, batchBytesMax: number): number {
  let bytesMax = rule.valueBytesMax
  while (bytesMax > LEAST_CLAIMED_BYTES && logBytes(records, bytesMax) > batchBytesMax)
    bytesMax = Math.max(LEAST_CLAIMED_BYTES, Math.floor(bytesMax / 4))
  return bytesMax
}

/** What JSON from outside may have, given what is kept aside. */
export function jsonLimitsFor(rule: ClaimRule | undefined): JsonLimits {
  if (rule === undefined) return NO_STORE
  const bytesMax = Math.max(JSON_LIMITS.bytesMax, rule.payloadBytesMax - AROUND_BYTES)
  return { ...JSON_LIMITS, bytesMax, keysMax: KEYS_MAX }
}
