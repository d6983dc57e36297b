/**
 * A saga's state as lines of JSON, none of them long: the scopes of its blocks go before it, some hundreds a line, inner
 * ones first; a block says which of these lines are its own.
 */
import { assert } from '../../message/errors.ts'
import { frozenJson, type Json } from '../../message/json.ts'
import { Scopes } from '../../saga/scopes.ts'
import type { BlockState, EndedSaga, SagaState, ScopeState, StepState } from '../../saga/state.ts'

export type KnownSaga = SagaState | EndedSaga

/** A state with numbers of lines in place of scopes. */
type Packed<State> = State & { readonly packed: true }

/** Gives the lines of scopes, each as it is to be written, and answers what the saga's own line says. */
export function* packed(saga: KnownSaga): Generator<readonly ScopeState[], unknown> {
  if (saga.status === 'ended') return saga
  const lines = { next: 0 }
  return { ...saga, root: yield* packedScope(saga.root, lines) }
}

type Lines = { next: number }

function* packedScope(scope: ScopeState, lines: Lines): Generator<readonly ScopeState[], ScopeState> {
  if (!scope.steps.some(({ block }) => block)) return scope
  const steps: StepState[] = []
  for (const step of scope.steps)
    steps.push(step.block ? { ...step, block: yield* packedBlock(step.block, lines) } : step)
  return { ...scope, steps }
}

function* packedBlock(block: BlockState, lines: Lines): Generator<readonly ScopeState[], Packed<BlockState>> {
  const numbers: number[] = []
  for (const chunk of block.scopes.chunks) {
    const scopes: ScopeState[] = []
    for (const scope of chunk) scopes.push(yield* packedScope(scope, lines))
    yield scopes
    numbers.push(lines.next++)
  }
  return { ...block, scopes: numbers } as unknown as Packed<BlockState>
}

/** The saga that its own line says, which is changed in place; `lines`: those of scopes that came before it. */
export function unpacked(saga: KnownSaga, lines: readonly (readonly ScopeState[])[]): KnownSaga {
  if (saga.status === 'ended') return saga
  frozen([saga.input, ...saga.signals.map(({ payload }) => payload), ...saga.edited.map(({ payload }) => payload)])
  unpackScope(saga.root, lines)
  return saga
}

/** Scopes of a line, whose own lines came before it. */
export function unpackScopes(scopes: readonly ScopeState[], lines: readonly (readonly ScopeState[])[]): void {
  for (const scope of scopes) unpackScope(scope, lines)
}

function unpackScope(scope: ScopeState, lines: readonly (readonly ScopeState[])[]): void {
  frozen([scope.item, scope.output])
  for (const step of scope.steps) {
    frozen([step.output])
    if (!step.block) continue
    const numbers = step.block.scopes as unknown as readonly number[]
    const scopes = numbers.flatMap((number) => {
      const line = lines[number]
      assert(line !== undefined, `a block names line ${number} of ${lines.length}`)
      return line
    })
    // Just read, and nobody else's yet.
    ;(step.block as { scopes: Scopes }).scopes = Scopes.of(scopes)
  }
}

/** What the code of definitions is shown: it cannot change it in silence, no more than what was folded. */
function frozen(values: readonly (Json | undefined)[]): void {
  for (const value of values) if (value !== undefined) frozenJson(value)
}
