/** The way back: what of a scope may be undone now, against the order of its graph (S6), and its end when nothing is left (S5). */
import { blockAround, nameOf, ROOT, scopeAround, scopePath, stepPath } from '../message/step-path.ts'
import { answerParent } from './children.ts'
import type { BlockStep, Definition, Plan, SendingStep, StepDefinition } from './definition.ts'
import { freesOf } from './locks.ts'
import { isParked } from './parked.ts'
import { dependsOn, isBlock, isSending, planAt, stepAt, stepNamed } from './plan-tree.ts'
import { request } from './request.ts'
import { type BlockState, type ScopeState, type StepState, stepIn } from './state.ts'
import type { Story } from './story.ts'
import { indexOf, scopeAt } from './tree.ts'

/** Begins what more of the scope may be undone, now that something of it is, and says when nothing is left. */
export function unwind(story: Story, path: string): void {
  if (isItsTurn(story, path)) unwindScope(story, path, false)
}

/** Begins everything of the scope that may be undone: it has just turned back, or its turn has come. */
export function unwindInTurn(story: Story, path: string): void {
  unwindScope(story, path, true)
}

function unwindScope(story: Story, path: string, isFirst: boolean): void {
  const plan = planAt(story.definition, path)
  const scope = scopeAt(story.state, path)
  if (!plan || scope?.phase !== 'backward') return
  const open = openSteps(plan, scope)
  if (open.length === 0) {
    end(story, path)
    return
  }
  for (const step of inTurn(story, plan, open).toReversed()) undo(story, { path, plan, step, isFirst })
}

/** Steps of the scope of which something is left to undo. */
function openSteps(plan: Plan, scope: ScopeState): readonly StepState[] {
  return scope.steps.filter((step) => !isSettled(stepNamed(plan, step.name), step))
}

/** Steps of a scope that is on its way back whose turn it is, by a plan that it need not have begun with. */
export function stepsInTurn(definition: Definition, plan: Plan, scope: ScopeState): readonly StepState[] {
  return inTurn({ definition }, plan, openSteps(plan, scope))
}

/** Those of them whose turn it is: nothing that is open depends on them. */
function inTurn(
  { definition }: Pick<Story, 'definition'>,
  plan: Plan,
  open: readonly StepState[],
): readonly StepState[] {
  const free = open.filter((step) => !open.some((other) => dependsOn(plan, other.name, step.name)))
  return definition.compensation === 'sequential' ? free.slice(-1) : free
}

/**
 * Whether the scope may be undone now. One that turned back by itself is its own beginning; one that turned with a scope
 * around it waits until the block that it is of, and in that block the scope, has its turn.
 */
function isItsTurn(story: Story, path: string): boolean {
  const around = blockAround(path)
  if (!around || scopeAt(story.state, path)?.cause !== undefined) return true
  const outer = scopeAround(around.block)
  const plan = planAt(story.definition, outer)
  const scope = scopeAt(story.state, outer)
  const step = plan && stepNamed(plan, nameOf(around.block))
  const block = scope && stepIn(scope, nameOf(around.block))?.block
  if (!plan || !scope || !step || !isBlock(step) || !block) return false
  const isFree = inTurn(story, plan, openSteps(plan, scope)).some(({ name }) => name === step.name)
  if (!isFree || !scopesInTurn(story, { step, block }).includes(around.key)) return false
  return isItsTurn(story, outer)
}

/** Whether nothing of the step is left to undo. */
function isSettled(step: StepDefinition | undefined, known: StepState): boolean {
  if (known.block) return known.block.phases.undone === known.block.scopes.length
  if (!step || !isSending(step)) return true
  const undoable = step.undo !== undefined || step.byHand !== undefined
  return !undoable || !MAY_BE_DONE.has(known.status)
}

/** Its effect is done or unknown, and not known to be undone. */
const MAY_BE_DONE: ReadonlySet<StepState['status']> = new Set([
  'succeeded',
  'given-up',
  'undoing',
  'undo-held',
  'undo-retrying',
  'undo-failed',
])

interface Undo {
  readonly path: string
  readonly plan: Plan
  readonly step: StepState
  /** Nothing in its scope has been looked at since that turned back. */
  readonly isFirst: boolean
}

function undo(story: Story, { path, plan, step: known, isFirst }: Undo): void {
  const step = stepNamed(plan, known.name)
  const at = stepPath(path, known.name)
  if (step && isBlock(step) && known.block) {
    const { block } = known
    for (const key of scopesInTurn(story, { step, block }))
      if (isFirst || !hasNext(block, key)) story.look('turn', scopePath(at, key))
  } else if (step && isSending(step) && !isParked(story.state, at)) undoStep(story, { path: at, step, known })
}

/** Whether the scope is looked at in any case, when what is on its way in it comes. What waits for a person may never come. */
function hasNext(block: BlockState, key: string): boolean {
  if (block.kind !== 'each') return false
  const index = indexOf(block, key)
  return block.active.includes(index) && block.scopes.at(index)?.held === 0
}

/** Begins the undo of one step, when it has not begun or was given up: a person does it, or a command. */
export function undoStep(
  story: Story,
  { path, step, known }: { path: string; step: SendingStep; known: StepState },
): void {
  if (step.byHand !== undefined) {
    story.park(path, { kind: 'person', code: 'undo-by-hand', message: step.byHand })
    return
  }
  if (known.status === 'succeeded' || known.status === 'given-up')
    request(story, { path, step, direction: 'compensation', attempt: 1 })
  else if (known.status === 'undo-failed')
    request(story, { path, step, direction: 'compensation', attempt: known.attempt + 1 })
}

interface OpenBlock {
  readonly step: BlockStep
  readonly block: BlockState
}

/** Keys of the scopes that are undone now: the last ones first, as many at a time as went forward at a time. */
function scopesInTurn({ definition }: Story, { step, block }: OpenBlock): string[] {
  const one = step.type === 'repeat' || definition.compensation === 'sequential'
  const most = one ? 1 : step.type === 'each' ? step.parallelMax : block.scopes.length
  const keys: string[] = []
  let room = most
  for (let i = block.scopes.length - 1 - block.undoneLast; i >= 0 && room > 0; i--) {
    const scope = block.scopes.at(i)
    if (scope?.phase !== 'backward') continue
    keys.push(scope.key)
    // A person is waited for inside it: it takes no room from the others.
    if (one || scope.held === 0) room--
  }
  return keys
}

function end(story: Story, path: string): void {
  if (path === ROOT) {
    endSaga(story)
    return
  }
  story.tell({ type: 'scope-compensated', scope: path })
  const block = blockAround(path)?.block ?? ROOT
  story.look('undo', scopeAround(block))
  story.look('block', block)
  story.look('scope', ROOT)
}

function endSaga(story: Story): void {
  if (story.state.lateUndos > 0) return
  const cause = story.state.root.cause
  const message = `it was undone: ${cause?.kind ?? 'unknown'}${cause && 'step' in cause ? ` at ${cause.step}` : ''}`
  answerParent(story, { outcome: 'rejected', body: { code: 'child-compensated', message } })
  story.tell({ type: 'saga-compensated', ...freesOf(story.state) })
}

/** Where a late success is undone: its scope has no other way back any more. */
export function isOver(scope: ScopeState | undefined): boolean {
  return scope?.phase === 'done' || scope?.phase === 'undone'
}

/** A step succeeded late: it is to be undone, by itself where its scope has come to its end. */
export function undoLate(story: Story, path: string): void {
  if (isOver(scopeAt(story.state, scopeAround(path)))) story.look('late', path)
  else story.look('undo', scopeAround(path))
}

/** Begins the undo of a step that succeeded late, unless it has begun. */
export function undoneLate(story: Story, path: string): void {
  const step = stepAt(story.definition, path)
  const scope = scopeAt(story.state, scopeAround(path))
  const known = scope && stepIn(scope, nameOf(path))
  if (known?.status !== 'succeeded' || !isOver(scope) || isParked(story.state, path)) return
  if (step && isSending(step) && !isSettled(step, known)) undoStep(story, { path, step, known })
}
