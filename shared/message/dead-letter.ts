/** Records that could not be used: kept as they came, with the reason, where from, and when (S18). */
import { headerOf, type LogRecord, type NewRecord } from './record.ts'

export interface DeadLetterReason {
  /** From a fixed list: a `RecordFault`, or why the record's content was refused. */
  readonly reason: string
  readonly message: string
  /** Consumer group that gave up on it. */
  readonly group: string
  /** Name of the service. */
  readonly service: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Names under which other tools look for the topic: said anew each time, never twice. */
const ALIASES: ReadonlySet<string> = new Set(['kafka_dlt-original-topic', 'x-original-topic'])

/** The dead letter of a record: key, value and headers unchanged, and the `dlq-*` headers added. */
export function deadLetterRecord(record: LogRecord, why: DeadLetterReason): NewRecord {
  const fingerprint = `${why.service}/${record.topic}/${why.reason}`
  const attempts = Number(headerOf(record, 'dlq-attempts') ?? 0) + 1
  return {
    key: record.key,
    value: record.value,
    headers: [
      ...record.headers.filter(([name]) => !name.startsWith('dlq-') && !ALIASES.has(name)),
      ['dlq-reason', why.reason],
      ['dlq-error-class', 'RefusedRecord'],
      ['dlq-error-message', why.message.slice(0, 1_000)],
      ['dlq-error-fingerprint', fingerprint],
      ['dlq-original-topic', record.topic],
      ['dlq-original-partition', String(record.partition)],
      ['dlq-original-offset', String(record.offset)],
      ['dlq-original-timestamp', String(record.timestamp)],
      ['dlq-consumer-group', why.group],
      ['dlq-service', why.service],
      ['dlq-attempts', String(Number.isSafeInteger(attempts) ? attempts : 1)],
      ['dlq-failed-at', new Date(why.at).toISOString()],
      ['dlq-redrive-count', headerOf(record, 'dlq-redrive-count') ?? '0'],
      ['kafka_dlt-original-topic', record.topic],
      ['x-original-topic', record.topic],
    ],
  }
}

/** Says that a dead letter's value is left out: with these headers it was too large, and stands where it came from. */
const VALUE_OMITTED = 'dlq-value-omitted'

/** The code under which every broker refuses a record that it will never take for its size. */
export const RECORD_TOO_LARGE = 'record-too-large'

/** A dead letter that does not fit with its headers added: its bytes stay where the headers say it came from. */
export function withoutValue(letter: NewRecord): NewRecord {
  if (letter.headers.some(([name]) => name === VALUE_OMITTED)) return letter
  return { ...letter, value: null, headers: [...letter.headers, [VALUE_OMITTED, 'true']] }
}
