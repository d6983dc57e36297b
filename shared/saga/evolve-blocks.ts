/** The events of blocks and their scopes, folded; and the turn back, of a scope or of the whole saga. */
import { assert } from '../message/errors.ts'
import type { CompensationCause } from '../message/events.ts'
import { frozenJson } from '../message/json.ts'
import { blockAround, isWithin, ROOT, scopeAround } from '../message/step-path.ts'
import type { Folds } from './evolve.ts'
import { base, begun, inStatus, unsent } from './evolve-steps.ts'
import { unpark, unparkForward } from './parked.ts'
import { Scopes } from './scopes.ts'
import type { SagaState, ScopeState, StepState } from './state.ts'
import { addScope, scopeAt, withScope, withScopes, withStep } from './tree.ts'

type BlockFold =
  | 'block-started'
  | 'scope-started'
  | 'scope-completed'
  | 'scope-compensated'
  | 'block-completed'
  | 'compensation-started'

const NO_PHASES = { forward: 0, done: 0, backward: 0, undone: 0 } as const

export const BLOCK_FOLDS: Folds<BlockFold> = {
  'block-started': (state, event) => {
    const { block: kind, count } = event
    const block = { kind, count, scopes: Scopes.NONE, phases: NO_PHASES, undoneLast: 0, active: [] }
    return begun(state, event, { ...unsent(event.step), status: 'open', block })
  },
  'scope-started': (state, { scope, item }) => {
    const key = blockAround(scope)?.key ?? ROOT
    const own = item === undefined ? undefined : frozenJson(item)
    const empty = { key, item: own, output: undefined, cause: undefined, held: 0, steps: [] } as const
    return addScope(state, scope, { ...empty, phase: 'forward' })
  },
  'scope-completed': (state, { scope, output }) => {
    expectScope(state, scope, 'forward')
    const own = output === undefined ? undefined : frozenJson(output)
    return withScope(state, scope, (before) => ({ ...before, phase: 'done', output: own }))
  },
  'scope-compensated': (state, { scope }) => {
    expectScope(state, scope, 'backward')
    return withScope(state, scope, undoneScope)
  },
  'block-completed': (state, { step: path }) => {
    const step = inStatus(state, path, ['open'])
    assert(step.block !== undefined, `S3: ${path} is no block`)
    const ended = withStep(state, path, { ...base(step), block: step.block, status: 'succeeded' })
    return unpark(ended, path)
  },
  'compensation-started': (state, { scope = ROOT, cause }) => {
    const phase = scopeAt(state, scope)?.phase
    const legal = phase === 'forward' || (scope === ROOT && phase === 'done')
    assert(legal, `S3: ${scope || 'the saga'} turns back while ${phase}`)
    const turned = withScope(state, scope, (before) => turnedBack(before, cause))
    return unparkForward(turned, (step) => isDropped(state, step, scope))
  },
}

/** Statuses of an undo that has begun and is not confirmed. */
const UNDO_OPEN: ReadonlySet<StepState['status']> = new Set(['undoing', 'undo-held', 'undo-retrying', 'undo-failed'])

/** The scope at the end of its way back. */
export function undoneScope(scope: ScopeState): ScopeState {
  for (const { name, status, block } of scope.steps) {
    assert(!UNDO_OPEN.has(status), `S5: compensated while ${name} is ${status}`)
    assert(!block || block.phases.undone === block.scopes.length, `S5: compensated while something in ${name} is not`)
  }
  return { ...scope, phase: 'undone' }
}

/** What is parked on the way forward is asked for no more; what is parked on the way back stays. */
function isDropped(state: SagaState, step: string | null, scope: string): boolean {
  if (step === null) return scope === ROOT
  return isWithin(step, scope) && scopeAt(state, scopeAround(step))?.phase === 'forward'
}

function expectScope(state: SagaState, scope: string, phase: ScopeState['phase']): void {
  const now = scope === ROOT ? undefined : scopeAt(state, scope)?.phase
  assert(now === phase, `S3: scope ${scope} is ${now ?? 'not begun'}`)
}

/** Everything in the scope is to be undone, but for what is undone already. */
function turnedBack(scope: ScopeState, cause: CompensationCause | undefined): ScopeState {
  if (scope.phase === 'undone') return scope
  return { ...scope, phase: 'backward', cause: cause ?? scope.cause, steps: scope.steps.flatMap(givenUp) }
}

/** Turning back leaves no step open: what has not answered may have been done, and what waits is waited for no more; what was held is what it was before. */
function givenUp(step: StepState): StepState | readonly StepState[] {
  if (step.status === 'held') return step.before ? givenUp(step.before) : []
  if (step.block)
    return {
      ...step,
      block: withScopes(
        step.block,
        step.block.scopes.map((scope) => turnedBack(scope, undefined)),
      ),
    }
  if (step.status === 'waiting') return { ...base(step), status: 'skipped' }
  return step.status === 'armed' || step.status === 'retrying' ? { ...base(step), status: 'given-up' } : step
}
