/** The value of a record as JSON, or why there is none. */
import { type Json, type JsonFault, type JsonLimits, parseJson } from './json.ts'
import type { LogRecord, ValueFault } from './record.ts'

export type ValueResult =
  | { readonly kind: 'ok'; readonly value: Json }
  | { readonly kind: 'refused'; readonly fault: JsonFault | ValueFault; readonly message: string }

const FRAMED = 'the value is in the wire format of a schema registry, and none is set here'

/** Parses the value under the limits; `absent` stands in for one that is not there. Never throws. */
export function parseValue(
  { value, unread }: Pick<LogRecord, 'value' | 'unread'>,
  limits?: JsonLimits,
  absent: Uint8Array | null = null,
): ValueResult {
  if (unread) return { kind: 'refused', ...unread }
  if (value?.[0] === 0) return { kind: 'refused', fault: 'not-json', message: FRAMED }
  return parseJson(value ?? absent, limits)
}
