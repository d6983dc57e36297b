/**
 * What the hash of an event is taken of: the hash before it, and its record as it was written. Each part goes by its length
 * in bytes, so that no two records have one text. Headers that are not `ce_*` are left out: whoever carries records may add
 * some, and a claim check does. The value is the whole one, also where it is kept aside.
 */
import { H } from './headers.ts'
import { type LogRecord, type NewRecord, utf8 } from './record.ts'

const COVERED = 'ce_'

/** `undefined`: something in the record is not UTF-8, so it is not as it was written. */
export function chainText(
  before: string | undefined,
  { headers, key, value }: Pick<NewRecord | LogRecord, 'key' | 'value' | 'headers'>,
): string | undefined {
  let text = part(before ?? '')
  for (const [name, bytes] of headers) {
    if (!name.startsWith(COVERED) || name === H.chain) continue
    const own = textOf(bytes)
    if (own === undefined) return undefined
    text += part(`${name}=${own}`)
  }
  const [keyText, valueText] = [textOf(key), textOf(value)]
  return keyText === undefined || valueText === undefined ? undefined : text + part(keyText) + part(valueText)
}

function textOf(bytes: string | Uint8Array | null): string | undefined {
  if (bytes === null) return ''
  return typeof bytes === 'string' ? bytes : utf8(bytes)
}

/** `4:text` */
function part(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`
}
