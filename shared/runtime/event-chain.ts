/** The hash that each event carries over itself and the event before it, of the same saga or lock (S24). */
import { hash } from 'node:crypto'
import { CHAINED_FORMAT } from '../message/batch.ts'
import { chainText } from '../message/chain-text.ts'
import { H } from '../message/headers.ts'
import { headerOf, type LogRecord, type NewRecord } from '../message/record.ts'

/** Of SHA-256 the first 128 bits, in lower-case hexadecimal digits: nobody finds another record with the same. */
const DIGITS = 32

/** `undefined`: the record is not as it was written. */
export function chainHash(before: string | undefined, record: NewRecord | LogRecord): string | undefined {
  const text = chainText(before, record)
  return text === undefined ? undefined : hash('sha256', text, 'hex').slice(0, DIGITS)
}

export interface ChainedRecords {
  readonly records: readonly NewRecord[]
  /** Hash of the newest event. */
  readonly chain: string | undefined
}

/** Gives events of one saga or lock their hashes; `before` is that of the event before them, if there is one. */
export function chained(plain: readonly NewRecord[], before: string | undefined): ChainedRecords {
  let chain = before
  const records = plain.map((record): NewRecord => {
    chain = chainHash(chain, record) ?? ''
    return { ...record, headers: [...record.headers, [H.chain, chain]] }
  })
  return { records, chain }
}

export type Link =
  /** `undefined`: the event has no hash, and none before it has. */
  | { readonly kind: 'holds'; readonly chain: string | undefined }
  /** The event is not the one that was written after the event before; `chain` is that from which the next one is judged. */
  | { readonly kind: 'broken'; readonly why: string; readonly chain: string | undefined }

/** What is known of an event before it is read. */
export interface Expected {
  /** Hash of the event before, of the same saga or lock. */
  readonly before: string | undefined
  /** Format of the log in its batch. */
  readonly format: number
}

/** Holds an event against the hash of the event before it, of the same saga or lock. */
export function linkOf({ before, format }: Expected, record: LogRecord): Link {
  const carried = headerOf(record, H.chain)
  if (carried === undefined) {
    if (before === undefined && format < CHAINED_FORMAT) return { kind: 'holds', chain: undefined }
    const why = `the event at offset ${record.offset} has lost its hash`
    return { kind: 'broken', why, chain: chainHash(before, record) }
  }
  if (carried === chainHash(before, record)) return { kind: 'holds', chain: carried }
  const why = `the hash of the event at offset ${record.offset} is not that of it after the event before: one of them was changed, or one between them is gone`
  return { kind: 'broken', why, chain: carried }
}

/** What the reader knows of a lock before the event. */
export interface LockStanding {
  /** Nobody holds it or waits for it. */
  readonly isFree: boolean
  /** It may have been forgotten here: then nothing can be said of the event. */
  readonly mayBeForgotten: boolean
}

/**
 * The same of a lock. One that is free may be forgotten by its owner, which then begins its chain anew; owners with more
 * room remember more.
 */
export function lockLinkOf(expected: Expected, record: LogRecord, standing: LockStanding): Link {
  const link = linkOf(expected, record)
  if (link.kind === 'holds' || !standing.isFree) return link
  if (expected.before === undefined && standing.mayBeForgotten) return { kind: 'holds', chain: link.chain }
  const anew = linkOf({ before: undefined, format: expected.format }, record)
  return anew.kind === 'holds' && anew.chain !== undefined ? anew : link
}
