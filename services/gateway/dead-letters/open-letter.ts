/** One dead letter with all that can be said of it. */
import type { DecodedValue, LetterCheck } from '../../../shared/client/dead-letter-api.ts'
import { jsonLimitsFor } from '../../../shared/message/claim.ts'
import { type LogRecord, recordWith } from '../../../shared/message/record.ts'
import { parseValue } from '../../../shared/message/record-value.ts'
import { letterOf, placeFrom, redriveRecord } from '../../../shared/message/redrive.ts'
import { Problem } from '../problem.ts'
import { type CheckParts, checkLetter, unknown } from './letter-check.ts'
import { recordsAt, type SeenLetter } from './letter-scan.ts'
import { type ReadValue, readValue, schemaIdOf } from './letter-value.ts'

/** Bytes of a value that is shown as JSON. */
const JSON_BYTES_SHOWN = 64 * 1024

export interface OpenedLetter {
  readonly letter: SeenLetter
  /** As it stands in the topic of dead letters. */
  readonly record: LogRecord
  readonly value: ReadValue
}

/** @throws Problem `unknown-letter`. */
export async function openLetter({ broker, topics }: CheckParts, id: string): Promise<OpenedLetter> {
  const place = placeFrom(id)
  const found = await recordsAt({ broker, topic: topics.deadLetters }, place ? [place] : [])
  const record = found.records.get(id)
  const letter = record && letterOf(record)
  if (!record || !letter) throw new Problem(404, 'unknown-letter', `there is no dead letter ${id}`)
  const redriven = found.notes.get(id)
  const value = await readValue(broker, letter, record)
  return { letter: { ...letter, ...(redriven && { redriven }) }, record, value }
}

/** What would become of it if it were put back as it is. */
export async function checkOpened(parts: CheckParts, { letter, record, value }: OpenedLetter): Promise<LetterCheck> {
  if (value.kind === 'gone') return unknown(value.why)
  const { kind: _, ...own } = value
  return checkLetter(parts, asRead(recordWith(record, { ...own, topic: letter.origin.topic })))
}

const encoder = new TextEncoder()

/** A record of the topic of dead letters as whoever it is put back for will read it. */
export function asRead(record: LogRecord): LogRecord {
  const { headers } = redriveRecord(record, { actor: '' })
  return recordWith(record, {
    headers: headers.map(([name, value]) => [name, typeof value === 'string' ? encoder.encode(value) : value]),
  })
}

/** The value as JSON, where it is some. */
export function decodedValue({ broker }: Pick<CheckParts, 'broker'>, { record, value }: OpenedLetter): DecodedValue {
  const schemaId = schemaIdOf(record.value) ?? null
  const without = (form: DecodedValue['form'], why: string | null) => ({ form, schemaId, json: null, why })
  const form = schemaId === null ? 'json' : 'registry'
  if (value.kind === 'gone') return without(schemaId === null ? 'none' : form, value.why)
  if (value.value === null) return without('none', null)
  const read = parseValue(value, jsonLimitsFor(broker.claims))
  if (read.kind === 'refused') return without(schemaId === null ? 'other' : form, read.message)
  if (value.value.length > JSON_BYTES_SHOWN)
    return without(form, `its ${value.value.length} bytes are too many to be shown`)
  return { form, schemaId, json: read.value, why: null }
}
