/** Turning back: of the saga, or of one scope whose block bears it. */
import type { CompensationCause, SagaEvent } from '../../message/events.ts'
import { isWithin } from '../../message/step-path.ts'
import { SCOPE_BEFORE } from '../legality.ts'
import {
  type Book,
  canBeUndone,
  type Expect,
  mayStand,
  moveScope,
  moveStep,
  type Reading,
  type ScopeBook,
  type StepBook,
  standingBehind,
  stepAt,
  unpark,
} from './book.ts'

type Turned = Extract<SagaEvent, { type: 'compensation-started' }>

export function readTurn(book: Book, reading: Reading<Turned>): void {
  const { event, expect } = reading
  const scope = book.scopes.get(event.scope ?? '')
  expect('S3', scope !== undefined, `scope ${event.scope} never began`)
  if (!scope) return
  const afterEnd = scope === book.root && book.phase === 'completed' && event.cause.kind === 'parent'
  const from = afterEnd ? 'done' : SCOPE_BEFORE[event.type]
  expect('S3', scope.phase === from, `${named(scope)} is ${scope.phase}`)
  expect('S7', scope !== book.root || !book.pastPivot, 'the pivot is past')
  expectCause(book, scope, reading)
  if (scope.phase !== 'forward' && scope.phase !== 'done') return
  // What is parked on the way forward is asked for no more: the output too.
  if (scope === book.root) book.outputParked = false
  const due: StepBook[] = []
  turn(book, scope, { with: scope, due, expect })
  if (book.plan?.compensation === 'sequential') scope.due = due.sort(byBeginning)
}

function named(scope: ScopeBook): string {
  return scope.block ? `scope ${scope.path}` : 'the saga'
}

function expectCause(book: Book, scope: ScopeBook, { event: { cause }, at, expect }: Reading<Turned>): void {
  switch (cause.kind) {
    case 'rejected':
    case 'failed':
      expectFailure(book, scope, { cause, at, expect })
      return
    case 'superseded': {
      const done = scope.block?.at.done ?? 0
      expect('S3', scope.block?.kind === 'parallel', `nothing supersedes ${named(scope)}`)
      const enough = scope.block?.step.planned?.block?.enough ?? 1
      expect('S3', done >= enough, `${done} branches are done, of ${enough} that are enough`)
      return
    }
    case 'parent':
      expect('S3', book.undoAsked > 0, 'no parent has asked')
      break
    case 'deadline':
      expect('S15', book.deadlineAt !== null, 'the saga has no deadline')
      expect('S15', at >= (book.deadlineAt ?? at), `at ${at}, before the deadline ${book.deadlineAt}`)
      break
    case 'cancelled':
  }
  expect('S3', scope === book.root, `${named(scope)} alone cannot be ${cause.kind}`)
}

type Failure = Extract<CompensationCause, { kind: 'rejected' | 'failed' }>

interface FailureReading {
  readonly cause: Failure
  readonly at: number
  readonly expect: Expect
}

/** What turns back is what the failed step takes with it: no less, and no more where a block bears the failure. */
function expectFailure(book: Book, scope: ScopeBook, { cause, at, expect }: FailureReading): void {
  const step = stepAt(book, cause.step)
  expect('S3', step !== undefined, `step ${cause.step} stands in a scope that never began`)
  if (!step) return
  expect('S3', hasFailed(step, cause), `step ${step.path} is ${step.standing}`)
  expect('S3', step.planned?.kind !== 'retriable', `step ${step.path} may only go forward`)
  if (step.standing === 'awaiting' && cause.error.kind === 'timeout')
    expect('S15', at >= step.notBefore, `at ${at}, due at ${step.notBefore} for step ${step.path}`)
  const takes = takenBack(book, step.scope)
  const right = takes.includes(scope)
  expect('S3', right, `${named(scope)} turns back, where step ${step.path} takes back ${takes.map(named).join(' or ')}`)
}

const FAILED: { readonly [Kind in Failure['kind']]: ReadonlySet<StepBook['standing']> } = {
  rejected: new Set(['refused', 'awaiting']),
  failed: new Set(['unknown', 'awaiting']),
}

function hasFailed(step: StepBook, { kind }: Failure): boolean {
  const { standing, block, attempts } = step
  // A wait may be answered with a no; a block is at its limit when all its rounds are done.
  if (block) return kind === 'failed' && block.kind === 'repeat' && block.at.done === block.scopes.length
  return (standing === 'done' && attempts === 0) || FAILED[kind].has(standing)
}

/** Which scope a failure in this one takes back; more than one where the log alone does not tell what is borne. */
function takenBack(book: Book, failing: ScopeBook): ScopeBook[] {
  const possible: ScopeBook[] = []
  for (let scope = failing; ; scope = scope.block.step.scope) {
    if (!scope.block) return [...possible, scope]
    const borne = bearsFailure(scope)
    if (borne === 'yes') return [...possible, scope]
    if (borne === 'perhaps' && !book.plan) possible.push(scope)
  }
}

function bearsFailure({ block }: ScopeBook): 'yes' | 'no' | 'perhaps' {
  if (!block || block.kind === 'choose' || block.kind === 'repeat') return 'no'
  const planned = block.step.planned?.block
  if (!planned) return 'perhaps'
  const failed = block.at.backward + block.at.undone
  const borne = {
    parallel: planned.plans.size - failed - 1 >= planned.enough,
    each: failed + 1 <= planned.toleratedOf(block.count),
    attempt: block.scopes.length < planned.plans.size,
  }
  return borne[block.kind] ? 'yes' : 'no'
}

interface Turn {
  readonly with: ScopeBook
  readonly due: StepBook[]
  readonly expect: Expect
}

/** What went forward in the scope turns back with it; what had turned back before goes on as it was. */
function turn(book: Book, scope: ScopeBook, way: Turn): void {
  if (scope.phase !== 'forward' && scope.phase !== 'done') return
  moveScope(book, scope, 'backward')
  scope.turnedWith = way.with
  for (const step of scope.steps.values()) {
    expectBeforePivot(step, way.expect)
    if (step.standing === 'held') moveStep(book, step, standingBehind(step))
    if (step.standing === 'armed' || step.standing === 'waiting') moveStep(book, step, 'unknown')
    else if (step.standing === 'awaiting') moveStep(book, step, 'skipped')
    if (step.parked) unpark(book, step)
    for (const inner of step.block?.scopes ?? []) turn(book, inner, way)
    if (mayStand(step) && canBeUndone(book, step)) way.due.push(step)
  }
}

const MAY_BE_DONE: ReadonlySet<StepBook['standing']> = new Set(['armed', 'waiting', 'unknown', 'done'])

/** A pivot that is done, is out, or was given up, may be done: what turns back past it would be S7. */
function expectBeforePivot(step: StepBook, expect: Expect): void {
  if (!step.planned?.isPivot) return
  expect('S7', !MAY_BE_DONE.has(standingBehind(step)), `the pivot ${step.path} is ${step.standing}, and may be done`)
}

/** By when they began, and before that by when what is around them did. */
export function byBeginning(a: StepBook, b: StepBook): number {
  const differing = a.trail.findIndex((begun, i) => begun !== b.trail[i])
  return differing < 0 ? 0 : (a.trail[differing] ?? 0) - (b.trail[differing] ?? 0)
}

/** A step has failed: what must be seen next. */
export function oweFailure(book: Book, step: StepBook, given: 'rejected' | 'given-up'): void {
  const kind = step.planned?.kind
  const parks = kind === 'retriable' || (kind === 'pivot' && given === 'given-up')
  book.owed = { step, what: kind === undefined ? 'either' : parks ? 'park' : 'turn' }
}

/** What may stand between a failure and what it leads to. */
const BETWEEN: ReadonlySet<SagaEvent['type']> = new Set(['cancel-refused', 'parent-answered'])

/** S3: what a failure leads to follows it. After a yield it may come later than other things. */
export function expectOwed(book: Book, { event, expect }: Reading): void {
  const { owed } = book
  if (!owed || BETWEEN.has(event.type)) return
  book.owed = undefined
  if (event.type === 'turn-yielded' || paid(event, owed.step.path)[owed.what]) return
  const missing = {
    turn: 'turned back',
    park: 'waits for a person',
    either: 'turned back',
    done: 'was done',
    undone: 'was undone',
  }
  expect('S3', false, `before it, step ${owed.step.path} should have led on: nothing ${missing[owed.what]}`)
}

function paid(event: SagaEvent, step: string): Record<NonNullable<Book['owed']>['what'], boolean> {
  const turn = event.type === 'compensation-started' && isWithin(step, event.scope ?? '')
  const park = event.type === 'saga-stuck' && event.step === step
  return {
    turn,
    park,
    either: turn || park,
    done: event.type === 'step-succeeded' && event.step === step,
    undone: event.type === 'compensation-succeeded' && event.step === step,
  }
}
