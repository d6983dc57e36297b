/** `evolve(state, event) -> state`: the fold. Needs no definition and calls no user code, so anyone can fold the log. */
import { assert } from '../message/errors.ts'
import type { EventEnvelope, SagaEvent, StepError } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import { frozenJson } from '../message/json.ts'
import type { LiveSaga, SagaState, Signal, StepState } from './state.ts'
import { isLive, stepState } from './state.ts'

/**
 * Folds one event of the log.
 * @throws InvariantError when the event is not the saga's next (S1) or not legal in the state (S3).
 */
export function evolve(state: SagaState | undefined, envelope: EventEnvelope): SagaState {
  assert(envelope.seq === (state?.seq ?? 0) + 1, `S1: event ${envelope.seq} follows ${state?.seq ?? 0}`)
  return apply(state, envelope.event, envelope.sagaId)
}

type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>
type Fold<Type extends SagaEvent['type']> = (state: LiveSaga, event: EventOf<Type>) => SagaState

/** Folds an event that is about to be appended: the same fold, before the event has its envelope. */
export function apply(state: SagaState | undefined, event: SagaEvent, id: SagaId): SagaState {
  if (event.type === 'saga-started') {
    assert(state === undefined, 'S1: a saga starts once')
    return started(event, id)
  }
  assert(state !== undefined, 'S1: the first event of a saga is its start')
  assert(isLive(state), `S1: ${event.type} follows the end of the saga`)
  const fold = FOLDS[event.type] as Fold<typeof event.type>
  return { ...fold(state, event as never), seq: state.seq + 1 }
}

function started(event: EventOf<'saga-started'>, id: SagaId): SagaState {
  const { definition, version, inputHash, deadlineAt } = event
  const base = { id, definition, version, seq: 1, input: frozenJson(event.input), inputHash, deadlineAt }
  return { ...base, status: 'running', steps: [], signals: [], acts: [], cancelRequestId: undefined }
}

const FOLDS: { readonly [Type in Exclude<SagaEvent['type'], 'saga-started'>]: Fold<Type> } = {
  'step-requested': (state, event) => {
    assert(state.status === 'running', `S3: step-requested while ${state.status}`)
    const before = stepState(state, event.step)
    assert(before === undefined || AGAIN.has(before.status), `S3: step-requested while ${before?.status}`)
    return withStep(state, {
      name: event.step,
      status: 'armed',
      attempt: event.attempt,
      budgetFrom: before?.status === 'retrying' ? before.budgetFrom : event.attempt,
      timeoutAt: event.timeoutAt,
      output: undefined,
    })
  },
  'step-progressed': (state, event) => {
    const step = inStatus(state, event.step, ['armed'])
    return withStep(state, { ...base(step), status: 'armed', timeoutAt: event.timeoutAt })
  },
  'step-succeeded': (state, event) => {
    const step = inStatus(state, event.step, ['armed', 'retrying', 'given-up'])
    return forward(withStep(state, { ...base(step), status: 'succeeded', output: frozenJson(event.output) }))
  },
  'step-rejected': (state, event) => {
    const step = inStatus(state, event.step, ['armed', 'retrying', 'given-up'])
    return forward(withStep(state, { ...base(step), status: 'rejected', error: event.error }))
  },
  'step-failed': (state, event) => {
    const step = base(inStatus(state, event.step, ['armed']))
    const { retryAt, error } = event
    if (retryAt === null) return withStep(state, { ...step, status: 'given-up' })
    return withStep(state, { ...step, status: 'retrying', retryAt, error })
  },
  'compensation-started': (state, event) => {
    assert(
      state.status === 'running' || (state.status === 'stuck' && state.phase === 'running'),
      'S3: turned back twice',
    )
    return { ...common(state), status: 'compensating', cause: event.cause, steps: state.steps.map(giveUp) }
  },
  'compensation-requested': (state, event) => {
    assert(state.status === 'compensating', `S3: compensation-requested while ${state.status}`)
    const step = inStatus(state, event.step, ['succeeded', 'given-up', 'undo-retrying', 'undo-failed'])
    const budgetFrom = step.status === 'undo-retrying' ? step.budgetFrom : event.attempt
    const { attempt, timeoutAt } = event
    return withStep(state, { ...base(step), status: 'undoing', attempt, budgetFrom, timeoutAt })
  },
  'compensation-progressed': (state, event) => {
    const step = inStatus(state, event.step, ['undoing'])
    return withStep(state, { ...base(step), status: 'undoing', timeoutAt: event.timeoutAt })
  },
  'compensation-succeeded': (state, event) => {
    const step = inStatus(state, event.step, ['undoing', 'undo-retrying', 'undo-failed'])
    return backward(withStep(state, { ...base(step), status: 'undone' }))
  },
  'compensation-failed': (state, event) => {
    const step = base(inStatus(state, event.step, ['undoing']))
    const { retryAt, error } = event
    if (retryAt === null) return withStep(state, { ...step, status: 'undo-failed', error })
    return withStep(state, { ...step, status: 'undo-retrying', retryAt, error })
  },
  'step-skipped': (state, { step }) => begun(state, { ...unsent(step), status: 'skipped' }),
  'step-computed': (state, { step, output }) =>
    begun(state, { ...unsent(step), status: 'succeeded', output: frozenJson(output) }),
  'wait-started': (state, { step, until, signal }) =>
    begun(state, { ...unsent(step), status: 'waiting', until, signal }),
  'wait-ended': (state, { step: name, requestId, output }) => {
    assert(state.status === 'running', `S3: wait-ended while ${state.status}`)
    const step = inStatus(state, name, ['waiting'])
    const take = (signal: Signal) => (signal.requestId === requestId ? { ...signal, takenBy: name } : signal)
    const ended = withStep(state, { ...base(step), status: 'succeeded', output: frozenJson(output) })
    return requestId === null ? ended : { ...ended, signals: state.signals.map(take) }
  },
  'signal-received': (state, { name, payload, requestId }) => ({
    ...state,
    signals: [...state.signals, { name, payload: frozenJson(payload), requestId, takenBy: undefined }],
  }),
  'cancel-requested': (state, { requestId }) => ({ ...answered(state, requestId), cancelRequestId: requestId }),
  'cancel-refused': (state, { requestId }) => answered(state, requestId),
  'retry-requested': (state, { requestId }) => {
    assert(state.status === 'stuck', `S3: retry-requested while ${state.status}`)
    const fresh = answered({ ...state, steps: state.steps.map(newBudget) }, requestId)
    return state.phase === 'running' ? forward(fresh) : backward(fresh)
  },
  'saga-stuck': (state, { step, error }) => stuck(state, step, error),
  'saga-completed': (state, event) => {
    assert(state.status === 'running', `S3: saga-completed while ${state.status}`)
    return { ...common(state), status: 'completed', output: event.output }
  },
  'saga-compensated': (state) => {
    assert(state.status === 'compensating', `S3: saga-compensated while ${state.status}`)
    const open = state.steps.find((step) => UNDO_OPEN.has(step.status))
    assert(open === undefined, `S5: saga-compensated while ${open?.name} is ${open?.status}`)
    return { ...common(state), status: 'compensated', cause: state.cause }
  },
}

/** Statuses from which a step is sent again. */
const AGAIN: ReadonlySet<StepState['status']> = new Set(['retrying', 'given-up', 'rejected'])

/** An undo has begun and is not confirmed. */
const UNDO_OPEN: ReadonlySet<StepState['status']> = new Set(['undoing', 'undo-retrying', 'undo-failed'])

/** Request ids that one saga keeps; the oldest goes first. */
const ACTS_MAX = 100

type Common = Omit<LiveSaga, 'status' | 'phase' | 'cause' | 'error' | 'step'>

/** What every status has, without what only the present one has. */
function common(state: LiveSaga): Common {
  const { id, definition, version, seq, input, inputHash, deadlineAt, steps, signals, acts, cancelRequestId } = state
  return { id, definition, version, seq, input, inputHash, deadlineAt, steps, signals, acts, cancelRequestId }
}

function base({
  name,
  attempt,
  budgetFrom,
  output,
}: StepState): Pick<StepState, 'name' | 'attempt' | 'budgetFrom' | 'output'> {
  return { name, attempt, budgetFrom, output }
}

function answered<State extends LiveSaga>(state: State, requestId: string): State {
  return { ...state, acts: [...state.acts, requestId].slice(-ACTS_MAX) }
}

/** A person's word begins a new budget, also for a step that was parked between two attempts. */
function newBudget(step: StepState): StepState {
  const waits = step.status === 'retrying' || step.status === 'undo-retrying'
  return waits ? { ...step, budgetFrom: step.attempt + 1 } : step
}

function inStatus(state: LiveSaga, name: string, legal: readonly StepState['status'][]): StepState {
  const step = stepState(state, name)
  assert(step !== undefined && legal.includes(step.status), `S3: step ${name} is ${step?.status ?? 'not armed'}`)
  return step
}

function withStep<State extends LiveSaga>(state: State, step: StepState): State {
  const known = state.steps.some((other) => other.name === step.name)
  const steps = known ? state.steps.map((other) => (other.name === step.name ? step : other)) : [...state.steps, step]
  return { ...state, steps }
}

/** A saga that was stuck on its way forward and heard an answer goes on. */
function forward(state: LiveSaga): LiveSaga {
  return state.status === 'stuck' && state.phase === 'running' ? { ...common(state), status: 'running' } : state
}

function backward(state: LiveSaga): LiveSaga {
  if (state.status !== 'stuck' || state.phase !== 'compensating') return state
  return { ...common(state), status: 'compensating', cause: state.cause }
}

/** A step that sends nothing: it begins once, while the saga runs. */
function begun(state: LiveSaga, step: StepState): LiveSaga {
  assert(state.status === 'running', `S3: step ${step.name} begins while ${state.status}`)
  assert(stepState(state, step.name) === undefined, `S3: step ${step.name} begins twice`)
  return withStep(state, step)
}

function unsent(name: string): Pick<StepState, 'name' | 'attempt' | 'budgetFrom' | 'output'> {
  return { name, attempt: 0, budgetFrom: 1, output: undefined }
}

/** Turning back leaves no step open: what has not answered may have been done, and what waits is waited for no more. */
function giveUp(step: StepState): StepState {
  if (step.status === 'waiting') return { ...base(step), status: 'skipped' }
  return step.status === 'armed' || step.status === 'retrying' ? { ...base(step), status: 'given-up' } : step
}

function stuck(state: LiveSaga, step: string | null, error: StepError): SagaState {
  if (state.status === 'stuck') return { ...state, step, error }
  if (state.status === 'running') return { ...common(state), status: 'stuck', phase: 'running', step, error }
  return { ...common(state), status: 'stuck', phase: 'compensating', cause: state.cause, step, error }
}
