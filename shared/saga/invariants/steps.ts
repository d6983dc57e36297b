/** Events about one step: whether it may begin (S4), stands where the event says (S3, S14), and is not too early (S15). */
import type { SagaEvent } from '../../message/events.ts'
import { isEnd, PARKED_FROM, type StepEvent, type StepEventType, standingAfter, stepRule } from '../legality.ts'
import { type Book, isDone, moveStep, type Reading, type StepBook, standingBehind, stepAt, unpark } from './book.ts'
import { expectCommand } from './commands.ts'
import type { PlannedStep } from './plan-outline.ts'
import { expectTime } from './times.ts'
import { oweFailure } from './turn.ts'
import { expectTurn, expectUndoInTurn, noteUndoParked } from './undo.ts'

/** Reads the event into the step that it names, which it answers. */
export function readStep(book: Book, reading: Reading<StepEvent>): StepBook | undefined {
  const { event, expect } = reading
  const step = stepAt(book, event.step)
  expect('S3', step !== undefined, `step ${event.step} stands in a scope that never began`)
  if (!step) return undefined
  if (isEnd(book.phase) && event.type !== 'late-success')
    expect('S1', step.late, `step ${step.path} did not succeed late, and the saga has ended`)
  if (BEGINNING.has(event.type)) expectMayBegin(book, step, reading)
  if (event.type === 'compensation-requested' || event.type === 'compensation-held')
    expectUndoInTurn(book, step, expect)
  if (event.type === 'undo-resolved') expectUndoInTurn(book, step, expect)
  expectStanding(book, step, reading)
  expectTime(step, reading)
  if (event.type === 'wait-ended' && event.requestId !== null) expectSignal(book, step, { ...reading, event })
  expectCommand(step, reading)
  expectOfPlan(book, step, reading)
  const rule = stepRule(event.type)
  if (step.parked && rule.parked !== 'never') unpark(book, step)
  if (event.type === 'compensation-held') expect('S3', step.child === undefined, `step ${step.path} is a child saga`)
  if (event.type === 'step-held' || event.type === 'compensation-held')
    step.held = { from: step.standing, participant: event.participant, key: event.key }
  moveStep(book, step, standingAfter(step.standing, event).to)
  noteStep(book, step, event)
  return step
}

const BEGINNING: ReadonlySet<StepEventType> = new Set([
  'step-requested',
  'step-held',
  'step-computed',
  'step-skipped',
  'wait-started',
  'block-started',
])

/** Which steps of a plan an event may be about. */
const OF_TYPE: { readonly [Type in StepEventType]?: ReadonlySet<PlannedStep['type']> } = {
  'step-requested': new Set(['command', 'child']),
  // What a child saga is told goes to no participant.
  'step-held': new Set(['command']),
  'step-computed': new Set(['local']),
  'wait-started': new Set(['sleep', 'signal']),
  'block-started': new Set(['parallel', 'choose', 'attempt', 'each', 'repeat']),
}

/** S4: so many of those that it depends on are done or skipped, and nothing is turning back before a pivot. */
function expectMayBegin(book: Book, step: StepBook, { event, expect }: Reading<StepEvent>): void {
  const { planned, scope } = step
  if (!book.plan) return
  expect('S4', planned !== undefined, `the plan has no step ${step.path}`)
  if (!planned) return
  expect('S3', OF_TYPE[event.type]?.has(planned.type) !== false, `step ${step.path} is one of ${planned.type}`)
  if (step.broughtOver) return
  const done = planned.after.filter((name) => isDone(scope.steps.get(name)?.standing ?? 'idle'))
  const wanted = `${planned.needs} of ${planned.after.join(', ')}`
  expect('S4', done.length >= planned.needs, `step ${step.path} needs ${wanted}; ${done.length} are done`)
  if (planned.isPivot && step.standing === 'idle' && event.type !== 'step-skipped')
    expect('S4', book.backward === 0, `the pivot ${step.path} begins while ${book.backward} scopes turn back`)
}

/** S3 by the tables; S14 where an answer came when nobody asked any more; S5 covers what an undo may be of. */
function expectStanding(book: Book, step: StepBook, { event, expect }: Reading<StepEvent>): void {
  const where = `step ${step.path} is ${step.standing}`
  const { phase } = step.scope
  const turned = phase === 'backward' || phase === 'undone'
  if (event.type === 'late-success') {
    expect('S14', turned || isEnd(book.phase), `${where}, and is not turned back`)
    expect('S14', step.standing === 'refused', where)
    return
  }
  const answers = event.type === 'step-succeeded' || event.type === 'step-rejected'
  if (answers && turned) {
    expect('S14', false, `${where}, and had turned back: the answer came too late`)
    return
  }
  const rule = stepRule(event.type)
  const way = rule.scope === 'forward' ? phase === 'forward' : phase === 'backward' || step.late
  expect('S3', way, `${where}, in a scope that is ${phase}`)
  const undoes = event.type === 'compensation-requested'
  expect('S3', undoes ? step.standing !== 'undoing' : standingAfter(step.standing, event).legal, where)
  if (rule.parked === 'never') expect('S3', !step.parked, `${where} and waits for a person`)
  if (rule.parked === 'must') expect('S3', step.parked, `${where} and waits for no person`)
  expectAsked(step, { event, expect })
}

/** S3: what was refused or given up is tried again when a person says so, and is heard while one is waited for. */
function expectAsked(step: StepBook, { event, expect }: Pick<Reading<StepEvent>, 'event' | 'expect'>): void {
  const where = `step ${step.path} is ${step.standing}`
  const given = step.standing === 'refused' || step.standing === 'unknown'
  if (event.type === 'step-resolved') {
    const parks = step.standing === 'idle' || given
    // What is held was not sent just now: it was not done when it had not been sent before, or was refused.
    const behind = standingBehind(step)
    const unsent = step.standing === 'held' && (behind === 'idle' || behind === 'refused')
    const known = step.standing === 'awaiting' || unsent || event.notDone !== true
    expect('S7', !event.notDone || !step.planned?.isPivot, `${where}, and the pivot is never skipped`)
    expect('S3', step.parked || (!parks && known), `${where}, and waits for no person`)
  }
  const begins = event.type === 'step-requested' || event.type === 'step-held'
  if (begins && given) expect('S3', step.retried, `${where}, and nobody said to try again`)
  if (event.type === 'step-failed' && step.standing === 'unknown')
    expect(
      'S3',
      event.error.kind === 'fatal' && step.child !== undefined,
      `${where}, and is no child saga that is over`,
    )
  if (event.type === 'step-succeeded' && step.standing === 'refused')
    expect('S3', step.parked, `${where}, and waits for no person`)
}

/** S23: a command is of the version that the saga runs on, and goes by the name that its participant knows. */
function expectOfPlan(book: Book, step: StepBook, { event, expect }: Reading<StepEvent>): void {
  if (event.type !== 'step-requested' && event.type !== 'compensation-requested') return
  const [is, runs] = [`${event.definition}@${event.version}`, `${book.definition}@${book.version}`]
  expect('S23', is === runs, `step ${step.path} is of ${is}, and the saga of ${runs}`)
  expect('S23', event.sentAs === step.sentAs, `step ${step.path} is sent as ${event.sentAs}, and was as ${step.sentAs}`)
}

type WaitEnded = Extract<SagaEvent, { type: 'wait-ended' }>

/** A wait is ended by a signal that has come, of its name, which ended no other. */
function expectSignal(book: Book, step: StepBook, { event, expect }: Reading<WaitEnded>): void {
  const signal = book.signals.get(event.requestId ?? '')
  expect('S3', signal !== undefined, `no signal ${event.requestId} has come`)
  if (!signal) return
  expect('S3', signal.name === step.signal, `step ${step.path} waits for ${step.signal}, and not for ${signal.name}`)
  expect('S3', signal.takenBy === undefined, `the signal ${event.requestId} ended step ${signal.takenBy}`)
  signal.takenBy = step.path
}

/** What the event leaves behind, beside where the step stands. */
function noteStep(book: Book, step: StepBook, event: StepEvent): void {
  switch (event.type) {
    case 'step-requested':
      step.retried = false
      if (event.letGo) book.owed = { step, what: 'done' }
      return
    case 'step-succeeded':
      if (step.planned?.isPivot) notePivot(step)
      return
    case 'step-rejected':
      step.childIsOver = true
      if (step.scope.phase === 'forward') oweFailure(book, step, 'rejected')
      return
    case 'step-failed':
      if (event.error.kind === 'fatal') step.childIsOver = true
      if (event.retryAt === null) oweFailure(book, step, 'given-up')
      return
    case 'step-resolved':
      if (step.planned?.isPivot) notePivot(step)
      return
    case 'failure-resolved':
      if (step.scope.phase === 'forward') oweFailure(book, step, 'rejected')
      return
    case 'wait-started':
      step.signal = event.signal
      return
    case 'compensation-requested':
      step.retried = false
      if (event.commandType === 'kasaga.cancel.v1') book.owed = { step, what: 'undone' }
      return
    case 'compensation-failed':
      if (event.retryAt === null) book.owed = { step, what: 'park' }
      return
    case 'compensation-succeeded':
    case 'undo-resolved':
      step.undone = true
      return
    case 'late-success':
      step.late = true
      return
  }
}

function notePivot(pivot: StepBook): void {
  for (let step = pivot; ; step = step.scope.block.step) {
    step.pastPivot = true
    if (!step.scope.block) return
  }
}

type Stuck = Extract<SagaEvent, { type: 'saga-stuck' }>

/** A step is parked: from then on it waits for a person, or an answer. */
export function readStuck(book: Book, { event, expect }: Reading<Stuck>): void {
  if (event.step === null) {
    expect('S3', !book.outputParked, 'the output waits for a person already')
    expect('S3', book.root.phase === 'forward', `the output is made, while the saga is ${book.root.phase}`)
    book.outputParked = true
    return
  }
  const step = stepAt(book, event.step)
  expect('S3', step !== undefined, `step ${event.step} stands in a scope that never began`)
  if (!step) return
  const { phase } = step.scope
  expect('S4', !book.plan || step.planned !== undefined, `the plan has no step ${step.path}`)
  if (isEnd(book.phase)) expect('S1', step.late, `step ${step.path} did not succeed late, and the saga has ended`)
  const way = phase === 'forward' ? 'forward' : phase === 'backward' || step.late ? 'backward' : undefined
  const legal = way !== undefined && PARKED_FROM[way].has(step.standing)
  expect('S3', legal && !step.parked, `step ${step.path} is ${step.standing}${step.parked ? ' and parked' : ''}`)
  if (way === 'backward') (event.error.kind === 'person' ? expectUndoInTurn : expectTurn)(book, step, expect)
  if (way === 'backward') noteUndoParked(step)
  if (step.held && standingBehind(step) !== step.standing) {
    // Its turn had come, and its command could not be made.
    moveStep(book, step, step.held.from)
    step.retried = false
  }
  step.parked = true
  book.parked.add(step)
}

/** A person says: try again one step, perhaps with another payload. */
function readRetryOf(book: Book, path: string, { event, expect }: Reading): void {
  const step = stepAt(book, path)
  const invariant = isEnd(book.phase) ? 'S1' : 'S3'
  expect(invariant, step?.parked === true, `step ${path} waits for no person`)
  if (!step) return
  step.notBefore = Number.NEGATIVE_INFINITY
  step.retried = true
  if (step.parked) unpark(book, step)
  if (event.type === 'step-edited') step.edited = { ...step.edited, [event.direction]: JSON.stringify(event.payload) }
}

/** A person says: try again, all that is parked or one step, and wait for no timer. */
export function readRetry(
  book: Book,
  reading: Reading<Extract<SagaEvent, { type: 'retry-requested' | 'step-edited' }>>,
): void {
  const { event, expect } = reading
  if (event.step !== undefined) {
    readRetryOf(book, event.step, reading)
    return
  }
  const asked = book.parked.size > 0 || book.outputParked
  expect(isEnd(book.phase) ? 'S1' : 'S3', asked, 'nothing waits for a person')
  for (const step of book.parked) {
    step.notBefore = Number.NEGATIVE_INFINITY
    step.retried = true
    unpark(book, step)
  }
  book.outputParked = false
}
