/** The tree that a saga's state is: finding scopes and steps by their paths, and putting changed ones in their places. */
import { assert } from '../message/errors.ts'
import { blockAround, nameOf, type PathPart, pathParts, scopeAround } from '../message/step-path.ts'
import type { Scopes } from './scopes.ts'
import type { BlockState, Phase, SagaState, ScopeState, StepState } from './state.ts'
import { stepIn } from './state.ts'

/** The scope at a path; `undefined` when it has not begun. */
export function scopeAt(state: SagaState, path: string): ScopeState | undefined {
  let scope: ScopeState | undefined = state.root
  for (const { name, key } of pathParts(path)) {
    const block: BlockState | undefined = scope && stepIn(scope, name)?.block
    scope = block && scopeIn(block, key ?? '')
  }
  return scope
}

/** The step at a path; `undefined` when it has not begun. */
export function stepAt(state: SagaState, path: string): StepState | undefined {
  const scope = scopeAt(state, scopeAround(path))
  return scope && stepIn(scope, nameOf(path))
}

/** The scope of that key. */
export function scopeIn(block: BlockState, key: string): ScopeState | undefined {
  const index = indexOf(block, key)
  return index < 0 ? undefined : block.scopes.at(index)
}

/** Where a block has the scope of that key; -1 when it has not begun. Items and rounds begin in order, so their key says it. */
export function indexOf(block: BlockState, key: string): number {
  if (block.kind === 'each' || block.kind === 'repeat') return Number(key)
  return [...block.scopes].findIndex((scope) => scope.key === key)
}

/** The state with a scope changed. */
export function withScope(state: SagaState, path: string, change: (scope: ScopeState) => ScopeState): SagaState {
  const root = path === '' ? change(state.root) : inScope(state.root, pathParts(path), change)
  return { ...state, root }
}

/** The state with a step put in its place: over the one of that name, or as the newest of its scope. */
export function withStep(state: SagaState, path: string, step: StepState): SagaState {
  return withScope(state, scopeAround(path), (scope) => putStep(scope, step))
}

/** The state with a step as it was before it was held, where it is. */
export function letGo(state: SagaState, path: string): SagaState {
  const step = stepAt(state, path)
  if (step?.status !== 'held' && step?.status !== 'undo-held') return state
  const { before } = step
  if (before) return withStep(state, path, before)
  return withScope(state, scopeAround(path), (scope) => ({
    ...scope,
    steps: scope.steps.filter((one) => one !== step),
  }))
}

function putStep(scope: ScopeState, step: StepState): ScopeState {
  const index = scope.steps.findIndex(({ name }) => name === step.name)
  return { ...scope, steps: index < 0 ? [...scope.steps, step] : scope.steps.with(index, step) }
}

function inScope(
  around: ScopeState,
  [part, ...rest]: PathPart[],
  change: (scope: ScopeState) => ScopeState,
): ScopeState {
  assert(part !== undefined, 'a path has parts')
  const step = stepIn(around, part.name)
  assert(step?.block !== undefined, `S3: ${part.name} is not a block that has begun`)
  const index = indexOf(step.block, part.key ?? '')
  const before = index < 0 ? undefined : step.block.scopes.at(index)
  assert(before !== undefined, `S3: ${part.name}[${part.key}] has not begun`)
  const after = rest.length === 0 ? change(before) : inScope(before, rest, change)
  return putStep(around, { ...step, block: withChanged(step.block, index, { before, after }) })
}

/** The block with one scope changed, and its figures with it. */
function withChanged(
  block: BlockState,
  index: number,
  { before, after }: { before: ScopeState; after: ScopeState },
): BlockState {
  const phases = before.phase === after.phase ? block.phases : counted(block.phases, before.phase, after.phase)
  const scopes = block.scopes.with(index, after)
  const undoneLast = after.phase === 'undone' ? undoneAtEnd(scopes, block.undoneLast) : block.undoneLast
  return { ...block, scopes, phases, undoneLast, active: activeWith(block, index, after) }
}

/** How many of the last scopes are undone, of which so many are known to be. */
function undoneAtEnd(scopes: Scopes, known: number): number {
  let count = known
  while (count < scopes.length && scopes.at(scopes.length - 1 - count)?.phase === 'undone') count++
  return count
}

function counted(phases: BlockState['phases'], from: Phase, to: Phase): BlockState['phases'] {
  return { ...phases, [from]: phases[from] - 1, [to]: phases[to] + 1 }
}

function activeWith({ active }: BlockState, index: number, scope: ScopeState): readonly number[] {
  const was = active.includes(index)
  const is = isActive(scope)
  if (was === is) return active
  return is ? [...active, index] : active.filter((other) => other !== index)
}

/** A step in one of these waits for an answer, a signal or a time. */
export const WAITS: ReadonlySet<StepState['status']> = new Set([
  'armed',
  'held',
  'retrying',
  'waiting',
  'undoing',
  'undo-held',
  'undo-retrying',
])

/** Whether a step in the scope, however deep, waits for an answer, a signal or a time. */
function isActive(scope: ScopeState): boolean {
  return scope.steps.some((step) => WAITS.has(step.status) || (step.block?.active.length ?? 0) > 0)
}

/** A block with one scope more. */
export function addScope(state: SagaState, path: string, scope: ScopeState): SagaState {
  const around = blockAround(path)
  assert(around !== undefined, 'a scope is of a block')
  const step = stepAt(state, around.block)
  assert(step?.block !== undefined && step.status === 'open', `S3: a scope begins, and ${around.block} is not open`)
  const { block } = step
  const expected =
    block.kind === 'each' || block.kind === 'repeat'
      ? Number(scope.key) === block.scopes.length
      : indexOf(block, scope.key) < 0
  assert(expected, `S3: scope ${path} begins out of turn`)
  const phases = { ...block.phases, [scope.phase]: block.phases[scope.phase] + 1 }
  return withStep(state, around.block, {
    ...step,
    block: { ...block, scopes: block.scopes.and(scope), phases, undoneLast: 0 },
  })
}

/** A block of which every scope has been changed at once. */
export function withScopes(block: BlockState, scopes: Scopes): BlockState {
  const phases = { forward: 0, done: 0, backward: 0, undone: 0 }
  for (const { phase } of scopes) phases[phase]++
  const undoneLast = undoneAtEnd(scopes, 0)
  return {
    ...block,
    scopes,
    phases,
    undoneLast,
    active: [...scopes].flatMap((scope, index) => (isActive(scope) ? [index] : [])),
  }
}

/** Whether something is being undone anywhere below the scope. */
export function isUndoingBelow(scope: ScopeState): boolean {
  return scope.steps.some(
    ({ block }) => block && (block.phases.backward > 0 || [...block.scopes].some((inner) => isUndoingBelow(inner))),
  )
}
