/**
 * A snapshot's mark: what the memory of a partition was once a batch of its log had been folded, in which segments that is
 * written, and where the log goes on from there. Without its mark a segment means nothing. A mark is its owner's own, and
 * a segment is written once under a key that no other has: so one who does not know that it lost the partition can write
 * what is old, and never make another's snapshot say something else.
 */
import { createHash } from 'node:crypto'
import { H, rfc3339 } from '../../message/headers.ts'
import { headerOf, type LogRecord, type NewRecord, utf8 } from '../../message/record.ts'
import type { ConsumedMarks, EndedLimits } from '../partition-state.ts'
import { lockFromJson, lockToJson } from './lock-json.ts'
import type { StateRest } from './state-tables.ts'

/**
 * The format that is written and read. To be raised whenever a fold of the same log comes to another state, or a state is
 * written otherwise: what was written before is then left alone, and the log is read instead.
 */
export const SNAPSHOT_FORMAT = 1

export const MARK_TYPE = 'kasaga.snapshot.v1'
export const SEGMENT_TYPE = 'kasaga.snapshot-segment.v1'
/** SHA-256 of a mark's value. */
export const HASH_HEADER = 'kasaga-sha256'

/** A batch of the log. */
export interface BatchPlace {
  readonly number: number
  /** Of its header. */
  readonly offset: bigint
}

/** The last batch that was folded: the log must have it just there, or it is another log. */
export interface Standing extends BatchPlace {
  readonly owner: string
  /** Offset after its last record. */
  readonly next: bigint
}

/** Some entries of the tables, in records of which each has a part of one text. */
export interface Segment {
  /** Names its records: nobody writes another under it. */
  readonly id: string
  readonly parts: number
  readonly bytes: number
  readonly sha256: string
}

export type SnapshotLimits = Required<EndedLimits>

export interface SnapshotMark {
  /** Who wrote it. */
  readonly owner: string
  readonly standing: Standing
  /** The first batch whose effects were not all sent; that of `standing` where all were. */
  readonly unsent: BatchPlace
  readonly sentThrough: number
  readonly marks: ConsumedMarks
  readonly rest: StateRest
  /** How many sagas and locks cannot be folded. */
  readonly unreadable: number
  /** What is remembered of ended sagas depends on them. */
  readonly limits: SnapshotLimits
  /** To be taken in this order. */
  readonly segments: readonly Segment[]
}

export function markKey(owner: string): string {
  return `mark/${owner}`
}

export function partKey(segment: string, part: number): string {
  return `segment/${segment}/${part}`
}

/** Keys of all records of a segment. */
export function partKeys({ id, parts }: Pick<Segment, 'id' | 'parts'>): string[] {
  return Array.from({ length: parts }, (_, part) => partKey(id, part))
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Stamp {
  readonly at: number
  readonly source: string
}

export function markRecord(mark: SnapshotMark, stamp: Stamp): NewRecord {
  const { rest, ...told } = mark
  const value = JSON.stringify(
    { format: SNAPSHOT_FORMAT, ...told, rest: { ...rest, forgottenLocks: lockToJson(rest.forgottenLocks) } },
    (_, item) => (typeof item === 'bigint' ? String(item) : item),
  )
  const key = markKey(mark.owner)
  const headers = headersOf(MARK_TYPE, `${mark.owner}#${mark.standing.number}`, stamp)
  return { key, value, headers: [...headers, [HASH_HEADER, sha256(value)]] }
}

export function partRecord(segment: string, part: number, value: Uint8Array, stamp: Stamp): NewRecord {
  const key = partKey(segment, part)
  return { key, value, headers: headersOf(SEGMENT_TYPE, key, stamp) }
}

/** Says of a key that it is not needed any more. */
export function goneRecord(key: string, stamp: Stamp): NewRecord {
  return { key, value: null, headers: headersOf(SEGMENT_TYPE, key, stamp) }
}

function headersOf(type: string, id: string, { at, source }: Stamp): [string, string][] {
  return [
    [H.specversion, '1.0'],
    [H.id, id],
    [H.type, type],
    [H.source, source],
    [H.time, rfc3339(at)],
  ]
}

export type MarkResult =
  | { readonly kind: 'mark'; readonly mark: SnapshotMark }
  | { readonly kind: 'other-format' | 'damaged' }

/** Reads a mark's record. Never throws. */
export function readMark(record: LogRecord): MarkResult {
  const text = record.value === null ? undefined : utf8(record.value)
  if (text === undefined || headerOf(record, H.type) !== MARK_TYPE) return { kind: 'damaged' }
  if (headerOf(record, HASH_HEADER) !== sha256(text)) return { kind: 'damaged' }
  try {
    const json = JSON.parse(text)
    return json.format === SNAPSHOT_FORMAT ? { kind: 'mark', mark: fromJson(json) } : { kind: 'other-format' }
  } catch {
    return { kind: 'damaged' }
  }
}

type Told = Omit<SnapshotMark, 'standing' | 'unsent' | 'marks' | 'rest'> & {
  readonly standing: { readonly number: number; readonly offset: string; readonly next: string; readonly owner: string }
  readonly unsent: { readonly number: number; readonly offset: string }
  readonly marks: { readonly commands: string; readonly replies: string }
  readonly rest: Omit<StateRest, 'forgottenLocks'> & { readonly forgottenLocks: unknown }
}

/** Its hash says that it is what this format writes. */
function fromJson({ standing, unsent, marks, rest, ...told }: Told): SnapshotMark {
  return {
    ...told,
    standing: { ...standing, offset: BigInt(standing.offset), next: BigInt(standing.next) },
    unsent: { ...unsent, offset: BigInt(unsent.offset) },
    marks: { commands: BigInt(marks.commands), replies: BigInt(marks.replies) },
    rest: { ...rest, forgottenLocks: lockFromJson(rest.forgottenLocks) },
  }
}
