/** A saga, and lists of sagas and events, for a person to read. */
import type { EventAnswer, SagaAnswer, SagaDetail, StepAnswer } from '../../../shared/client/http-api.ts'
import { plain } from './plain.ts'
import { sinceText, spanText, untilText } from './spans.ts'
import { statusDetail, statusWord, styled } from './status-text.ts'
import { tableText } from './tables.ts'

export interface Eyes {
  readonly color: boolean
  readonly now: number
}

const DATA_CHARS_MAX = 100

function ageText(saga: SagaAnswer, now: number): string {
  return saga.durationMs === null ? sinceText(saga.startedAt, now) : spanText(saga.durationMs)
}

function definitionText({ definition, version }: SagaAnswer): string {
  return definition === null ? '?' : plain(`${definition} v${version ?? '?'}`)
}

/** A list of sagas. */
export function listText(sagas: readonly SagaAnswer[], { color, now }: Eyes): string {
  const rows = sagas.map((saga) => [
    plain(saga.id),
    definitionText(saga),
    statusWord(saga.shown, color),
    ageText(saga, now),
    statusDetail(saga, now),
  ])
  return tableText(['ID', 'DEFINITION', 'STATUS', 'TOOK', 'DETAIL'], rows, color)
}

function tookText(step: StepAnswer, now: number): string {
  if (step.requestedAt === null) return ''
  const to = step.finishedAt === null ? now : Date.parse(step.finishedAt)
  return spanText(Math.max(0, to - Date.parse(step.requestedAt)))
}

function stepRow(step: StepAnswer, now: number): string[] {
  const again = step.retryAt === null ? '' : ` (next ${untilText(step.retryAt, now)})`
  const error = step.error === null ? '' : plain(`${step.error.code}: ${step.error.message ?? ''}`, 120)
  const name = step.direction === 'compensate' ? `undo ${step.step}` : step.step
  return [
    plain(name),
    `${step.status ?? ''}${again}`,
    String(step.attempts ?? 0),
    plain(step.participant ?? ''),
    tookText(step, now),
    error,
  ]
}

function adviceText({ shown, id, stuck }: SagaDetail): string {
  if (shown !== 'stuck') return ''
  const where = stuck?.step ? ` ${stuck.step} is mended` : ' the cause is mended'
  return [
    '',
    `It needs a person. Once${where}:`,
    `  kasaga retry ${id} --reason '...'`,
    'or, where it may still turn back:',
    `  kasaga cancel ${id} --reason '...'`,
  ].join('\n')
}

/** One saga with its steps; where it is stuck, what can be done. */
export function detailText(saga: SagaDetail, eyes: Eyes): string {
  const { color, now } = eyes
  const detail = statusDetail(saga, now)
  const head = `${styled('bold', plain(saga.id), color)}  ${definitionText(saga)}  ${statusWord(saga.shown, color)}`
  const lines = [
    detail === '' ? head : `${head}  ${detail}`,
    `started ${saga.startedAt ?? '?'}, ${saga.endedAt === null ? 'running for' : 'took'} ${ageText(saga, now)}`,
  ]
  if (saga.cancelRequested && saga.endedAt === null) lines.push('a cancel was asked for')
  if (saga.deadlineAt !== null && saga.endedAt === null) lines.push(`deadline ${untilText(saga.deadlineAt, now)}`)
  const rows = saga.steps.map((step) => stepRow(step, now))
  const table =
    rows.length === 0 ? '' : `\n${tableText(['STEP', 'STATUS', 'TRIES', 'PARTICIPANT', 'TOOK', 'ERROR'], rows, color)}`
  return [...lines, table, adviceText(saga)].filter((line) => line !== '').join('\n')
}

/** Events, one a line. */
export function historyText(events: readonly EventAnswer[], { color }: Eyes): string {
  const rows = events.map(({ seq, at, type, place, data }) => [
    String(seq),
    at ?? '',
    plain(type),
    place ? `${place.partition}/${place.offset}` : '',
    plain(JSON.stringify(data) ?? '', DATA_CHARS_MAX),
  ])
  return tableText(['SEQ', 'AT', 'EVENT', 'PLACE', 'DATA'], rows, color)
}
