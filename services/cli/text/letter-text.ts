/** Dead letters, for a person to read. */
import type {
  EditAnswer,
  LetterAnswer,
  LetterCheck,
  LetterDetail,
  LetterList,
  LetterValidation,
  RedriveAnswer,
} from '../../../shared/client/dead-letter-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

const MESSAGE_CHARS_MAX = 60

/** How they failed, then one by one. */
export function lettersText({ groups, ungrouped, total, letters }: LetterList, { color, now }: Eyes): string {
  const kinds = groups.map(({ count, fingerprint, reason, service, topic, pattern, ...seen }) => [
    String(count),
    fingerprint,
    plain(reason),
    plain(service),
    plain(topic),
    sinceText(seen.firstAt, now),
    sinceText(seen.newestAt, now),
    seen.example,
    plain(pattern, MESSAGE_CHARS_MAX),
  ])
  const cut = ungrouped > 0 ? [`${ungrouped} more, of too many other kinds to be told apart`] : []
  const head = ['COUNT', 'FINGERPRINT', 'REASON', 'GIVEN UP BY', 'FROM', 'FIRST', 'NEWEST', 'ONE', 'ERROR']
  const rows = letters.map((one) => rowOf(one, now))
  const page = letters.length < total ? [`${letters.length} of ${total}`] : []
  return [
    ...(kinds.length === 0 ? [] : [tableText(head, kinds, color), ...cut, '']),
    tableText(['ID', 'REASON', 'KEY', 'AGE', 'MESSAGE'], rows, color),
    ...page,
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
    plain(`${since}${before}${message.replace(/\s+/g, ' ')}`, MESSAGE_CHARS_MAX),
  ]
}

/** One letter with all that it has. */
export function letterText(letter: LetterDetail, { color, now }: Eyes): string {
  const { id, reason, service, origin, key, fingerprint, failedAt, redrives, redriven, message, headers } = letter
  const rows = [
    ['reason', plain(reason)],
    ['message', plain(message)],
    ['given up by', plain(service)],
    ['from', plain(`${origin.topic}/${origin.partition}/${origin.offset}`)],
    ['key', plain(key ?? 'none')],
    ['failed', `${plain(failedAt)}, ${sinceText(failedAt, now)} ago`],
    ['fingerprint', fingerprint],
    ...(redrives > 0 ? [['before', `put back ${redrives} times, and failed again`]] : []),
    ...(redriven
      ? [
          [
            'put back',
            plain(
              `${redriven.edited ? `mended (${redriven.edited.changed.join(', ')}), ` : ''}by ${redriven.by} at ${redriven.at}: ${redriven.reason}`,
            ),
          ],
        ]
      : []),
  ]
  const shown = headers.map(({ name, value: { text } }) => [plain(name), plain(text, 200)])
  return [
    styled('bold', id, color),
    tableText(['', ''], rows, color).replace(/^\n/, ''),
    '',
    tableText(['HEADER', 'VALUE'], shown, color),
    '',
    valueText(letter),
    '',
    checkText(letter.check),
  ].join('\n')
}

function valueText({ value, decoded }: Pick<LetterDetail, 'value' | 'decoded'>): string {
  const { form, schemaId, json, why } = decoded
  const kind = form === 'registry' ? `, in a schema registry's format, schema ${schemaId}` : ''
  if (form !== 'none' && why === null)
    return `${value === null ? 'where it came from' : `${value.bytes} bytes${kind}`}:\n${plainLines(JSON.stringify(json, null, 2))}`
  const note = why === null ? '' : plain(` (${why})`, 300)
  if (value === null) return `no value${note}`
  const { encoding, text, bytes, isCut } = value
  const first = `${bytes} bytes${encoding === 'base64' ? ', in base64' : ''}${isCut ? ', the first of them' : ''}`
  return `${first}${kind}${note}:\n${plain(text, text.length)}`
}

/** What cannot be seen is shown as such, line by line. */
function plainLines(text: string): string {
  return text
    .split('\n')
    .map((line) => plain(line, line.length))
    .join('\n')
}

/** What would become of it now, and what its schema says against it. */
export function checkText({ verdict, reason, says, errors, errorsTotal }: LetterCheck): string {
  // The error's own text says the same as the places, less well.
  const told =
    errors.length > 0 ? `it would be ${verdict === 'refused' ? 'a dead letter again' : verdict}: ${reason}` : says
  const places = errors.map(({ path, message }) => plain(`  ${path === '' ? 'the value' : path}: ${message}`, 400))
  const more = errorsTotal > errors.length ? [`  and ${errorsTotal - errors.length} more`] : []
  return [`now: ${plain(told, 1_000)}`, ...places, ...more].join('\n')
}

/** What became of those that were to be put back. */
export function redriveText({ redriven, refused }: RedriveAnswer): string {
  const no = refused.map(({ id, detail }) => plain(`${id} was not: ${detail}`))
  return [...no, `${redriven.length} put back${refused.length > 0 ? `, ${refused.length} not` : ''}`].join('\n')
}

/** What would become of a letter, and what was mended of it. */
export function validationText({ check, changed, identity }: LetterValidation): string {
  const known = identity.length > 0 ? [plain(`it is known by: ${identity.join(', ')}`, 400)] : []
  const mended = changed.length > 0 ? [plain(`changed: ${changed.join(', ')}`, 400)] : []
  return [checkText(check), ...mended, ...known].join('\n')
}

/** What was put back in a letter's place. */
export function editText({ id, place, changed, before, after }: EditAnswer): string {
  const where = `${place.topic}/${place.partition}/${place.offset}`
  return [
    plain(`${id} is put back, mended, as ${where}: ${changed.join(', ')}`, 400),
    `before  ${before}`,
    `after   ${after}`,
  ].join('\n')
}
