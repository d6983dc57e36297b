/** What persons ask of sagas: anything while nobody knows better, and what is right once all is quiet. */
import type { ClientCommand } from '../../../shared/message/client-command-record.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Parked, SagaState, ScopeState } from '../../../shared/saga/state.ts'
import { stepAt } from '../../../shared/saga/tree.ts'
import type { LawfulParticipants } from '../lawful-participants.ts'
import { Choices } from '../plans/choices.ts'
import { APPROVAL, APPROVER, SIGNAL } from '../plans/steps.ts'

const CHILDREN_TRIED_MAX = 5

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
    [3, 'migrate'],
  ] as const)
  switch (kind) {
    case 'signal':
      return signal(saga, { requestId: by.requestId, name: choices.one([SIGNAL, APPROVAL]) })
    case 'pause':
      return { kind, ...by, timers: choices.one(['hold', 'run'] as const) }
    case 'migrate':
      return { kind, ...by, toVersion: 2 }
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
export function rightAct(state: SagaState, participants: LawfulParticipants, round: number): ClientCommand | undefined {
  const { id } = state
  const by = { sagaId: id, requestId: `right-${round}`, actor: 'ann', reason: 'mended' }
  if (state.paused) return { kind: 'resume', ...by }
  const awaited = signalIn(state.root)
  if (awaited !== undefined) return signal(id, { requestId: by.requestId, name: awaited })
  if (state.parked.length === 0) return undefined
  const byHand = state.parked.find((parked) => isForPerson(state, parked))?.step
  if (byHand != null) {
    participants.handle({ sagaId: id, step: wireOf(state, byHand), direction: 'compensate' }, 99)
    return { kind: 'resolve', step: byHand, ...by }
  }
  const hopeless = state.parked.find(({ step }) => step !== null && isHopeless(state, step))?.step
  if (hopeless != null) return { kind: 'skip', step: hopeless, output: { n: 1 }, ...by }
  for (const { step } of state.parked)
    if (step !== null) participants.forgetRefusal({ sagaId: id, step: wireOf(state, step), direction: 'forward' })
  return { kind: 'retry', ...by }
}

/** What the participant knows it by: the name that it was sent under. */
function wireOf({ root }: SagaState, step: string): string {
  return root.steps.find(({ name }) => name === step)?.sentAs ?? step
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
