/** Blocks and their scopes: each kind begins its scopes and comes to its end by a rule of its own. */
import type { BlockKind, SagaEvent } from '../../message/events.ts'
import { blockAround } from '../../message/step-path.ts'
import { SCOPE_BEFORE } from '../legality.ts'
import {
  type BlockBook,
  type Book,
  type Expect,
  isDone,
  moveScope,
  type Reading,
  type ScopeBook,
  type StepBook,
  stepAt,
} from './book.ts'
import { expectAllUndone, noteUndone } from './undo.ts'

type Of<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>

/** A block has begun as the step that it is; here its scopes are made room for. */
export function openBlock(step: StepBook, { event, expect }: Reading<Of<'block-started'>>): void {
  const { block: kind, count } = event
  expect('S3', !step.planned || step.planned.type === kind, `step ${step.path} is one of ${step.planned?.type}`)
  const counted = count !== null && Number.isInteger(count) && count >= 0
  expect('S3', kind === 'each' ? counted : count === null, `${count} items in one of ${kind}`)
  const at = { forward: 0, done: 0, backward: 0, undone: 0 }
  step.block ??= { step, kind, count: count ?? 0, scopes: [], at, undoFrom: undefined }
}

export function readScopeStarted(book: Book, { event, expect }: Reading<Of<'scope-started'>>): void {
  const around = blockAround(event.scope)
  const step = around && stepAt(book, around.block)
  const block = step?.block
  expect('S3', block !== undefined, `scope ${event.scope} is of no block that has begun`)
  expect('S3', !book.scopes.has(event.scope), `scope ${event.scope} began before`)
  if (!around || !step || !block || book.scopes.has(event.scope)) return
  expect('S3', step.standing === 'open', `block ${step.path} is ${step.standing}`)
  expect('S3', step.scope.phase === 'forward', `scope ${event.scope} begins in one that is ${step.scope.phase}`)
  expect('S3', !step.parked || block.kind === 'each', `block ${step.path} waits for a person`)
  expect('S3', (event.item !== undefined) === (block.kind === 'each'), 'only one of each has an item')
  expectNext(block, around.key, expect)
  const plans = step.planned?.block?.plans
  const plan = plans?.get(around.key) ?? plans?.get('')
  expect('S3', plans === undefined || plan !== undefined, `block ${step.path} has no branch ${around.key}`)
  const scope: ScopeBook = {
    path: event.scope,
    index: block.scopes.length,
    block,
    plan,
    steps: new Map(),
    trail: [...step.trail, ++book.begun],
    phase: 'forward',
    gaveWay: false,
    turnedWith: undefined,
    due: [],
  }
  block.scopes.push(scope)
  block.at.forward++
  book.scopes.set(scope.path, scope)
}

/** S3: the scope that begins is the one whose turn it is. */
function expectNext(block: BlockBook, key: string, expect: Expect): void {
  const next = NEXT[block.kind](block, key)
  expect('S3', next, `${key} is not the next of ${block.step.path}, after ${block.scopes.length}`)
  if (block.kind !== 'each') return
  const onTheWay = block.at.forward + block.at.backward
  const most = block.step.planned?.block?.parallelMax ?? block.count
  expect('S4', onTheWay < most, `item ${key} begins while ${onTheWay} are on the way, of ${most} at most`)
}

const NEXT: { readonly [Kind in BlockKind]: (block: BlockBook, key: string) => boolean } = {
  parallel: () => true,
  choose: ({ scopes }) => scopes.length === 0,
  attempt: ({ scopes, at, step }, key) => {
    const branches = step.planned?.block && [...step.planned.block.plans.keys()]
    return at.undone === scopes.length && (!branches || branches[scopes.length] === key)
  },
  each: ({ scopes, count }, key) => key === String(scopes.length) && scopes.length < count,
  repeat: ({ scopes, at, step }, key) => {
    const most = step.planned?.block?.roundsMax ?? Number.POSITIVE_INFINITY
    return key === String(scopes.length) && at.done === scopes.length && scopes.length < most
  },
}

export function readScopeCompleted(book: Book, { event, expect }: Reading<Of<'scope-completed'>>): void {
  const scope = scopeFor(book, event, expect)
  if (!scope) return
  expectAllDone(scope, expect)
  moveScope(book, scope, 'done')
}

export function readScopeCompensated(book: Book, { event, expect }: Reading<Of<'scope-compensated'>>): void {
  const scope = scopeFor(book, event, expect)
  if (!scope) return
  expectAllUndone(book, scope, expect)
  moveScope(book, scope, 'undone')
  noteUndone(scope)
}

/** The scope that the event names, held against the phase that it must be in. */
function scopeFor(
  book: Book,
  event: Of<'scope-completed' | 'scope-compensated'>,
  expect: Expect,
): ScopeBook | undefined {
  const scope = book.scopes.get(event.scope)
  expect('S3', scope?.block !== undefined, `scope ${event.scope} never began`)
  if (!scope?.block) return undefined
  expect('S3', scope.phase === SCOPE_BEFORE[event.type], `scope ${event.scope} is ${scope.phase}`)
  return scope
}

/** S4: all steps of the scope's plan are done or skipped; without the plan, all that began. */
export function expectAllDone(scope: ScopeBook, expect: Expect): void {
  for (const name of scope.plan?.steps.keys() ?? scope.steps.keys()) {
    const standing = scope.steps.get(name)?.standing ?? 'idle'
    expect('S4', isDone(standing), `step ${name} of scope '${scope.path}' is ${standing}`)
  }
}

/** S4: whether a block may come to its end. */
const AT_END: { readonly [Kind in BlockKind]: (block: BlockBook) => boolean } = {
  parallel: ({ at, step }) => at.forward === 0 && at.done >= (step.planned?.block?.enough ?? 1),
  choose: ({ at, scopes }) => at.done === scopes.length,
  attempt: ({ at, scopes }) => at.done === 1 && at.undone === scopes.length - 1,
  each: ({ at, count, step }) => {
    const tolerated = step.planned?.block?.toleratedOf(count) ?? count
    return at.done + at.undone === count && at.undone <= tolerated
  },
  repeat: ({ at, scopes }) => scopes.length > 0 && at.done === scopes.length,
}

export function expectAtEnd(step: StepBook, expect: Expect): void {
  const { block } = step
  if (!block) return
  const { forward, done, backward, undone } = block.at
  const counts = `${forward} of its scopes go forward, ${done} are done, ${backward} turn back, ${undone} are undone`
  expect('S4', AT_END[block.kind](block), `block ${step.path} ends, and ${counts}`)
}
