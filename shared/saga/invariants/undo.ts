/** The way back: what is undone (S5), in which order (S6), and never past the pivot (S7). */
import {
  type BlockBook,
  type Book,
  canBeUndone,
  type Expect,
  isUndoing,
  mayStand,
  type ScopeBook,
  type StepBook,
} from './book.ts'
import { byBeginning } from './turn.ts'

const MAY_BE_UNDONE: ReadonlySet<StepBook['standing']> = new Set([
  'done',
  'unknown',
  'undo-held',
  'undo-waiting',
  'undo-failed',
  'undoing',
])

/** An undo begins, or is tried again: S5, S6 and S7. */
export function expectUndoInTurn(book: Book, step: StepBook, expect: Expect): void {
  expect('S5', canBeUndone(book, step), `step ${step.path} has no compensation`)
  expect('S5', !step.undone, `step ${step.path} is undone already`)
  expect('S5', step.undone || MAY_BE_UNDONE.has(step.standing), `step ${step.path} is ${step.standing}`)
  expectTurn(book, step, expect)
}

/** S6 and S7. One that is tried again had its turn: what succeeded late since then did not take it away. */
export function expectTurn(book: Book, step: StepBook, expect: Expect): void {
  expectNoPivotAfter(book, step, expect)
  if (step.hadTurn) return
  step.hadTurn = true
  const first = firstUnsettledAfter(book, step)
  expect('S6', first === undefined, `step ${step.path} before ${first}`)
  if (book.plan?.compensation === 'sequential' && !step.late) expectOneByOne(book, step, expect)
}

/** S7: nothing that the pivot came after is undone once it has succeeded. */
function expectNoPivotAfter(book: Book, step: StepBook, expect: Expect): void {
  // What succeeded late was given back already, as far as the plan is concerned.
  if (step.late) return
  expect('S7', !book.pastPivot || book.root.phase === 'forward', `step ${step.path}, and the pivot is past`)
  for (let inner = step; ; inner = inner.scope.block.step) {
    for (const name of inner.planned?.later ?? []) {
      const later = inner.scope.steps.get(name)
      expect('S7', later?.pastPivot !== true, `step ${step.path}, and the pivot in ${name} is past`)
    }
    if (!inner.scope.block) return
  }
}

/** What must be settled before the step is undone, and is not: in its own plan, and in those around that turned back with it. */
function firstUnsettledAfter(book: Book, step: StepBook): string | undefined {
  for (let inner: StepBook = step; ; inner = inner.scope.block.step) {
    for (const name of inner.planned?.later ?? []) {
      const later = inner.scope.steps.get(name)
      if (later && !isSettled(book, later)) return `${later.path}, which is ${later.standing}`
    }
    if (!inner.scope.block || inner.scope.turnedWith === inner.scope || inner.scope.phase !== 'backward')
      return undefined
    if (inner.scope.index < undoFrom(inner.scope.block)) return `the scopes after ${inner.scope.path}`
  }
}

/** Nothing of the step is left to undo. */
export function isSettled(book: Book, step: StepBook): boolean {
  if (step.block) return step.block.at.undone === step.block.scopes.length
  return !mayStand(step) || !canBeUndone(book, step)
}

/** From which scope on a block is being undone: rounds one by one, items so many at a time, the last ones first. */
function undoFrom(block: BlockBook): number {
  const together =
    block.kind === 'repeat' ? 1 : block.kind === 'each' ? block.step.planned?.block?.parallelMax : undefined
  if (together === undefined) return 0
  if (block.undoFrom === undefined) {
    block.undoFrom = block.scopes.length
    for (let i = 0; i < together; i++) lowerUndoFrom(block)
  }
  return block.undoFrom
}

/** One more scope may be undone: the next before those that may. */
function lowerUndoFrom(block: BlockBook): void {
  let next = (block.undoFrom ?? 0) - 1
  while (next >= 0 && holdsNoOther(block.scopes[next])) next--
  block.undoFrom = Math.max(next, 0)
}

function holdsNoOther(scope: ScopeBook | undefined): boolean {
  return scope !== undefined && (scope.phase === 'undone' || scope.gaveWay)
}

/** A scope of a block is undone: one more before it may be. */
export function noteUndone(scope: ScopeBook): void {
  if (!scope.gaveWay) letNextBeUndone(scope)
}

/** An undo is parked: other items need not wait for the person, and need not wait again when it is tried again. */
export function noteUndoParked(step: StepBook): void {
  for (let { scope } = step; scope.block; { scope } = scope.block.step) {
    if (scope.block.kind !== 'each' || scope.gaveWay) continue
    scope.gaveWay = true
    letNextBeUndone(scope)
  }
}

function letNextBeUndone({ block, index }: ScopeBook): void {
  if (block?.undoFrom !== undefined && index >= block.undoFrom) lowerUndoFrom(block)
}

/** S6, where undos come one by one: only the last step to have begun, of those that nothing else holds up. */
function expectOneByOne(book: Book, step: StepBook, expect: Expect): void {
  const together = step.scope.turnedWith
  for (const other of book.undoing) {
    const apart = other === step || other.late || other.scope.turnedWith !== together
    expect('S6', apart, `step ${step.path}, and ${other.path} is not undone yet`)
  }
  const due = together?.due ?? []
  while (due.length > 0 && !stillDue(due.at(-1))) due.pop()
  for (let i = due.length - 1; i >= 0; i--) {
    const other = due[i]
    if (!other || other === step || byBeginning(other, step) < 0) return
    const held = !stillDue(other) || firstUnsettledAfter(book, other) !== undefined
    expect('S6', held, `step ${step.path} before ${other.path}, which began later`)
  }
}

function stillDue(step: StepBook | undefined): boolean {
  return step !== undefined && !step.late && mayStand(step)
}

/** S5: exactly the steps whose effect is done or unknown are undone, as far as they can be. */
export function expectAllUndone(book: Book, scope: ScopeBook, expect: Expect): void {
  for (const step of scope.steps.values()) {
    const open = step.block ? 'has scopes that are not undone' : `is ${step.standing} and was not undone`
    expect('S5', isSettled(book, step), `step ${step.path} ${open}`)
    expect('S3', !step.parked, `step ${step.path} waits for a person`)
    expect('S5', !isUndoing(step.standing), `step ${step.path} is ${step.standing}`)
  }
}
