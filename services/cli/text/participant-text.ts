/** Participants as a person reads them: how hard they may be asked, and what waits for them. */
import type { ParticipantAnswer, ParticipantDetail } from '../../../shared/client/participant-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText, spanText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

/** `concurrency 10, 200/s (burst 20), per key: 2/s, breaker off`. */
export function limitsText({ limits }: Pick<ParticipantAnswer, 'limits'>): string {
  if (limits === null) return 'none'
  const { concurrency, ratePerSecond, burst, perKey, breaker } = limits
  const own = [...ofOne({ concurrency, ratePerSecond })]
  if (burst !== undefined) own.push(`burst ${burst}`)
  if (perKey) own.push(`per key: ${ofOne(perKey).join(' and ')}`)
  if (breaker === 'off') own.push('breaker off')
  else if (breaker)
    own.push(
      `breaker ${Object.entries(breaker)
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
        .join(' ')}`,
    )
  return own.join(', ')
}

function ofOne(limits: { readonly concurrency?: number | undefined; readonly ratePerSecond?: number | undefined }) {
  const { concurrency, ratePerSecond } = limits
  return [
    ...(concurrency === undefined ? [] : [`concurrency ${concurrency}`]),
    ...(ratePerSecond === undefined ? [] : [`${ratePerSecond}/s`]),
  ]
}

function breakerText({ openBreakers }: ParticipantAnswer, { color, now }: Eyes): string {
  const [first] = openBreakers
  if (!first) return 'closed'
  const more = openBreakers.length > 1 ? ` in ${openBreakers.length} processes` : ''
  return styled(['bold', 'red'], `OPEN${more} for ${sinceText(first.since, now)}`, color)
}

const RECENT_HEAD = ['P50', 'P95', 'P99', 'RETRIES', 'TIMEOUTS', 'LATE']
const HEAD = ['PARTICIPANT', 'LIMITS', 'BREAKER', 'IN FLIGHT', 'HELD', 'OLDEST', 'UNANSWERED FOR', ...RECENT_HEAD]

const took = (ms: number | null) => (ms === null ? '' : spanText(ms))

/** Which part of the attempts, in percent; some are never none. */
function shareText(some: number, attempts: number): string {
  if (some === 0) return '0 %'
  const percent = (some * 100) / attempts
  return percent < 0.1 ? '<0.1 %' : `${percent.toFixed(percent < 10 ? 1 : 0)} %`
}

function recentCells(recent: ParticipantAnswer['recent']): string[] {
  if (recent === null) return RECENT_HEAD.map(() => '')
  const { p50Ms, p95Ms, p99Ms, attempts, retries, timeouts, late } = recent
  return [
    took(p50Ms),
    took(p95Ms),
    took(p99Ms),
    shareText(retries, attempts),
    shareText(timeouts, attempts),
    String(late),
  ]
}

/** A line for each. */
export function participantsText(all: readonly ParticipantAnswer[], eyes: Eyes): string {
  const rows = all.map((one) => [
    plain(one.name),
    limitsText(one),
    breakerText(one, eyes),
    String(one.inFlight),
    String(one.held),
    sinceText(one.oldestHeldAt, eyes.now),
    sinceText(one.oldestUnansweredAt, eyes.now),
    ...recentCells(one.recent),
  ])
  return tableText(HEAD, rows, eyes.color)
}

/** Only how hard they may be asked, and who said so. */
export function limitsListText(all: readonly ParticipantAnswer[], { color, now }: Eyes): string {
  const rows = all.map((one) => [
    plain(one.name),
    limitsText(one),
    plain(one.setBy ?? ''),
    sinceText(one.setAt, now),
    plain(one.reason ?? '', 80),
  ])
  return tableText(['PARTICIPANT', 'LIMITS', 'SET BY', 'AGO', 'REASON'], rows, color)
}

/** One, with who waits for it. */
export function participantText(one: ParticipantDetail, eyes: Eyes): string {
  const { waiting, held } = one
  const head = participantsText([one], eyes)
  if (waiting.length === 0) return head
  const rows = waiting.map(({ saga, step, direction, key, priority, paused, heldAt }) => [
    plain(saga),
    plain(direction === 'compensate' ? `undo ${step}` : step),
    plain(key ?? ''),
    String(priority),
    sinceText(heldAt, eyes.now),
    paused ? 'paused' : '',
  ])
  const table = tableText(['SAGA', 'STEP', 'KEY', 'PRIORITY', 'WAITS', ''], rows, eyes.color)
  const more = held > waiting.length ? `\nand ${held - waiting.length} more` : ''
  return `${head}\n\n${table}${more}`
}
