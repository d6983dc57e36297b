/** Events of the log as records, and back. One record an event; identity in headers, the event's data as the value. */

import { isSagaEventType } from './event-types.ts'
import type { EventEnvelope, SagaEvent } from './events.ts'
import { H, rfc3339 } from './headers.ts'
import { isLockId, isSagaId } from './ids.ts'
import { isLockEventType, type LockEnvelope, type LockEvent } from './lock-events.ts'
import { headerOf, type LogRecord, type NewRecord, utf8 } from './record.ts'
import { UPCASTS } from './upcast/forms.ts'
import type { LogEventType } from './upcast/upcast.ts'

const PREFIX = 'kasaga.'
/** What stands before the format, at the end of the type. */
const FORMAT = '.v'

/** `step-requested` -> `kasaga.step-requested.v1`: the number is the format of its data. */
export function eventTypeHeader(type: LogEventType): string {
  return `${PREFIX}${type}${FORMAT}${UPCASTS.formatOf(type)}`
}

/** The type and the format that a header names; `undefined`: it is no type of an event. */
function typeIn(header: string): { readonly type: string; readonly format: number } | undefined {
  const end = header.lastIndexOf(FORMAT)
  const digits = header.slice(end + FORMAT.length)
  if (!header.startsWith(PREFIX) || end < PREFIX.length || !/^\d{1,9}$/.test(digits)) return undefined
  return { type: header.slice(PREFIX.length, end), format: Number(digits) }
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

/** Reads an event's record, whichever version wrote it. Never throws. */
export function decodeEvent(record: LogRecord, upcasts = UPCASTS): DecodedEvent {
  const text = (name: string) => headerOf(record, name)
  const id = text(H.sagaId)
  const unreadable = (why: string): DecodedEvent => ({ kind: 'unreadable', sagaId: id, why })
  if (id === undefined || !(isSagaId(id) || isLockId(id))) return unreadable('no saga id')
  const header = text(H.type) ?? ''
  const named = typeIn(header)
  if (!named) return unreadable(`unknown event type ${header}`)
  const seq = Number(text(H.sequence))
  const at = Date.parse(text(H.time) ?? '')
  if (!Number.isSafeInteger(seq) || seq < 1 || Number.isNaN(at)) return unreadable('no sequence or time')
  const data = dataOf(record)
  if (data === undefined) return unreadable('the value is not a JSON object')
  const present = upcasts.upcast({ ...named, data })
  if (present.kind === 'unreadable') return unreadable(present.why)
  const { type } = present
  const place = { seq, at, causationId: text(H.causationId) ?? '' }
  if (isLockId(id) && isLockEventType(type))
    return { kind: 'lock', envelope: { lockId: id, ...place, event: { ...present.data, type } as LockEvent } }
  if (isSagaId(id) && isSagaEventType(type))
    return { kind: 'event', envelope: { sagaId: id, ...place, event: { ...present.data, type } as SagaEvent } }
  return unreadable(`an event of type ${type} is none of ${id}`)
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
