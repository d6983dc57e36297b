/** What persons ask of sagas: anything while nobody knows better, and what is right once all is quiet. */
import type { ClientCommand } from '../../../shared/message/client-command-record.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Parked, SagaState, ScopeState } from '../../../shared/saga/state.ts'
import { stepAt } from '../../../shared/saga/tree.ts'
import { Choices } from '../../property/plans/choices.ts'
import { APPROVAL, APPROVER, SIGNAL } from '../../property/plans/steps.ts'
import type { Books } from './books.ts'

const CHILDREN_TRIED_MAX = 5
/** Attempts after which a person does by hand what is not done. */
const TRIED_MAX = 20

/** Something that a person may ask of a saga, whether it is right or not. It says nothing that is not so. */
export function anyAct(id: string, numbers: readonly number[]): ClientCommand {
  const choices = new Choices(numbers)
  const saga = sagaId(id)
  const by = { sagaId: saga, requestId: `any-${choices.below(10_000)}`, actor: 'ann', reason: 'why not' }
  const kind = choices.weighted([
    [4, 'signal'],
    [3, 'retry'],
    [3, 'pause'],
    [3, 'resume'],
    [6, 'cancel'],
    [1, 'edit'],
    [1, 'kill'],
    [1, 'fork'],
  ] as const)
  switch (kind) {
    case 'signal':
      return signal(saga, { requestId: by.requestId, name: choices.one([SIGNAL, APPROVAL]) })
    case 'pause':
      return { kind, ...by, timers: choices.one(['hold', 'run'] as const) }
    case 'edit':
      return { kind, ...by, step: choices.one(['a0', 'a1', 'a2']), payload: { step: 'edited' } }
    case 'fork':
      return { kind, ...by, step: choices.one(['a0', 'a1', 'a2']), fork: sagaId(`fork-${choices.below(1_000)}`) }
    default:
      return { kind, ...by }
  }
}

function signal(saga: SagaId, { requestId, name }: { requestId: string; name: string }): ClientCommand {
  const payload = { answer: 'yes' }
  return { kind: 'signal', sagaId: saga, requestId, name, payload, actor: 'ann', roles: [APPROVER] }
}

/** The one act that helps a saga which nothing else moves; nothing when it needs none. A person acts, and then says so. */
export function rightAct(state: SagaState, books: Books, round: number): ClientCommand | undefined {
  const { id } = state
  const by = { sagaId: id, requestId: `right-${round}`, actor: 'ann', reason: 'mended' }
  if (state.paused) return { kind: 'resume', ...by }
  const awaited = signalIn(state.root)
  if (awaited !== undefined) return signal(id, { requestId: by.requestId, name: awaited })
  if (state.parked.length === 0) return undefined
  const done = byHand(state, books)
  if (done)
    return done.kind === 'skip'
      ? { ...by, ...done, kind: 'skip', output: { n: 1 } }
      : { ...by, ...done, kind: 'resolve' }
  const hopeless = state.parked.find(({ step }) => step !== null && isHopeless(state, step))?.step
  if (hopeless != null) return { kind: 'skip', step: hopeless, output: { n: 1 }, ...by }
  for (const { step } of state.parked)
    if (step !== null)
      books.forgetRefusal({ sagaId: id, step: stepAt(state, step)?.sentAs ?? step, direction: 'forward' })
  return { kind: 'retry', ...by }
}

/** What a person does by hand at the participant, when it was tried often. */
function byHand(
  state: SagaState,
  books: Books,
): { readonly step: string; readonly kind: 'resolve' | 'skip' } | undefined {
  for (const parked of state.parked) {
    const step = parked.step
    const known = step === null ? undefined : stepAt(state, step)
    if (step === null || !known) continue
    const address = { sagaId: state.id, step: known.sentAs ?? step }
    const isUndo = isForPerson(state, parked) || (known.status === 'undo-failed' && known.attempt > TRIED_MAX)
    if (isUndo) {
      books.undoByHand(address)
      return { step, kind: 'resolve' }
    }
    if (known.status === 'undo-failed' || known.attempt <= TRIED_MAX || known.child !== undefined) continue
    if (books.doByHand(address)) return { step, kind: 'skip' }
  }
  return undefined
}

/** A child saga whose own plan leaves it no time is not tried for ever. */
function isHopeless(state: SagaState, step: string): boolean {
  const known = stepAt(state, step)
  return known?.child !== undefined && known.status === 'rejected' && known.attempt > CHILDREN_TRIED_MAX
}

function isForPerson(state: SagaState, { step, error }: Parked): boolean {
  const undo = step !== null && stepAt(state, step)?.status === 'undo-failed'
  return error.code === 'undo-by-hand' || (undo && error.code === 'child-killed')
}

function signalIn(scope: ScopeState): string | undefined {
  for (const step of scope.steps) {
    if (step.status === 'waiting' && step.signal !== null) return step.signal
    for (const inner of step.block?.scopes ?? []) {
      const found = signalIn(inner)
      if (found !== undefined) return found
    }
  }
  return undefined
}
