/**
 * The invariants of one saga, checked on its events alone, by rules that share nothing with `decide` and `evolve`.
 * Tests hold the core against them; an auditor runs them over any log, with the plan or without it.
 */
import type { EventEnvelope, RequestedCommand, SagaEvent } from '../message/events.ts'
import type { Definition } from './definition.ts'
import {
  isBack,
  isStepEvent,
  type Phase,
  phaseAfter,
  type Standing,
  type StepEvent,
  standingAfter,
} from './legality.ts'

export type InvariantId = 'S1' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S10' | 'S14' | 'S15'

export interface Violation {
  readonly invariant: InvariantId
  readonly message: string
  /** Of the event that broke it. */
  readonly seq?: number
}

/** As much of a definition as the invariants ask for, in the order that the steps run. */
export type PlanOutline = readonly PlannedStep[]

export interface PlannedStep {
  readonly name: string
  readonly hasUndo: boolean
  readonly isPivot: boolean
}

export function outlineOf(definition: Pick<Definition, 'steps'>): PlanOutline {
  return definition.steps.map((step) => ({
    name: step.name,
    hasUndo: step.type === 'command' && step.undo !== undefined,
    isPivot: step.kind === 'pivot',
  }))
}

/** What the events said of one step so far. */
interface StepBook {
  readonly name: string
  standing: Standing
  attempts: number
  undoAttempts: number
  undone: boolean
  /** No timer of the step may fire before: as the newest event that names a time says. */
  notBefore: number
}

/** What the events said of the saga so far. */
interface Book {
  readonly plan: PlanOutline | undefined
  readonly undoable: ReadonlySet<string>
  /** In the order that they were armed. */
  readonly steps: Map<string, StepBook>
  readonly found: Violation[]
  phase: Phase
  seq: number
  sagaId: string | undefined
  deadlineAt: number | null
  pastPivot: boolean
}

/**
 * Every breach of S1, S3-S7, S10, S14 and S15 in one saga's history, which starts with the saga's first event.
 * Without the plan, what only the plan tells is read off the events where they tell it, and not checked where not.
 */
export function violations(history: readonly EventEnvelope[], plan?: PlanOutline): readonly Violation[] {
  const book: Book = {
    plan,
    undoable: plan ? new Set(plan.filter((step) => step.hasUndo).map((step) => step.name)) : undoneAnywhere(history),
    steps: new Map(),
    found: [],
    phase: 'none',
    seq: 0,
    sagaId: history[0]?.sagaId,
    deadlineAt: null,
    pastPivot: false,
  }
  for (const envelope of history) read(book, envelope)
  return book.found
}

/** A step that is ever compensated has a compensation. */
function undoneAnywhere(history: readonly EventEnvelope[]): Set<string> {
  return new Set(history.flatMap(({ event }) => (event.type === 'compensation-requested' ? [event.step] : [])))
}

function read(book: Book, envelope: EventEnvelope): void {
  const { event, seq } = envelope
  const expect = (invariant: InvariantId, holds: boolean, message: string): void => {
    if (!holds) book.found.push({ invariant, message: `${event.type}: ${message}`, seq })
  }
  expectOrder(book, envelope, expect)
  expectPhase(book, event, expect)
  if (isStepEvent(event)) readStep(book, { ...envelope, event }, expect)
  else readSaga(book, envelope, expect)
  book.phase = phaseAfter(book.phase, event.type).to
  book.seq = seq
}

type Expect = (invariant: InvariantId, holds: boolean, message: string) => void

function expectOrder(book: Book, { event, seq, sagaId }: EventEnvelope, expect: Expect): void {
  expect('S1', seq === book.seq + 1, `seq ${seq} follows ${book.seq}`)
  expect('S1', sagaId === book.sagaId, `of saga ${sagaId}, in the history of ${book.sagaId}`)
  expect('S1', (event.type === 'saga-started') === (book.phase === 'none'), 'a saga has one start, and begins with it')
  expect('S1', book.phase !== 'ended', 'follows the end of the saga')
}

function expectPhase(book: Book, event: SagaEvent, expect: Expect): void {
  if (book.phase === 'none' || book.phase === 'ended' || event.type === 'saga-started') return
  const late = isBack(book.phase) && (event.type === 'step-succeeded' || event.type === 'step-rejected')
  if (late) expect('S14', false, 'the saga had turned back: this answer came too late to change that')
  else expect('S3', phaseAfter(book.phase, event.type).legal, `not legal while ${book.phase}`)
}

function readSaga(book: Book, { event, at }: EventEnvelope, expect: Expect): void {
  switch (event.type) {
    case 'step-skipped':
    case 'step-computed':
    case 'wait-started':
    case 'wait-ended':
      readUnsent(book, { event, at }, expect)
      return
    case 'saga-started':
      book.deadlineAt = event.deadlineAt
      return
    case 'compensation-started':
      expect('S7', !book.pastPivot, 'the pivot is past')
      expectPivotSettled(book, expect)
      if (event.cause.kind === 'deadline') expectDeadline(book, at, expect)
      for (const step of book.steps.values()) turnBack(step)
      return
    case 'cancel-refused':
      // Without the plan this is how a log tells that the pivot is past.
      if (event.why === 'past-pivot') book.pastPivot = true
      return
    case 'retry-requested':
      // A person's word: what is tried next waits for no timer.
      for (const step of book.steps.values()) step.notBefore = Number.NEGATIVE_INFINITY
      return
    case 'saga-completed':
      expectAllDone(book, expect)
      return
    case 'saga-compensated':
      expectAllUndone(book, expect)
      return
  }
}

/** A pivot that is out, or was given up, may be done: what it would be S7 to undo. */
function expectPivotSettled(book: Book, expect: Expect): void {
  const pivot = book.plan?.find((step) => step.isPivot)
  const standing = (pivot && book.steps.get(pivot.name)?.standing) ?? 'idle'
  const mayBeDone = standing === 'armed' || standing === 'waiting' || standing === 'unknown'
  expect('S7', !mayBeDone, `the pivot is ${standing}, and may be done`)
}

function expectDeadline(book: Book, at: number, expect: Expect): void {
  expect('S15', book.deadlineAt !== null, 'the saga has no deadline')
  expect('S15', at >= (book.deadlineAt ?? at), `at ${at}, before the deadline ${book.deadlineAt}`)
}

/** A step that is open when the saga turns back may have been done. */
function turnBack(step: StepBook): void {
  if (step.standing === 'armed' || step.standing === 'waiting') step.standing = 'unknown'
  else if (step.standing === 'awaiting') step.standing = 'skipped'
}

function expectAllDone(book: Book, expect: Expect): void {
  const names = book.plan?.map((step) => step.name) ?? [...book.steps.keys()]
  for (const name of names) {
    const standing = book.steps.get(name)?.standing ?? 'idle'
    expect('S4', isDone(standing), `step ${name} is ${standing}`)
  }
}

/** S5: exactly the steps whose effect is done or unknown, as far as they can be undone. */
function expectAllUndone(book: Book, expect: Expect): void {
  for (const { name, standing } of book.steps.values()) {
    const due = book.undoable.has(name) && standing !== 'refused' && standing !== 'skipped'
    expect('S5', !due || standing === 'undone', `step ${name} is ${standing} and was not undone`)
  }
}

function readStep(book: Book, envelope: EventEnvelope & { readonly event: StepEvent }, expect: Expect): void {
  const { event, at } = envelope
  const known = book.steps.get(event.step)
  const step = known ?? newStep(event.step)
  if (event.type === 'step-requested') expectBeforeDone(book, step, expect)
  if (event.type === 'compensation-requested') expectUndoInTurn(book, step, expect)
  else expect('S3', standingAfter(step.standing, event)?.legal === true, `step ${step.name} is ${step.standing}`)
  expectTime(step, event, { at, expect })
  expectCommand(step, envelope, expect)
  if (!known && event.type === 'step-requested') book.steps.set(step.name, step)
  step.standing = standingAfter(step.standing, event)?.to ?? step.standing
  step.undone ||= event.type === 'compensation-succeeded'
  if (event.type === 'step-succeeded' && book.plan?.some((planned) => planned.isPivot && planned.name === step.name))
    book.pastPivot = true
}

function isDone(standing: Standing): boolean {
  return standing === 'done' || standing === 'skipped'
}

type UnsentEvent = Extract<SagaEvent, { type: 'step-skipped' | 'step-computed' | 'wait-started' | 'wait-ended' }>

/** A step that sends nothing: begins in its turn (S4), once (S3), and does not end before its time (S15). */
function readUnsent(book: Book, { event, at }: { event: UnsentEvent; at: number }, expect: Expect): void {
  const step = book.steps.get(event.step) ?? newStep(event.step)
  const from = event.type === 'wait-ended' ? 'awaiting' : 'idle'
  expect('S3', step.standing === from, `step ${step.name} is ${step.standing}`)
  if (event.type !== 'wait-ended') expectBeforeDone(book, step, expect)
  else if (event.requestId === null)
    expect('S15', at >= step.notBefore, `at ${at}, due at ${step.notBefore} for step ${step.name}`)
  step.standing = STANDING_AFTER[event.type]
  if (event.type === 'wait-started') step.notBefore = event.until ?? Number.POSITIVE_INFINITY
  book.steps.set(step.name, step)
}

const STANDING_AFTER: { readonly [Type in UnsentEvent['type']]: Standing } = {
  'step-skipped': 'skipped',
  'step-computed': 'done',
  'wait-started': 'awaiting',
  'wait-ended': 'done',
}

function newStep(name: string): StepBook {
  return { name, standing: 'idle', attempts: 0, undoAttempts: 0, undone: false, notBefore: Number.NEGATIVE_INFINITY }
}

/** S4: a step is sent when all before it have succeeded; without the plan, when all that were armed have. */
function expectBeforeDone(book: Book, step: StepBook, expect: Expect): void {
  const place = book.plan?.findIndex((planned) => planned.name === step.name)
  expect('S4', place !== -1, `the plan has no step ${step.name}`)
  const before = book.plan?.slice(0, Math.max(place ?? 0, 0)).map((planned) => planned.name) ?? [...book.steps.keys()]
  for (const name of before) {
    const standing = book.steps.get(name)?.standing ?? 'idle'
    expect('S4', name === step.name || isDone(standing), `step ${name} before ${step.name} is ${standing}`)
  }
}

/** What is not, or no longer, to be undone. */
const SETTLED: ReadonlySet<Standing> = new Set(['refused', 'undone', 'skipped'])
const UNDO_LEGAL: ReadonlySet<Standing> = new Set(['done', 'unknown', 'undo-waiting', 'undo-failed'])

/** S5: only a step that may have been done, once. S6: only when those after it are undone. S7: never past the pivot. */
function expectUndoInTurn(book: Book, step: StepBook, expect: Expect): void {
  expect('S7', !book.pastPivot, `step ${step.name}, and the pivot is past`)
  expect('S5', book.undoable.has(step.name), `step ${step.name} has no compensation`)
  expect('S5', !step.undone, `step ${step.name} is undone already`)
  expect('S5', step.undone || UNDO_LEGAL.has(step.standing), `step ${step.name} is ${step.standing}`)
  const armed = [...book.steps.values()]
  const later = armed.slice(armed.indexOf(step) + 1)
  for (const other of later) {
    const due = book.undoable.has(other.name) && !SETTLED.has(other.standing)
    expect('S6', !due, `step ${step.name} before ${other.name}, which is ${other.standing}`)
  }
}

/** S15: what a timer causes is not before the time that was said. */
function expectTime(step: StepBook, event: StepEvent, when: { at: number; expect: Expect }): void {
  const requested = event.type === 'step-requested' || event.type === 'compensation-requested'
  const timedOut = 'error' in event && event.error.kind === 'timeout'
  const waited = requested && (step.standing === 'waiting' || step.standing === 'undo-waiting')
  if (timedOut || waited)
    when.expect('S15', when.at >= step.notBefore, `at ${when.at}, due at ${step.notBefore} for step ${step.name}`)
  if ('timeoutAt' in event) step.notBefore = event.timeoutAt
  else if ('retryAt' in event && event.retryAt !== null) step.notBefore = event.retryAt
}

/** S10: what asks for a command says all of it, and no two ask for the same. */
function expectCommand(
  step: StepBook,
  { event, at }: EventEnvelope & { readonly event: StepEvent },
  expect: Expect,
): void {
  if (event.type === 'step-requested') {
    step.attempts++
    expect('S10', event.attempt === step.attempts, `attempt ${event.attempt} of ${step.name} is its ${step.attempts}.`)
    expectWhole(event, at, expect)
  } else if (event.type === 'compensation-requested') {
    step.undoAttempts++
    expect(
      'S10',
      event.attempt === step.undoAttempts,
      `undo ${event.attempt} of ${step.name} is its ${step.undoAttempts}.`,
    )
    expectWhole(event, at, expect)
  } else if ('attempt' in event) {
    const sent = event.type.startsWith('step-') ? step.attempts : step.undoAttempts
    expect('S10', event.attempt >= 1 && event.attempt <= sent, `attempt ${event.attempt} of ${step.name} was not sent`)
  }
}

function expectWhole(command: RequestedCommand, at: number, expect: Expect): void {
  const { participant, commandType, definition, version, payload, timeoutAt } = command
  expect('S10', participant !== '' && commandType !== '' && definition !== '', 'a part of the command is missing')
  expect('S10', Number.isInteger(version) && version >= 1, `version ${version}`)
  expect('S10', payload !== undefined, 'the command has no payload')
  expect('S10', Number.isFinite(timeoutAt) && timeoutAt >= at, `given up at ${timeoutAt}, before it was sent at ${at}`)
}
