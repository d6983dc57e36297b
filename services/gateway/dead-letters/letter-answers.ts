/** Dead letters as the API answers them. */
import type { LetterAnswer, LetterDetail, LetterGroup } from '../../../shared/client/dead-letter-api.ts'
import { type LogRecord, utf8 } from '../../../shared/message/record.ts'
import { placeText } from '../../../shared/message/redrive.ts'
import { placeAnswer } from '../answers.ts'
import type { SeenLetter } from './letter-scan.ts'

/** What is shown of one value. */
const VALUE_BYTES_SHOWN = 64 * 1024

export function letterAnswer(letter: SeenLetter): LetterAnswer {
  const { reason, message, service, failedAt, redrives, key = null, redriven } = letter
  const told = redriven ? { at: redriven.at, by: redriven.by, reason: redriven.reason } : null
  const origin = placeAnswer(letter.origin)
  return { id: placeText(letter.place), reason, message, service, origin, key, failedAt, redrives, redriven: told }
}

/** With its headers and value, as far as they are shown. */
export function letterDetail(letter: SeenLetter, record: LogRecord): LetterDetail {
  const headers = record.headers.map(([name, value]) => ({ name, value: shown(value) }))
  return { ...letterAnswer(letter), headers, value: record.value && shown(record.value) }
}

function shown(whole: Uint8Array): { encoding: 'utf-8' | 'base64'; text: string; bytes: number; isCut: boolean } {
  const isCut = whole.length > VALUE_BYTES_SHOWN
  const some = isCut ? whole.subarray(0, VALUE_BYTES_SHOWN) : whole
  const isText = utf8(whole) !== undefined
  const text = isText ? Buffer.from(some).toString() : Buffer.from(some).toString('base64')
  return { encoding: isText ? 'utf-8' : 'base64', text, bytes: whole.length, isCut }
}

/** Those that were not put back, by what they have in common. */
export function groupsOf(letters: readonly SeenLetter[]): LetterGroup[] {
  const groups = new Map<string, LetterGroup>()
  for (const { reason, service, origin, failedAt, redriven } of letters) {
    if (redriven) continue
    const key = `${service}/${origin.topic}/${reason}`
    const count = (groups.get(key)?.count ?? 0) + 1
    groups.set(key, { reason, service, topic: origin.topic, count, newestAt: failedAt })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
