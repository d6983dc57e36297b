/** A saga that was moved to another version, folded: everything that changes is in the event. */
import { assert } from '../message/errors.ts'
import { frozenJson, type Json } from '../message/json.ts'
import { ROOT } from '../message/step-path.ts'
import type { EventOf } from './evolve.ts'
import { unsent } from './evolve-steps.ts'
import { isParked, unpark } from './parked.ts'
import { type SagaState, type ScopeState, type StepState, withAct } from './state.ts'
import { withScope } from './tree.ts'

type Renames = Readonly<Record<string, string>>

/** The saga under its new plan. Its deadline, and what it was started with, stay what they were. */
export function migrated(state: SagaState, event: EventOf<'saga-migrated'>): SagaState {
  const { renames = {}, outputs = {}, unparked = [], input, requestId } = event
  const renamed = withScope(withNames(state, renames), ROOT, (scope) => withOutputs(renameAll(scope, renames), outputs))
  const moved = { ...renamed, ...planOf(state, event), ...(input !== undefined && { input: frozenJson(input) }) }
  return withAct(unparked.reduce(letGo, moved), requestId)
}

function planOf(state: SagaState, event: EventOf<'saga-migrated'>): Pick<SagaState, 'version' | 'pivot'> {
  const { fromVersion, toVersion: version, pivot, definitionHash } = event
  assert(state.version === fromVersion, `S23: moved from version ${fromVersion}, and it is ${state.version}`)
  return { version, pivot, ...(definitionHash !== undefined && { definitionHash }) }
}

function withNames(state: SagaState, renames: Renames): SagaState {
  const { parked, edited } = state
  return {
    ...state,
    parked: parked.map((one) => (one.step === null ? one : { ...one, step: newName(renames, one.step) })),
    edited: edited.map((one) => ({ ...one, step: newName(renames, one.step) })),
  }
}

/** A path inside a block is no name, and stays what it is. */
function newName(renames: Renames, path: string): string {
  return Object.hasOwn(renames, path) ? (renames[path] ?? path) : path
}

function renameAll(scope: ScopeState, renames: Renames): ScopeState {
  const steps = scope.steps.map((step) => renamedStep(step, newName(renames, step.name)))
  const names = new Set(steps.map(({ name }) => name))
  assert(names.size === steps.length, 'S23: two steps have one name')
  return { ...scope, steps }
}

/** What was sent keeps the name that it was sent under. */
function renamedStep(step: StepState, name: string): StepState {
  if (name === step.name) return step
  assert(!step.block, `S23: ${step.name} is a block: its name stays`)
  const named = step.sent ? { ...step, name, sentAs: step.sentAs ?? step.name } : { ...step, name }
  // What is held is again what it was when it is waited for no more.
  return 'before' in named && named.before ? { ...named, before: renamedStep(named.before, name) } : named
}

function withOutputs(scope: ScopeState, outputs: Readonly<Record<string, Json>>): ScopeState {
  return Object.entries(outputs).reduce((next, [name, output]) => withOutput(next, name, frozenJson(output)), scope)
}

function withOutput(scope: ScopeState, name: string, output: Json): ScopeState {
  const index = scope.steps.findIndex((step) => step.name === name)
  const known = scope.steps[index]
  if (!known) return { ...scope, steps: [...scope.steps, { ...unsent(name), status: 'skipped', output }] }
  const { status } = known
  const isDone = status === 'succeeded' || status === 'skipped' || status === 'given'
  assert(isDone && !known.block, `S23: ${name} is ${known.status}, and is given an output`)
  return { ...scope, steps: scope.steps.with(index, { ...known, output }) }
}

function letGo(state: SagaState, step: string | null): SagaState {
  assert(isParked(state, step), `S23: ${step ?? 'the output'} is tried by another plan, and waits for nobody`)
  return unpark(state, step)
}
