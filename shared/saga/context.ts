/** What mappings see: the input, the known outputs of a scope and of the scopes around it, and the item or round. */
import type { Json } from '../message/json.ts'
import { pathParts, ROOT } from '../message/step-path.ts'
import type { Context } from './definition.ts'
import type { BlockState, SagaState, ScopeState, StepState } from './state.ts'
import { stepIn } from './state.ts'
import { scopeIn } from './tree.ts'

/** The context of a scope. Outputs of blocks are put together when they are asked for. */
export function contextOf(state: SagaState, scope: string = ROOT): Context {
  const context: Record<string, unknown> = { input: state.input }
  let inner: ScopeState | undefined = state.root
  addSteps(context, inner)
  for (const { name, key } of pathParts(scope)) {
    const block: BlockState | undefined = inner && stepIn(inner, name)?.block
    inner = block && scopeIn(block, key ?? '')
    if (!block || !inner) break
    addPlace(context, name, { block, scope: inner })
    addSteps(context, inner)
  }
  return context
}

function addPlace(
  context: Record<string, unknown>,
  name: string,
  place: { block: BlockState; scope: ScopeState },
): void {
  const { block, scope } = place
  if (block.kind !== 'each' && block.kind !== 'repeat') return
  context.index = Number(scope.key)
  if (block.kind === 'each') context.item = scope.item
  else addLater(context, name, () => lastRound(block))
}

function addSteps(context: Record<string, unknown>, scope: ScopeState): void {
  for (const step of scope.steps) {
    if (step.block && step.status === 'succeeded') addLater(context, step.name, () => outputOf(step))
    else if (step.output !== undefined) context[step.name] = step.output
  }
}

/** A property that is worked out when it is first read. */
function addLater(context: Record<string, unknown>, name: string, value: () => unknown): void {
  const remember = (found: unknown) => Object.defineProperty(context, name, { value: found, enumerable: true })
  Object.defineProperty(context, name, {
    configurable: true,
    enumerable: true,
    get: () => {
      const found = value()
      remember(found)
      return found
    },
  })
}

/** What a step gave; of a block, what its scopes gave. `undefined`: not known. */
export function outputOf(step: StepState): Json | undefined {
  const { block } = step
  if (!block) return step.output
  switch (block.kind) {
    case 'each':
      return [...block.scopes].map((scope) => (scope.phase === 'done' ? outputOfScope(scope) : null))
    case 'repeat':
      return lastRound(block)
    default:
      return record(
        [...block.scopes].flatMap((scope) => (scope.phase === 'done' ? [[scope.key, outputOfScope(scope)]] : [])),
      )
  }
}

function lastRound(block: BlockState): Json | undefined {
  const last = [...block.scopes].findLast((scope) => scope.phase === 'done')
  return last && outputOfScope(last)
}

/** What a scope gave: what its plan says, or the outputs of its steps. */
export function outputOfScope(scope: ScopeState): Json {
  if (scope.output !== undefined) return scope.output
  return record(scope.steps.flatMap((step) => [[step.name, outputOf(step)] as const]))
}

function record(entries: readonly (readonly [string, Json | undefined])[]): Json {
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined))
}
