/**
 * The invariants of one saga, checked on its events alone, by rules that share nothing with `decide` and `evolve`.
 * Tests hold the core against them; an auditor runs them over any log, with the plan or without it.
 */
import type { Attributes, EventEnvelope, SagaEvent } from '../message/events.ts'
import {
  expectAllDone,
  expectAtEnd,
  openBlock,
  readScopeCompensated,
  readScopeCompleted,
  readScopeStarted,
} from './invariants/blocks.ts'
import {
  type Book,
  type Expect,
  type MovedTo,
  moveScope,
  newBook,
  type Reading,
  type Violation,
} from './invariants/book.ts'
import { readForked, readGiven } from './invariants/fork.ts'
import { expectFrees } from './invariants/locks.ts'
import { readMoved } from './invariants/moved.ts'
import { expectAnswered, expectStranger, readAnswer, readUndoAsked } from './invariants/parent.ts'
import type { PlannedStep, PlanOutline } from './invariants/plan-outline.ts'
import { readRetry, readStep, readStuck } from './invariants/steps.ts'
import { expectOwed, readTurn } from './invariants/turn.ts'
import { expectAllUndone } from './invariants/undo.ts'
import { isEnd, isStepEvent, mayFollowEnd, type StepEvent, sagaAfter } from './legality.ts'

export type { InvariantId, Violation } from './invariants/book.ts'
export { outlineOf, type PlanOutline } from './invariants/plan-outline.ts'

/**
 * Every breach of S1, S3-S7, S10, S14, S15 and S26 in one saga's history, which starts with the saga's first event.
 * `movedTo`: plans of the versions that it was moved to. Without the plan, what only the plan tells is read off the events where they tell it, and not checked where not.
 */
export function violations(
  history: readonly EventEnvelope[],
  plan?: PlanOutline,
  movedTo?: MovedTo,
): readonly Violation[] {
  const book = newBook(history, { plan, movedTo })
  for (const envelope of history) read(book, envelope)
  return book.found
}

/** The same of a history that grows: what each event breaks is told as it comes. Needs the plan; without it, of a move on nothing is told. */
export class FollowedSaga {
  readonly #plan: PlanOutline | undefined
  readonly #movedTo: MovedTo
  #book: Book | undefined
  #isMoved = false
  #told = 0

  constructor(plan: PlanOutline | undefined, movedTo: MovedTo) {
    this.#plan = plan
    this.#movedTo = movedTo
  }

  take(envelope: EventEnvelope): readonly Violation[] {
    this.#isMoved ||= envelope.event.type === 'saga-migrated'
    if (this.#isMoved || !this.#plan) return []
    this.#book ??= newBook([envelope], { plan: this.#plan, movedTo: this.#movedTo })
    read(this.#book, envelope)
    const { found } = this.#book
    const fresh = found.slice(this.#told)
    this.#told = found.length
    return fresh
  }
}

function read(book: Book, envelope: EventEnvelope): void {
  const { event, seq, at } = envelope
  const expect: Expect = (invariant, holds, message) => {
    if (!holds) book.found.push({ invariant, message: `${event.type}: ${message}`, seq })
  }
  const mayBe = expectOrder(book, envelope, expect)
  const to = sagaAfter(book.phase, event).to
  expect('S3', !book.paused || !BEGINS.has(event.type), 'begins something while the saga is paused')
  if (mayBe) {
    expectOwed(book, { event, at, expect })
    if (isStepEvent(event)) readStepEvent(book, { event, at, expect })
    else readSaga(book, { event, at, expect })
  }
  if (event.type !== 'parent-answered' && event.type !== 'turn-yielded') book.answeredParent = false
  if (mayBe) book.phase = to
  book.seq = seq
}

/** What a paused saga does not do. */
const BEGINS: ReadonlySet<SagaEvent['type']> = new Set([
  'step-requested',
  'step-held',
  'step-skipped',
  'step-computed',
  'wait-started',
  'block-started',
  'scope-started',
  'compensation-requested',
  'compensation-held',
  'retry-requested',
  'step-edited',
  'saga-completed',
  'saga-compensated',
])

/** S1, and S3 of the saga; answers whether the event can be read at all. */
function expectOrder(book: Book, { event, seq, sagaId }: EventEnvelope, expect: Expect): boolean {
  expect('S1', seq === book.seq + 1, `seq ${seq} follows ${book.seq}`)
  expect('S1', sagaId === book.sagaId, `of saga ${sagaId}, in the history of ${book.sagaId}`)
  const starts = event.type === 'saga-started' || event.type === 'saga-voided'
  expect('S1', starts === (book.phase === 'none'), 'a saga has one start, and begins with it')
  const ended = isEnd(book.phase)
  if (ended) expect('S1', mayFollowEnd(book.phase, event.type), `follows the end: the saga is ${book.phase}`)
  if (starts || ended) return ended ? mayFollowEnd(book.phase, event.type) : book.phase === 'none'
  // An answer to a step that turned back is told as S14, of the step.
  const late = event.type === 'step-succeeded' || event.type === 'step-rejected'
  const legal = book.phase === 'none' || late || sagaAfter(book.phase, event).legal
  expect('S3', legal, `not legal while the saga is ${book.phase}`)
  return true
}

function readStepEvent(book: Book, reading: Reading<StepEvent>): void {
  const { event, at, expect } = reading
  const step = readStep(book, reading)
  if (!step) return
  if ('attributes' in event && step.planned) expectFound(step.planned, event.attributes, expect)
  if (event.type === 'block-started') openBlock(step, { event, at, expect })
  if (event.type === 'block-completed') expectAtEnd(step, expect)
}

/** S3: a saga is found by what its plan takes from the step, and by nothing else. */
function expectFound({ name, finds }: PlannedStep, attributes: Attributes = {}, expect: Expect): void {
  const others = Object.keys(attributes).filter((one) => !finds.includes(one))
  expect('S3', others.length === 0, `it is found by ${others}, which the plan does not take from ${name}`)
}

function readSaga(book: Book, { event, at, expect }: Reading<Exclude<SagaEvent, StepEvent>>): void {
  switch (event.type) {
    case 'saga-started':
      book.deadlineAt = event.deadlineAt
      book.definition = event.definition
      book.version = event.version
      book.pivot = event.pivot
      book.parent = event.parent
      readGiven(book, { event, at, expect })
      return
    case 'saga-voided':
      book.parent = event.parent
      return
    case 'compensation-started':
      readTurn(book, { event, at, expect })
      return
    case 'scope-started':
      readScopeStarted(book, { event, at, expect })
      return
    case 'scope-completed':
      readScopeCompleted(book, { event, at, expect })
      return
    case 'scope-compensated':
      readScopeCompensated(book, { event, at, expect })
      return
    case 'saga-stuck':
      readStuck(book, { event, at, expect })
      return
    case 'saga-paused':
    case 'saga-resumed':
      expect('S3', book.paused === (event.type === 'saga-resumed'), `the saga is ${book.paused ? '' : 'not '}paused`)
      book.paused = event.type === 'saga-paused'
      return
    case 'saga-migrated':
      readMoved(book, { event, at, expect })
      return
    case 'retry-requested':
    case 'step-edited':
      readRetry(book, { event, at, expect })
      return
    case 'signal-received':
      book.signals.set(event.requestId, { name: event.name, takenBy: undefined })
      return
    case 'cancel-refused':
      // Without the plan this is how a log tells that the pivot is past.
      if (event.why === 'past-pivot') book.pastPivot = true
      return
    case 'undo-requested':
      readUndoAsked(book, { event, at, expect })
      return
    case 'parent-answered':
      readAnswer(book, { event, at, expect })
      return
    case 'parent-refused':
      expectStranger(book, { event, at, expect })
      return
    case 'saga-forked':
      readForked(book, { event, at, expect })
      return
    case 'saga-killed':
    case 'saga-completed':
    case 'saga-compensated':
      readEnd(book, { event, at, expect })
      return
    case 'cancel-requested':
    case 'turn-yielded':
  }
}

type End = Extract<SagaEvent, { type: 'saga-killed' | 'saga-completed' | 'saga-compensated' }>

function readEnd(book: Book, { event, expect }: Reading<End>): void {
  expectAnswered(book, expect)
  expectFrees(book, event, expect)
  if (event.type === 'saga-killed') return
  const parked = book.parked.size + (book.outputParked ? 1 : 0)
  expect('S3', parked === 0, `${parked} steps wait for a person`)
  if (event.type === 'saga-completed') {
    expectAllDone(book.root, expect)
    expect('S5', book.backward === 0, `${book.backward} scopes are not undone`)
    moveScope(book, book.root, 'done')
  } else {
    expectAllUndone(book, book.root, expect)
    moveScope(book, book.root, 'undone')
  }
}
