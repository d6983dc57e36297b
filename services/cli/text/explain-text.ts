/** Why a saga stands where it stands, in one screen. */
import type { AwaitedAnswer, ExplainAnswer, IfCancelledAnswer } from '../../../shared/client/explain-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText, untilText } from './spans.ts'
import { statusWord, styled } from './status-text.ts'
import { tableText } from './tables.ts'

export function explainText(told: ExplainAnswer, eyes: Eyes): string {
  const { id, definition, version, shown, headline, next, afterwards, legal } = told
  const { color, now } = eyes
  const name = definition === null ? '?' : plain(`${definition} v${version ?? '?'}`)
  const lines = [
    `${styled('bold', plain(id), color)}  ${name}  ${statusWord(shown, color)}`,
    plain(headline, 400),
    ...awaitedLines(told, eyes),
    ...(next ? ['', plain(`Next, if nothing comes: ${untilText(next.at, now)} ${next.what.join(', ')}`, 400)] : []),
    ...(afterwards.length > 0 ? [plain(`Once it has come: ${afterwards.join(', ')}`, 400)] : []),
    ...cancelLines(told),
    '',
    plain(legal, 400),
  ]
  return lines.join('\n')
}

function awaitedLines({ awaited, awaitedTotal }: ExplainAnswer, { color, now }: Eyes): string[] {
  if (awaited.length === 0) return []
  const rows = awaited.map((one) => [
    plain(stepText(one)),
    plain(one.what, 60),
    one.since === null ? '' : sinceText(one.since, now),
    one.until === null ? '' : untilText(one.until, now),
    plain(whyText(one), 160),
  ])
  const more = awaitedTotal > awaited.length ? [`and ${awaitedTotal - awaited.length} more`] : []
  return ['', tableText(['STEP', 'WAITS FOR', 'SINCE', 'UNTIL', 'HELD UP BY'], rows, color), ...more]
}

function stepText({ step, direction, attempt, attemptsMax }: AwaitedAnswer): string {
  if (step === null) return ''
  const name = direction === 'compensate' ? `undo ${step}` : step
  const tries =
    attempt === null || attempt < 1 ? '' : ` (attempt ${attempt}${attemptsMax === null ? '' : ` of ${attemptsMax}`})`
  return `${name}${tries}`
}

function whyText({ holds, error }: AwaitedAnswer): string {
  const last = error ? `${error.code}: ${error.message}` : ''
  return [holds ?? '', last].filter((text) => text !== '').join('; ')
}

const REFUSED = {
  'past-pivot': 'A cancel would be refused: its pivot is done, and it only goes forward.',
  'pivot-unknown': 'A cancel would be refused: its pivot may be done, and nobody knows.',
} as const

function cancelLines({ ifCancelled, shown }: ExplainAnswer): string[] {
  if (!ifCancelled)
    return shown === 'unreadable' ? [] : ['', 'What a cancel would undo cannot be said without its definition.']
  switch (ifCancelled.kind) {
    case 'over':
      return []
    case 'after-pivot':
      return ['', 'A cancel waits for the answer of its pivot: only if that is a no, it is undone.']
    case 'refused':
      return ['', REFUSED[ifCancelled.why ?? 'past-pivot']]
    case 'undone':
      return undoLines(ifCancelled, shown)
  }
}

function undoLines({ undo, complete }: IfCancelledAnswer, shown: ExplainAnswer['shown']): string[] {
  const isBack = shown === 'compensating'
  if (undo.length === 0)
    return ['', isBack ? 'Nothing more is to be undone.' : 'If it were cancelled now, nothing would have to be undone.']
  const head = isBack ? 'Still to be undone, in this order:' : 'If it were cancelled now, it would undo, in this order:'
  const lines = undo.map(({ turn, step, by, what, participant }) => {
    const how = {
      command: what || `at ${participant}`,
      child: `saga ${what}`,
      lock: `frees the lock ${what}`,
      hand: `by hand: ${what}`,
      person: `a person is called: ${what}`,
    }[by]
    return plain(`  ${turn}. ${step}  ${how}`, 200)
  })
  return ['', head, ...lines, ...(complete ? [] : ['  and more'])]
}
