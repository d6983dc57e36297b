/** Dead letters as the API answers them. */
import type { LetterAnswer, LetterDetail } from '../../../shared/client/dead-letter-api.ts'
import { utf8 } from '../../../shared/message/record.ts'
import { placeText } from '../../../shared/message/redrive.ts'
import { placeAnswer } from '../answers.ts'
import { fingerprintOf } from './letter-groups.ts'
import type { SeenLetter } from './letter-scan.ts'
import type { OpenedLetter } from './open-letter.ts'

/** What is shown of one value. */
const VALUE_BYTES_SHOWN = 64 * 1024

export function letterAnswer(letter: SeenLetter): LetterAnswer {
  const { reason, message, service, failedAt, redrives, key = null, saga = null, redriven } = letter
  const { edited } = redriven ?? {}
  const mark = edited ? { ...edited, changed: [...edited.changed] } : null
  const told = redriven ? { at: redriven.at, by: redriven.by, reason: redriven.reason, edited: mark } : null
  const origin = placeAnswer(letter.origin)
  const fingerprint = fingerprintOf(letter)
  const id = placeText(letter.place)
  return { id, reason, message, service, origin, key, saga, fingerprint, failedAt, redrives, redriven: told }
}

/** With its headers and value, as far as they are shown. */
export function letterDetail(
  { letter, record }: OpenedLetter,
  told: Pick<LetterDetail, 'decoded' | 'check'>,
): LetterDetail {
  const headers = record.headers.map(([name, value]) => ({ name, value: shown(value) }))
  return { ...letterAnswer(letter), headers, value: record.value && shown(record.value), ...told }
}

function shown(whole: Uint8Array): { encoding: 'utf-8' | 'base64'; text: string; bytes: number; isCut: boolean } {
  const isCut = whole.length > VALUE_BYTES_SHOWN
  const some = isCut ? whole.subarray(0, VALUE_BYTES_SHOWN) : whole
  const isText = utf8(whole) !== undefined
  const text = isText ? Buffer.from(some).toString() : Buffer.from(some).toString('base64')
  return { encoding: isText ? 'utf-8' : 'base64', text, bytes: whole.length, isCut }
}
