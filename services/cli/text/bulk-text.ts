/** Bulk acts, for a person to read. */
import type { BulkAnswer, BulkPreview } from '../../../shared/client/bulk-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText, spanText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

const SECOND_MS = 1_000

/** `3 ended, 1 not-stuck`, the most first. */
function refusedText(refused: BulkPreview['refused']): string {
  const counts = Object.entries(refused).toSorted(([, a], [, b]) => b - a)
  return counts.map(([reason, count]) => `${count} ${reason}`).join(', ')
}

/** What the act would come to. */
export function previewText(
  act: string,
  { sagas, open, refused, sample }: BulkPreview,
  { rate, color }: { readonly rate: number; readonly color: boolean },
): string {
  const not = sagas > open ? `, ${sagas - open} are not: ${refusedText(refused)}` : ''
  const takes = open === 0 ? '' : `; at ${rate} a second it takes ${spanText((open / rate) * SECOND_MS)}`
  const head = `${sagas} sagas match; ${open} are open to ${act}${not}${takes}`
  if (sample.length === 0) return head
  const rows = sample.map(({ id, status, refused: why }) => [id, status ?? 'unreadable', why === null ? 'yes' : why])
  const more = sagas > sample.length ? [`and ${sagas - sample.length} more`] : []
  return [head, '', tableText(['ID', 'STATUS', 'OPEN'], rows, color), ...more].join('\n')
}

function farText({ done, refused, left, sagas }: BulkAnswer): string {
  if (sagas === null) return 'the sagas are being listed'
  const not = refusedText(refused)
  return `${done} of ${sagas} asked, ${not === '' ? 'none refused' : `refused: ${not}`}, ${left} left`
}

/** How far it is, in a line, with the time that the rest takes. */
export function progressOf(bulk: BulkAnswer): string {
  const { rate, left } = bulk
  const takes = left === null || left === 0 ? '' : `, ${rate}/s, ${spanText((left / rate) * SECOND_MS)} left`
  return `${bulk.id}: ${farText(bulk)}${takes}`
}

/** What the filter says: `status=stuck attribute.customer=c-7`. */
function filterText({ attributes = {}, ...rest }: BulkAnswer['filter']): string {
  const own = Object.entries(rest).map(([name, value]) => `${name}=${value}`)
  return [...own, ...Object.entries(attributes).map(([name, value]) => `attribute.${name}=${value}`)].join(' ')
}

function actText({ act }: BulkAnswer): string {
  const { kind, ...more } = act
  const said = Object.entries(more).filter(([, value]) => value !== undefined)
  return [kind, ...said.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ')
}

const stateText = ({ state }: BulkAnswer, color: boolean) =>
  state === 'failed' ? styled(['bold', 'red'], state, color) : state

/** One with all that was said of it. */
export function bulkText(bulk: BulkAnswer, { color, now }: Eyes): string {
  const { actor, reason, askedAt, endedAt, abortedBy, why, rate } = bulk
  const took = endedAt === null ? '' : `, took ${spanText(Date.parse(endedAt) - Date.parse(askedAt))}`
  const rows = [
    ['act', actText(bulk)],
    ['sagas', filterText(bulk.filter)],
    ['asked by', `${actor}: ${reason}`],
    ['since', `${askedAt} (${sinceText(askedAt, now)})${took}`],
    ['rate', `${rate} a second`],
    ['so far', farText(bulk)],
    ...(abortedBy ? [['aborted by', `${abortedBy.actor}: ${abortedBy.reason}`]] : []),
    ...(why === null ? [] : [['failed', why]]),
  ].map(([name = '', text = '']) => `${name.padEnd(11)}${plain(text, 300)}`)
  return [`${bulk.id}  ${stateText(bulk, color)}`, ...rows].join('\n')
}

export function bulksText(bulks: readonly BulkAnswer[], { color, now }: Eyes): string {
  const rows = bulks.map((bulk) => [
    bulk.id,
    stateText(bulk, color),
    bulk.act.kind,
    String(bulk.done),
    String(bulk.sagas === null || bulk.left === null ? '' : bulk.sagas - bulk.done - bulk.left),
    String(bulk.left ?? ''),
    `${bulk.rate}/s`,
    sinceText(bulk.askedAt, now),
    plain(bulk.actor, 40),
    plain(filterText(bulk.filter), 80),
    plain(bulk.reason, 80),
  ])
  const head = ['ID', 'STATE', 'ACT', 'DONE', 'REFUSED', 'LEFT', 'RATE', 'FOR', 'WHO', 'SAGAS', 'WHY']
  return tableText(head, rows, color)
}
