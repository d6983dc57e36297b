/** Dead letters, for a person to read. */
import type { LetterAnswer, LetterDetail, LetterList, RedriveAnswer } from '../../../shared/client/dead-letter-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

const MESSAGE_CHARS_MAX = 60

/** What they have in common, then one by one. */
export function lettersText({ groups, letters }: LetterList, { color, now }: Eyes): string {
  const kinds = groups.map(({ count, reason, service, topic, newestAt }) => [
    String(count),
    plain(reason),
    plain(service),
    plain(topic),
    sinceText(newestAt, now),
  ])
  const head =
    kinds.length === 0 ? [] : [tableText(['COUNT', 'REASON', 'GIVEN UP BY', 'FROM', 'NEWEST'], kinds, color), '']
  return [
    ...head,
    tableText(
      ['ID', 'REASON', 'KEY', 'AGE', 'MESSAGE'],
      letters.map((one) => rowOf(one, now)),
      color,
    ),
  ].join('\n')
}

function rowOf({ id, reason, key, failedAt, redrives, redriven, message }: LetterAnswer, now: number): string[] {
  const before = redrives > 0 ? `put back ${redrives} times before; ` : ''
  const since = redriven ? `put back by ${redriven.by}; ` : ''
  return [
    id,
    plain(reason),
    plain(key ?? ''),
    sinceText(failedAt, now),
    plain(`${since}${before}${message}`, MESSAGE_CHARS_MAX),
  ]
}

/** One letter with all that it has. */
export function letterText(letter: LetterDetail, { color, now }: Eyes): string {
  const { id, reason, service, origin, key, failedAt, redrives, redriven, message, headers, value } = letter
  const rows = [
    ['reason', plain(reason)],
    ['message', plain(message)],
    ['given up by', plain(service)],
    ['from', plain(`${origin.topic}/${origin.partition}/${origin.offset}`)],
    ['key', plain(key ?? 'none')],
    ['failed', `${plain(failedAt)}, ${sinceText(failedAt, now)} ago`],
    ...(redrives > 0 ? [['before', `put back ${redrives} times, and failed again`]] : []),
    ...(redriven ? [['put back', plain(`by ${redriven.by} at ${redriven.at}: ${redriven.reason}`)]] : []),
  ]
  const shown = headers.map(({ name, value: { text } }) => [plain(name), plain(text, 200)])
  return [
    styled('bold', id, color),
    tableText(['', ''], rows, color).replace(/^\n/, ''),
    '',
    tableText(['HEADER', 'VALUE'], shown, color),
    '',
    valueText(value),
  ].join('\n')
}

function valueText(value: LetterDetail['value']): string {
  if (value === null) return 'no value'
  const { encoding, text, bytes, isCut } = value
  const kind = encoding === 'base64' ? `${bytes} bytes, in base64` : `${bytes} bytes`
  return `${kind}${isCut ? ', the first of them' : ''}:\n${plain(text, text.length)}`
}

/** What became of those that were to be put back. */
export function redriveText({ redriven, refused }: RedriveAnswer): string {
  const no = refused.map(({ id, detail }) => plain(`${id} was not: ${detail}`))
  return [...no, `${redriven.length} put back${refused.length > 0 ? `, ${refused.length} not` : ''}`].join('\n')
}
