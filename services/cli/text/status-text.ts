/** What a saga is doing, in a few words that never look alike: stuck is not compensated, cancelled is not failed. */
import { styleText } from 'node:util'
import type { SagaAnswer } from '../../../shared/client/http-api.ts'
import { plain } from './plain.ts'
import { sinceText, untilText } from './spans.ts'

type Shown = SagaAnswer['shown']
type Style = Parameters<typeof styleText>[0]

const STYLES: Readonly<Record<Shown, Style>> = {
  running: 'cyan',
  retrying: 'yellow',
  waiting: 'blue',
  compensating: 'yellow',
  stuck: ['bold', 'red'],
  paused: 'yellow',
  completed: 'green',
  compensated: 'magenta',
  cancelled: 'magenta',
  failed: ['bold', 'red'],
  unreadable: ['bold', 'red'],
  stopped: ['bold', 'red'],
}

/** Styles a text where colours are wanted. */
export function styled(style: Style, text: string, color: boolean): string {
  return color ? styleText(style, text, { validateStream: false }) : text
}

function errorText(error: { readonly code: string | null; readonly message: string | null }): string {
  return plain([error.code, error.message].filter((part) => part !== null && part !== '').join(': '), 160)
}

function currentText({ current }: SagaAnswer, now: number): string {
  if (!current) return ''
  const step = current.direction === 'compensate' ? `undoing ${current.step}` : current.step
  if (current.heldFor !== null) return plain(`${step}: waiting for participant ${current.heldFor}`, 160)
  const again = (current.attempt ?? 1) > 1 || current.retryAt !== null
  const when = current.retryAt === null ? '' : `, next ${untilText(current.retryAt, now)}`
  return again ? `${step} (attempt ${current.attempt ?? 1}${when})` : step
}

function waitText({ current }: SagaAnswer, now: number): string {
  if (!current) return ''
  const { step, awaits, heldFor, timeoutAt } = current
  if (heldFor !== null) return plain(`${step}: waiting for participant ${heldFor}`, 160)
  if (awaits === 'time') return plain(`${step}: over ${timeoutAt === null ? 'soon' : untilText(timeoutAt, now)}`, 160)
  const until = timeoutAt === null ? '' : `, given up ${untilText(timeoutAt, now)}`
  return plain(`${step}: for the signal ${awaits}${until}`, 160)
}

function causeText({ cause }: SagaAnswer): string {
  if (!cause) return ''
  if (cause.kind === 'cancelled') return plain(`by ${cause.code ?? 'somebody'}: ${cause.message ?? ''}`, 160)
  if (cause.kind === 'deadline') return 'the deadline had come'
  if (cause.kind === 'parent') return 'undone by the saga that started it'
  return `${cause.step ?? ''} ${cause.kind}: ${errorText(cause)}`
}

function stuckText({ stuck, parked }: SagaAnswer): string {
  if (!stuck) return ''
  const more = parked.length > 1 ? ` (and ${parked.length - 1} more)` : ''
  return `at ${stuck.step ?? 'its end'}: ${errorText(stuck)}${more}`
}

const DETAILS: Readonly<Record<Shown, (saga: SagaAnswer, now: number) => string>> = {
  running: currentText,
  retrying: currentText,
  waiting: waitText,
  compensating: currentText,
  stuck: stuckText,
  paused: currentText,
  completed: () => '',
  compensated: causeText,
  cancelled: causeText,
  failed: ({ incident }) =>
    incident ? plain(`${incident.kind} by ${incident.actor ?? 'somebody'}: ${incident.reason ?? ''}`, 160) : '',
  unreadable: ({ quarantined }) => plain(quarantined ?? 'nothing of it can be read', 200),
  stopped: ({ stopped }, now) => (stopped ? `${sinceText(stopped.since, now)}: ${plain(stopped.why, 160)}` : ''),
}

const LOUD: ReadonlySet<Shown> = new Set(['stuck', 'failed', 'unreadable', 'stopped'])

/** The status word; what needs a person is in capitals, so that it stands out without colour too. */
export function statusWord(shown: Shown, color: boolean): string {
  const word = LOUD.has(shown) ? shown.toUpperCase() : shown
  return styled(STYLES[shown], word, color)
}

const WHY_WAITS: Readonly<Record<NonNullable<SagaAnswer['waitsForDefinition']>, string>> = {
  'unknown-definition': 'its version is not known',
  'definition-changed': 'it was changed under the same version',
}

/** More about the status: the step under way, the error, the cause. */
export function statusDetail(saga: SagaAnswer, now: number): string {
  const { waitsForDefinition: why } = saga
  return why === null ? DETAILS[saga.shown](saga, now) : `waits for its definition: ${WHY_WAITS[why]}`
}
