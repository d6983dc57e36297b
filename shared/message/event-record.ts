/** Events of the log as records, and back. One record an event; identity in headers, the event's data as the value. */
import { type EventEnvelope, isSagaEventType, type SagaEvent } from './events.ts'
import { H, rfc3339 } from './headers.ts'
import { isLockId, isSagaId } from './ids.ts'
import { isLockEventType, type LockEnvelope, type LockEvent } from './lock-events.ts'
import { headersOf, type LogRecord, type NewRecord, utf8 } from './record.ts'

const PREFIX = 'kasaga.'
const SUFFIX = '.v1'

/** `step-requested` -> `kasaga.step-requested.v1` */
export function eventTypeHeader(type: string): string {
  return PREFIX + type + SUFFIX
}

/** Writes an event as a record. The same envelope gives the same bytes. */
export function eventRecord(envelope: EventEnvelope, source: string): NewRecord {
  return recordOf(envelope.sagaId, envelope, source)
}

/** The same for an event of a lock, whose id stands where a saga's does. */
export function lockEventRecord(envelope: LockEnvelope, source: string): NewRecord {
  return recordOf(envelope.lockId, envelope, source)
}

function recordOf(id: string, envelope: EventEnvelope | LockEnvelope, source: string): NewRecord {
  const { type, ...data } = envelope.event
  return {
    key: id,
    value: JSON.stringify(data),
    headers: [
      [H.specversion, '1.0'],
      [H.id, `${id}#${envelope.seq}`],
      [H.type, eventTypeHeader(type)],
      [H.source, source],
      [H.time, rfc3339(envelope.at)],
      [H.sagaId, id],
      [H.sequence, String(envelope.seq)],
      [H.causationId, envelope.causationId],
    ],
  }
}

export type DecodedEvent =
  | { readonly kind: 'event'; readonly envelope: EventEnvelope }
  | { readonly kind: 'lock'; readonly envelope: LockEnvelope }
  /** The record belongs to a saga or lock, when that much can be read, and cannot be folded: that one stops (K22). */
  | { readonly kind: 'unreadable'; readonly sagaId: string | undefined; readonly why: string }

/** Reads an event's record. Never throws. */
export function decodeEvent(record: LogRecord): DecodedEvent {
  const headers = headersOf(record)
  const id = headers.get(H.sagaId)
  const unreadable = (why: string): DecodedEvent => ({ kind: 'unreadable', sagaId: id, why })
  if (id === undefined || !(isSagaId(id) || isLockId(id))) return unreadable('no saga id')
  const header = headers.get(H.type) ?? ''
  const type = header.slice(PREFIX.length, -SUFFIX.length)
  const known = isLockId(id) ? isLockEventType(type) : isSagaEventType(type)
  if (!header.startsWith(PREFIX) || !header.endsWith(SUFFIX) || !known)
    return unreadable(`unknown event type ${header}`)
  const seq = Number(headers.get(H.sequence))
  const at = Date.parse(headers.get(H.time) ?? '')
  if (!Number.isSafeInteger(seq) || seq < 1 || Number.isNaN(at)) return unreadable('no sequence or time')
  const data = dataOf(record)
  if (data === undefined) return unreadable('the value is not a JSON object')
  const place = { seq, at, causationId: headers.get(H.causationId) ?? '' }
  return isLockId(id)
    ? { kind: 'lock', envelope: { lockId: id, ...place, event: { ...data, type } as LockEvent } }
    : { kind: 'event', envelope: { sagaId: id, ...place, event: { ...data, type } as SagaEvent } }
}

function dataOf(record: LogRecord): object | undefined {
  const text = record.value === null ? undefined : utf8(record.value)
  if (text === undefined) return undefined
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : undefined
  } catch {
    return undefined
  }
}
