/** A saga, and lists of sagas and events, for a person to read. */
import type { EventAnswer, SagaAnswer, SagaDetail, StepAnswer } from '../../../shared/client/http-api.ts'
import { PRIORITY } from '../../../shared/message/priority.ts'
import type { Eyes } from './eyes.ts'
import { waitsForText } from './lock-text.ts'
import { plain } from './plain.ts'
import { sinceText, spanText, untilText } from './spans.ts'
import { statusDetail, statusWord, styled } from './status-text.ts'
import { depthOf, inTreeOrder } from './step-tree.ts'
import { tableText } from './tables.ts'

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

function whoText({ participant, block, child, lock }: StepAnswer): string {
  if (lock) return plain(`lock ${lock.resource}`)
  return plain(child === null ? (participant ?? block ?? '') : `saga ${child}`)
}

function stepRow(step: StepAnswer, now: number): string[] {
  const again = step.retryAt === null ? '' : ` (next ${untilText(step.retryAt, now)})`
  const held = step.heldAt === null ? '' : ` (${sinceText(step.heldAt, now)})`
  const name = step.direction === 'compensate' ? `undo ${step.step}` : step.step
  return [
    `${indent(step.step)}${plain(name)}`,
    `${step.status ?? ''}${again}${held}`,
    String(step.attempts ?? 0),
    whoText(step),
    tookText(step, now),
    lastWords(step, now),
  ]
}

/** What went wrong with it; else, while it is at work, what was last heard of it. */
function lastWords({ error, status, progress }: StepAnswer, now: number): string {
  if (error) return plain(`${error.code}: ${error.message ?? ''}`, 120)
  if (status !== 'progressed' || !progress) return ''
  const { payload, at, cutFrom } = progress
  const text = cutFrom === null ? JSON.stringify(payload) : String(payload)
  return `${sinceText(at, now)}: ${plain(text, 100)}`
}

const indent = (path: string) => '  '.repeat(depthOf(path))

/** The code under which a step is parked that only a person can undo. */
const BY_HAND = 'undo-by-hand'

function parkedText({ parked }: SagaDetail): string[] {
  if (parked.length < 2) return []
  return ['', 'It waits for a person at:', ...parked.map(({ step, code, message }) => parkedLine(step, code, message))]
}

function parkedLine(step: string | null, code: string | null, message: string | null): string {
  return `  ${plain(`${step ?? 'its end'}: ${code ?? ''}: ${message ?? ''}`, 160)}`
}

function stoppedText(id: string): string {
  return [
    '',
    'To decide on it fails, which is a bug: nothing is decided for it, and what comes for it becomes a dead letter.',
    'Where that is mended, or was passing, this tries it again, and puts its dead letters back:',
    `  kasaga retry ${id} --reason '...'`,
  ].join('\n')
}

function adviceText(saga: SagaDetail): string {
  const { shown, id, stuck, parked } = saga
  if (shown === 'paused') return `\nNothing new is begun until it goes on:\n  kasaga resume ${id} --reason '...'`
  if (shown === 'stopped') return stoppedText(id)
  if (shown !== 'stuck') return ''
  const byHand = parked.filter(({ code }) => code === BY_HAND)
  const resolves = byHand.map(({ step }) => `  kasaga resolve ${id} --step '${plain(step ?? '')}' --reason '...'`)
  const undo = resolves.length === 0 ? [] : ['Once that is undone by hand:', ...resolves]
  const where = stuck?.step ? ` ${plain(stuck.step)} is mended` : ' the cause is mended'
  const retry = [
    `It needs a person. Once${where}:`,
    `  kasaga retry ${id} --reason '...'`,
    'or, where it may still turn back:',
    `  kasaga cancel ${id} --reason '...'`,
    'or skip, edit or resolve a step: see kasaga skip --help and its like',
  ]
  const mend = byHand.length === parked.length && byHand.length > 0 ? [] : retry
  return [...parkedText(saga), '', ...undo, ...mend].join('\n')
}

/** Where it comes from, what it can be found by, and what happened to it that must not. */
function noteLines({ parent, origin, incident, attributes, priority }: SagaDetail): string[] {
  const lines: string[] = []
  const found = Object.entries(attributes).map(([name, value]) => `${name}=${value}`)
  if (found.length > 0) lines.push(plain(found.join(' ')))
  if (priority !== null && priority !== PRIORITY) lines.push(`priority ${priority}`)
  if (parent) lines.push(plain(`started by ${parent.saga}, step ${parent.step}`))
  if (origin) lines.push(plain(`fork of ${origin.saga}, from step ${origin.step}`))
  if (incident) {
    const { kind, actor, reason } = incident
    lines.push(plain(`INCIDENT: ${kind} by ${actor ?? 'somebody'}, nothing was undone: ${reason ?? ''}`))
  }
  return lines
}

/** What it waits for, where that is a lock that others hold. */
function lockLines({ steps }: SagaDetail, now: number): string[] {
  return steps.flatMap(({ lock, direction, status }) =>
    lock && direction === 'forward' && status === 'requested' ? [waitsForText(lock, now)] : [],
  )
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
  lines.push(...noteLines(saga))
  lines.push(...lockLines(saga, now))
  if (saga.cancelRequested && saga.endedAt === null) lines.push('a cancel was asked for')
  if (saga.deadlineAt !== null && saga.endedAt === null) lines.push(`deadline ${untilText(saga.deadlineAt, now)}`)
  const rows = inTreeOrder(saga.steps).map((step) => stepRow(step, now))
  const table =
    rows.length === 0
      ? ''
      : `\n${tableText(['STEP', 'STATUS', 'TRIES', 'PARTICIPANT', 'TOOK', 'LAST WORDS'], rows, color)}`
  return [...lines, table, adviceText(saga)].filter((line) => line !== '').join('\n')
}

/** The step or scope that an event is about; empty: the saga itself. */
function pathOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return ''
  if ('step' in data && typeof data.step === 'string') return data.step
  return 'scope' in data && typeof data.scope === 'string' ? data.scope : ''
}

/** Events, one a line. */
export function historyText(events: readonly EventAnswer[], { color }: Eyes): string {
  const rows = events.map(({ seq, at, type, place, data }) => [
    String(seq),
    at ?? '',
    `${indent(pathOf(data))}${plain(type)}`,
    place ? `${place.partition}/${place.offset}` : '',
    plain(JSON.stringify(data) ?? '', DATA_CHARS_MAX),
  ])
  return tableText(['SEQ', 'AT', 'EVENT', 'PLACE', 'DATA'], rows, color)
}
