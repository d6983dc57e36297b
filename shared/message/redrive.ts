/**
 * Dead letters that are put back where they came from.
 *
 * A letter keeps its place in the topic for its name, and nothing of it is ever changed. That it was put back is a note
 * behind it; where it fails again it is another letter, which counts how often that was.
 */
import { H } from './headers.ts'
import { headerOf, keyOf, type LogRecord, type NewRecord } from './record.ts'
import type { KasagaTopics } from './topics.ts'

/** A dead letter, as its headers tell of it. */
export interface DeadLetter {
  readonly place: LetterPlace
  /** From the documented list. */
  readonly reason: string
  readonly message: string
  /** Who gave up on it. */
  readonly service: string
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: bigint }
  /** RFC 3339. */
  readonly failedAt: string
  /** How often it has been put back before. */
  readonly redrives: number
  /** Its value stands only where it came from. */
  readonly isValueOmitted: boolean
  /** The record's key, as text: a saga's id, mostly. */
  readonly key: string | undefined
  /** The saga that its headers name; where they name none, its key. */
  readonly saga: string | undefined
}

/** Where a letter stands in the topic of dead letters. */
export interface LetterPlace {
  readonly partition: number
  readonly offset: bigint
}

export interface RedriveAct {
  readonly actor: string
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Absent: it was put back as it came. */
  readonly edited?: EditMark | undefined
}

/** What was put back in a letter's place. */
export interface EditMark {
  /** Hashes of the record as it came, and as it was put back. */
  readonly before: string
  readonly after: string
  /** `key`, `value`, and names of headers. */
  readonly changed: readonly string[]
}

/** Says that the letter at a place was put back: by whom, why, and when (RFC 3339). */
export interface RedriveNote {
  readonly place: LetterPlace
  readonly by: string
  readonly reason: string
  readonly at: string
  /** Absent: as it came. */
  readonly edited?: EditMark
}

const PLACE = /^(\d{1,6})-(\d{1,19})$/

/** `0-17`: partition and offset. */
export function placeText({ partition, offset }: LetterPlace): string {
  return `${partition}-${offset}`
}

export function placeFrom(text: string): LetterPlace | undefined {
  const [, partition, offset] = PLACE.exec(text) ?? []
  return partition === undefined || offset === undefined
    ? undefined
    : { partition: Number(partition), offset: BigInt(offset) }
}

/** The letter that a record of the topic is; `undefined`: it is none, but a note, or something that a stranger has written. */
export function letterOf(record: LogRecord): DeadLetter | undefined {
  const text = (name: string) => headerOf(record, name)
  const [reason, topic, failedAt] = [text('dlq-reason'), text('dlq-original-topic'), text('dlq-failed-at')]
  const origin = placeFrom(`${text('dlq-original-partition')}-${text('dlq-original-offset')}`)
  if (reason === undefined || topic === undefined || failedAt === undefined || !origin) return undefined
  const { partition, offset } = record
  return {
    place: { partition, offset },
    ...{ reason, failedAt },
    message: text('dlq-error-message') ?? '',
    service: text('dlq-service') ?? '',
    origin: { topic, ...origin },
    redrives: countOf(text('dlq-redrive-count')),
    isValueOmitted: text('dlq-value-omitted') !== undefined,
    key: keyOf(record),
    saga: text(H.sagaId) ?? keyOf(record),
  }
}

function countOf(text: string | undefined): number {
  const count = Number(text ?? 0)
  return Number.isSafeInteger(count) && count >= 0 ? count : 0
}

export function noteOf(record: LogRecord): RedriveNote | undefined {
  const text = (name: string) => headerOf(record, name)
  const place = placeFrom(text('dlq-redriven') ?? '')
  if (!place) return undefined
  const [by = '', reason = '', at = ''] = [text('dlq-redriven-by'), text('dlq-redrive-reason'), text('dlq-redriven-at')]
  const [before, after, changed = ''] = [text('dlq-hash-before'), text('dlq-hash-after'), text('dlq-edited')]
  const isEdited = before !== undefined && after !== undefined
  const edited = isEdited && { edited: { before, after, changed: changed === '' ? [] : changed.split(',') } }
  return { place, by, reason, at, ...edited }
}

/** Whether letters of the topic may be put back: only commands and replies are ever read as such. */
export function takesRedrives(topic: string, { commands, replies }: KasagaTopics): boolean {
  return topic === commands || topic === replies || /^[a-z][a-z0-9-]*\.commands$/.test(topic)
}

/** Whether a record was a dead letter and has been put back where it came from. */
export function isPutBack(record: LogRecord): boolean {
  return countOf(headerOf(record, 'dlq-redrive-count')) > 0
}

const ABOUT_THE_FAILURE = /^(dlq-|kafka_dlt-original-topic$|x-original-topic$)/

/** Whether a header of a letter is about how it failed, and none of the record that came. */
export function isAboutTheFailure(name: string): boolean {
  return ABOUT_THE_FAILURE.test(name)
}

/** Who puts a record back; `edited`: not as it came. */
export type RedrivenBy = Pick<RedriveAct, 'actor' | 'edited'>

/** The record of a letter with how often it has been put back. Its value is that of the letter, or of its origin. */
export function redriveRecord(record: LogRecord, { actor, edited }: RedrivenBy): NewRecord {
  return {
    key: record.key,
    value: record.value,
    headers: [
      ...record.headers.filter(([name]) => !isAboutTheFailure(name)),
      ['dlq-attempts', headerOf(record, 'dlq-attempts') ?? '1'],
      ['dlq-redrive-count', String(countOf(headerOf(record, 'dlq-redrive-count')) + 1)],
      ['dlq-redriven-by', actor],
      ...(edited ? [['dlq-hash-before', edited.before] as const] : []),
    ],
  }
}

/** What is written behind a letter that was put back. */
export function noteRecord(record: LogRecord, { actor, reason, at, edited }: RedriveAct): NewRecord {
  return {
    key: record.key,
    value: null,
    headers: [
      ['dlq-redriven', placeText(record)],
      ['dlq-redriven-by', actor],
      ['dlq-redrive-reason', reason],
      ['dlq-redriven-at', new Date(at).toISOString()],
      ...(edited ? editHeaders(edited) : []),
    ],
  }
}

function editHeaders({ before, after, changed }: EditMark): NewRecord['headers'] {
  return [
    ['dlq-edited', changed.join(',')],
    ['dlq-hash-before', before],
    ['dlq-hash-after', after],
  ]
}
