/** `evolve(state, event) -> state`: the fold. Needs no definition and calls no user code, so anyone can fold the log. */
import { assert } from '../message/errors.ts'
import type { EventEnvelope, GivenStep, SagaEvent } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import { frozenJson } from '../message/json.ts'
import { PRIORITY } from '../message/priority.ts'
import { ROOT } from '../message/step-path.ts'
import { BLOCK_FOLDS, undoneScope } from './evolve-blocks.ts'
import { migrated } from './evolve-migrated.ts'
import { STEP_FOLDS, unsent } from './evolve-steps.ts'
import { isParked, park, unpark, unparkAll } from './parked.ts'
import { type SagaState, type SagaStatus, type ScopeState, type StepState, withAct } from './state.ts'
import { letGo, stepAt, withScope, withStep } from './tree.ts'

/**
 * Folds one event of the log.
 * @throws InvariantError when the event is not the saga's next (S1) or not legal in the state (S3).
 */
export function evolve(state: SagaState | undefined, envelope: EventEnvelope): SagaState {
  assert(envelope.seq === (state?.seq ?? 0) + 1, `S1: event ${envelope.seq} follows ${state?.seq ?? 0}`)
  return apply(state, envelope.event, envelope.sagaId)
}

export type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>
export type Fold<Type extends SagaEvent['type']> = (state: SagaState, event: EventOf<Type>) => SagaState
export type Folds<Types extends SagaEvent['type']> = { readonly [Type in Types]: Fold<Type> }

/** Folds an event that is about to be appended: the same fold, before the event has its envelope. */
export function apply(state: SagaState | undefined, event: SagaEvent, id: SagaId): SagaState {
  if (event.type === 'saga-started' || event.type === 'saga-voided') {
    assert(state === undefined, 'S1: a saga starts once')
    return event.type === 'saga-started' ? started(event, id) : voided(event, id)
  }
  assert(state !== undefined, 'S1: the first event of a saga is its start')
  expectBeforeEnd(state, event)
  const fold = FOLDS[event.type] as Fold<typeof event.type>
  const next = fold(state, event as never)
  return { ...next, seq: state.seq + 1, status: statusOf(next) }
}

/** S1: what may follow the end of a saga. */
const AFTER_END: ReadonlySet<SagaEvent['type']> = new Set([
  'late-success',
  'compensation-requested',
  'compensation-held',
  'compensation-progressed',
  'compensation-succeeded',
  'compensation-failed',
  'saga-stuck',
  'retry-requested',
  'step-edited',
  'undo-resolved',
  'undo-requested',
  'parent-answered',
  'parent-refused',
  'turn-yielded',
  'saga-forked',
])

/** The same for a saga that was killed: all that it can still do is to tell its parent so. */
const AFTER_KILL: ReadonlySet<SagaEvent['type']> = new Set([
  'undo-requested',
  'parent-answered',
  'parent-refused',
  'saga-forked',
])

function expectBeforeEnd(state: SagaState, event: SagaEvent): void {
  const { phase } = state.root
  const over = state.status === 'failed' || phase === 'done' || phase === 'undone'
  const taken =
    state.status !== 'failed' &&
    event.type === 'compensation-started' &&
    event.cause.kind === 'parent' &&
    phase === 'done'
  const legal = !over || taken || (state.status === 'failed' ? AFTER_KILL : AFTER_END).has(event.type)
  assert(legal, `S1: ${event.type} follows the end of the saga`)
}

const BY_PHASE = { forward: 'running', backward: 'compensating', done: 'completed', undone: 'compensated' } as const

function statusOf(state: SagaState): SagaStatus {
  if (state.status === 'failed') return 'failed'
  if (state.paused) return 'paused'
  return state.parked.length > 0 ? 'stuck' : BY_PHASE[state.root.phase]
}

const EMPTY: ScopeState = {
  key: ROOT,
  phase: 'forward',
  item: undefined,
  output: undefined,
  cause: undefined,
  held: 0,
  steps: [],
}

const FRESH = {
  seq: 1,
  parked: [],
  signals: [],
  edited: [],
  acts: [],
  cancelRequestId: undefined,
  undoAttempt: 0,
  undoAnswered: 0,
  lateUndos: 0,
  locks: [],
  paused: undefined,
  yielded: false,
} as const

function started(event: EventOf<'saga-started'>, id: SagaId): SagaState {
  const { definition, version, inputHash, deadlineAt, definitionHash, pivot, parent, priority = PRIORITY } = event
  const known = { ...(definitionHash !== undefined && { definitionHash }), ...(pivot !== undefined && { pivot }) }
  const plan = { definition, version, ...known }
  const base = { id, ...plan, input: frozenJson(event.input), inputHash, deadlineAt, priority, parent }
  return { status: 'running', ...base, ...FRESH, root: { ...EMPTY, steps: (event.given ?? []).map(givenStep) } }
}

function givenStep({ step, output }: GivenStep): StepState {
  return { ...unsent(step), status: 'given', output: output === undefined ? undefined : frozenJson(output) }
}

/** No saga has an empty name or hash: no start can be the one that this stands for. */
function voided({ parent }: EventOf<'saga-voided'>, id: SagaId): SagaState {
  const nothing = { definition: '', version: 0, input: null, inputHash: '' }
  const base = { id, ...nothing, deadlineAt: null, priority: PRIORITY, parent }
  return { status: 'compensated', ...base, ...FRESH, root: { ...EMPTY, phase: 'undone' } }
}

type SagaFold = Exclude<
  SagaEvent['type'],
  'saga-started' | 'saga-voided' | keyof typeof STEP_FOLDS | keyof typeof BLOCK_FOLDS
>

const SAGA_FOLDS: Folds<SagaFold> = {
  'signal-received': (state, { name, payload, requestId, actor, roles = [] }) => ({
    ...state,
    signals: [...state.signals, { name, payload: frozenJson(payload), requestId, actor, roles }],
  }),
  'cancel-requested': (state, { requestId }) => ({ ...withAct(state, requestId), cancelRequestId: requestId }),
  'cancel-refused': (state, { requestId }) => withAct(state, requestId),
  'retry-requested': (state, { step, requestId }) => {
    if (step !== undefined) return withAct(triedAgain(state, step), requestId)
    assert(state.parked.length > 0, 'S3: retry-requested while nothing is parked')
    const fresh = state.parked.reduce((next, { step }) => (step === null ? next : withNewBudget(next, step)), state)
    return withAct(unparkAll(fresh), requestId)
  },
  'step-edited': (state, { step, direction, payload, requestId }) => {
    const others = state.edited.filter((one) => one.step !== step || one.direction !== direction)
    const edited = [...others, { step, direction, payload: frozenJson(payload) }]
    return withAct({ ...triedAgain(state, step), edited }, requestId)
  },
  // What could not be sent now that there was room is held no more.
  'saga-stuck': (state, { step, error }) => park(step === null ? state : letGo(state, step), step, error),
  'undo-requested': (state, { attempt }) => ({ ...state, undoAttempt: attempt }),
  'parent-answered': (state, { direction, attempt }) =>
    direction === 'compensate' ? { ...state, undoAnswered: attempt } : state,
  'parent-refused': (state) => state,
  'turn-yielded': (state, { more }) => ({ ...state, yielded: more }),
  'saga-paused': (state, { timers, requestId }) => {
    assert(state.paused === undefined, 'S3: saga-paused while it is')
    return { ...withAct(state, requestId), paused: timers }
  },
  'saga-resumed': (state, { requestId }) => {
    assert(state.paused !== undefined, 'S3: saga-resumed while it is not paused')
    return { ...withAct(state, requestId), paused: undefined }
  },
  'saga-forked': (state, { requestId }) => withAct(state, requestId),
  'saga-migrated': migrated,
  'saga-killed': (state, { requestId }) => ({ ...withAct(state, requestId), status: 'failed', locks: [] }),
  'saga-completed': (state, { output }) => {
    assert(state.status === 'running', `S3: saga-completed while ${state.status}`)
    const done = withScope(state, ROOT, (scope) => ({ ...scope, phase: 'done', output: frozenJson(output) }))
    return { ...done, locks: [] }
  },
  'saga-compensated': (state) => {
    assert(state.root.phase === 'backward', `S3: saga-compensated while ${state.status}`)
    return { ...withScope(state, ROOT, undoneScope), locks: [] }
  },
}

/** One parked step goes on, and no other. */
function triedAgain(state: SagaState, step: string): SagaState {
  assert(isParked(state, step), `S3: ${step} is to be tried again, and is not parked`)
  return unpark(withNewBudget(state, step), step)
}

/** A person's word begins a new budget, also for a step that was parked between two attempts. */
function withNewBudget(state: SagaState, path: string): SagaState {
  const step = stepAt(state, path)
  const waits = step?.status === 'retrying' || step?.status === 'undo-retrying'
  if (!waits) return state
  const { end: _end, ...fresh } = step
  return withStep(state, path, { ...fresh, budgetFrom: step.attempt + 1 })
}

const FOLDS: Folds<Exclude<SagaEvent['type'], 'saga-started' | 'saga-voided'>> = {
  ...STEP_FOLDS,
  ...BLOCK_FOLDS,
  ...SAGA_FOLDS,
}
