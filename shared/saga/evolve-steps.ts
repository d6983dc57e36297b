/** The events of single steps, folded. */
import { assert } from '../message/errors.ts'
import type { HeldCommand, SagaEvent } from '../message/events.ts'
import { frozenJson } from '../message/json.ts'
import { nameOf, scopeAround } from '../message/step-path.ts'
import type { EventOf, Folds } from './evolve.ts'
import { isParked, unpark } from './parked.ts'
import { type Phase, type SagaState, type SentCommand, type StepState, withAct } from './state.ts'
import { scopeAt, stepAt, withStep } from './tree.ts'

type StepFold =
  | 'step-requested'
  | 'step-held'
  | 'step-progressed'
  | 'step-succeeded'
  | 'step-rejected'
  | 'step-failed'
  | 'compensation-requested'
  | 'compensation-held'
  | 'compensation-progressed'
  | 'compensation-succeeded'
  | 'compensation-failed'
  | 'undo-resolved'
  | 'step-resolved'
  | 'failure-resolved'
  | 'late-success'
  | 'step-skipped'
  | 'step-computed'
  | 'wait-started'
  | 'wait-ended'

/** Statuses from which a step is sent again. */
const AGAIN: readonly StepState['status'][] = ['retrying', 'given-up', 'rejected']
const OPEN: readonly StepState['status'][] = ['armed', 'retrying', 'given-up', 'held']
/** What a person may take as done. */
const RESOLVABLE: readonly StepState['status'][] = [...OPEN, 'rejected', 'waiting']
const TO_UNDO: readonly StepState['status'][] = ['succeeded', 'given-up', 'undo-retrying', 'undo-failed']

export const STEP_FOLDS: Folds<StepFold> = {
  'step-requested': (state, event) => {
    expectPhase(state, event, ['forward'])
    const before = stepAt(state, event.step)
    const legal = before === undefined || before.status === 'held' || AGAIN.includes(before.status)
    assert(legal, `S3: step-requested while ${before?.status}`)
    const { attempt } = event
    const goesOn = before?.status === 'retrying' || before?.status === 'held'
    const budgetFrom = goesOn ? before.budgetFrom : attempt
    const step = { name: nameOf(event.step), attempt, budgetFrom, output: undefined, ...childOf(event, before) }
    const known = { ...step, sent: { forward: sentIn(event) }, ...sentAsOf(before) }
    return withStep(state, event.step, { ...known, status: 'armed', ...timesIn(event) })
  },
  'step-held': (state, event) => {
    expectPhase(state, event, ['forward'])
    const before = stepAt(state, event.step)
    assert(before === undefined || AGAIN.includes(before.status), `S3: step-held while ${before?.status}`)
    const attempt = before?.attempt ?? 0
    const step = { ...(before ? base(before) : unsent(event.step)), output: undefined }
    return withStep(state, event.step, {
      ...step,
      ...budgetOf(before, attempt),
      status: 'held',
      ...heldAs(event, before),
    })
  },
  'step-progressed': (state, event) => {
    const step = inStatus(state, event.step, ['armed'])
    return withStep(state, event.step, { ...base(step), ...endOf(step), status: 'armed', ...progressIn(event) })
  },
  'step-succeeded': (state, event) => {
    expectPhase(state, event, ['forward'])
    const step = inStatus(state, event.step, OPEN)
    const output = frozenJson(event.output)
    return unpark(withStep(state, event.step, { ...base(step), status: 'succeeded', output }), event.step)
  },
  'step-rejected': (state, event) => {
    expectPhase(state, event, ['forward'])
    const step = inStatus(state, event.step, OPEN)
    const { error } = event
    return unpark(withStep(state, event.step, { ...base(step), ...over(step), status: 'rejected', error }), event.step)
  },
  'step-failed': (state, event) => {
    expectPhase(state, event, ['forward'])
    // Of a step that was given up it is heard when it is a child saga that says that it is over.
    const { retryAt, error } = event
    const dead: readonly StepState['status'][] = error.kind === 'fatal' ? ['given-up'] : []
    const known = inStatus(state, event.step, ['armed', ...outOfTime(retryAt, ['retrying', 'held']), ...dead])
    const step = base(known)
    const gone = error.kind === 'fatal' ? over(step) : {}
    if (retryAt === null) return withStep(state, event.step, { ...step, ...gone, status: 'given-up' })
    return withStep(state, event.step, { ...step, ...endOf(known), status: 'retrying', retryAt, error })
  },
  'compensation-requested': (state, event) => {
    const step = inStatus(state, event.step, [...TO_UNDO, 'undo-held'])
    expectUndoing(state, event.step)
    const { attempt } = event
    const goesOn = step.status === 'undo-retrying' || step.status === 'undo-held'
    const budgetFrom = goesOn ? step.budgetFrom : attempt
    const known = { ...base(step), ...(step.sent && { sent: { ...step.sent, undo: sentIn(event) } }) }
    return withStep(state, event.step, { ...known, status: 'undoing', attempt, budgetFrom, ...timesIn(event) })
  },
  'compensation-held': (state, event) => {
    const before = inStatus(state, event.step, TO_UNDO)
    expectUndoing(state, event.step)
    const again = before.status === 'undo-retrying' || before.status === 'undo-failed'
    const attempt = again ? before.attempt : 0
    const step = { ...base(before), attempt, ...budgetOf(before, attempt) }
    return withStep(state, event.step, { ...step, status: 'undo-held', ...heldAs(event, before) })
  },
  'compensation-progressed': (state, event) => {
    const step = inStatus(state, event.step, ['undoing'])
    return withStep(state, event.step, { ...base(step), ...endOf(step), status: 'undoing', ...progressIn(event) })
  },
  'compensation-succeeded': (state, event) =>
    undone(state, event.step, inStatus(state, event.step, ['undoing', 'undo-retrying', 'undo-failed', 'undo-held'])),
  'compensation-failed': (state, event) => {
    const { retryAt, error } = event
    const known = inStatus(state, event.step, ['undoing', ...outOfTime(retryAt, ['undo-retrying', 'undo-held'])])
    const step = base(known)
    if (retryAt === null) return withStep(state, event.step, { ...step, status: 'undo-failed', error })
    return withStep(state, event.step, { ...step, ...endOf(known), status: 'undo-retrying', retryAt, error })
  },
  'undo-resolved': (state, { step: path, requestId }) => {
    const step = inStatus(state, path, [...TO_UNDO, 'undoing'])
    assert(phaseAround(state, path) !== 'forward', `S3: undo-resolved while ${path} goes forward`)
    return undone(withAct(state, requestId), path, step)
  },
  'step-resolved': (state, { step: path, output, notDone, requestId, type }) => {
    const step = stepAt(state, path)
    expectPhase(state, { type, step: path }, ['forward'])
    const legal = step ? RESOLVABLE.includes(step.status) : isParked(state, path)
    assert(legal, `S3: step-resolved while ${path} is ${step?.status ?? 'not begun'}`)
    const known = step ? base(step) : ({ ...unsent(path), byWord: true } as const)
    const resolved = { ...known, status: notDone ? 'skipped' : 'succeeded', output: frozenJson(output) } as const
    return withAct(unpark(withStep(state, path, resolved), path), requestId)
  },
  'failure-resolved': (state, { step: path, error, requestId, type }) => {
    const step = stepAt(state, path)
    expectPhase(state, { type, step: path }, ['forward'])
    const legal = isParked(state, path) && (!step || step.status === 'retrying' || step.status === 'given-up')
    assert(legal, `S3: failure-resolved while ${path} is ${step?.status ?? 'not begun'}`)
    const failed = { ...(step ? base(step) : unsent(path)), status: 'rejected', error } as const
    return withAct(unpark(withStep(state, path, failed), path), requestId)
  },
  'late-success': (state, event) => {
    const step = inStatus(state, event.step, ['rejected'])
    const phase = phaseAround(state, event.step)
    assert(phase !== 'forward', 'S14: late-success while the saga goes forward')
    const late = withStep(state, event.step, { ...base(step), status: 'succeeded', output: frozenJson(event.output) })
    return phase === 'backward' ? late : { ...late, lateUndos: state.lateUndos + 1 }
  },
  'step-skipped': (state, event) => begun(state, event, { ...unsent(event.step), status: 'skipped' }),
  'step-computed': (state, event) =>
    begun(state, event, { ...unsent(event.step), status: 'succeeded', output: frozenJson(event.output) }),
  'wait-started': (state, event) => {
    const { until, signal } = event
    return begun(state, event, { ...unsent(event.step), status: 'waiting', until, signal })
  },
  'wait-ended': (state, event) => {
    const { step: path, requestId } = event
    expectPhase(state, event, ['forward'])
    const step = inStatus(state, path, ['waiting'])
    const ended = withStep(state, path, { ...base(step), status: 'succeeded', output: frozenJson(event.output) })
    if (requestId === null) return ended
    const signals = state.signals.filter((signal) => signal.requestId !== requestId)
    return withAct({ ...ended, signals }, requestId)
  },
}

function expectUndoing(state: SagaState, step: string): void {
  assert(state.lateUndos > 0 || phaseAround(state, step) === 'backward', 'S3: nothing is being undone there')
}

/** A step between two attempts has the budget that it had; any other begins one with its next. */
function budgetOf(before: StepState | undefined, attempt: number): Pick<StepState, 'budgetFrom' | 'end'> {
  const goesOn = before?.status === 'retrying' || before?.status === 'undo-retrying'
  return goesOn ? { budgetFrom: before.budgetFrom, ...endOf(before) } : { budgetFrom: attempt + 1 }
}

function heldAs({ participant, key }: HeldCommand, before: StepState | undefined) {
  return { participant, ...(key !== undefined && { key }), before }
}

/** The step is undone; of one that had succeeded late it is told to the saga, where nothing else is being undone. */
function undone(state: SagaState, path: string, step: StepState): SagaState {
  const after = unpark(withStep(state, path, { ...base(step), status: 'undone' }), path)
  const late = phaseAround(state, path) !== 'backward'
  assert(!late || state.lateUndos > 0, 'S5: undone where nothing is being undone')
  return late ? { ...after, lateUndos: after.lateUndos - 1 } : after
}

function phaseAround(state: SagaState, step: string): Phase | undefined {
  return scopeAt(state, scopeAround(step))?.phase
}

function expectPhase(
  state: SagaState,
  event: { readonly type: SagaEvent['type']; readonly step: string | null },
  legal: readonly Phase[],
): void {
  const phase = phaseAround(state, event.step ?? '')
  assert(phase !== undefined && legal.includes(phase), `S3: ${event.type} of ${event.step} while ${phase}`)
}

/** A step that sends nothing: it begins once, while its scope goes forward. */
export function begun(state: SagaState, event: SagaEvent & { readonly step: string }, step: StepState): SagaState {
  expectPhase(state, event, ['forward'])
  assert(stepAt(state, event.step) === undefined, `S3: step ${event.step} begins twice`)
  return unpark(withStep(state, event.step, step), event.step)
}

export function unsent(path: string): Pick<StepState, 'name' | 'attempt' | 'budgetFrom' | 'output'> {
  return { name: nameOf(path), attempt: 0, budgetFrom: 1, output: undefined }
}

type Base = Pick<StepState, 'name' | 'attempt' | 'budgetFrom' | 'output' | 'child' | 'sent' | 'byWord' | 'sentAs'>

/** What every status has, without what only the present one has. */
export function base(step: Base): Base {
  const { name, attempt, budgetFrom, output, child, sent, byWord } = step
  const own = { name, attempt, budgetFrom, output, ...(child && { child }), ...(sent && { sent }) }
  return { ...own, ...(byWord && { byWord }), ...sentAsOf(step) }
}

/** A step that waits to be tried again is given up when its time is over by then. */
function outOfTime<S extends StepState['status']>(retryAt: number | null, waiting: readonly S[]): readonly S[] {
  return retryAt === null ? waiting : []
}

function endOf({ end }: StepState): Pick<StepState, 'end'> {
  return end ? { end } : {}
}

type Requested = EventOf<'step-requested' | 'compensation-requested'>

/** What identifies the command: the rest of it is in the event. */
function sentIn({ participant, commandType, starts }: Requested): SentCommand {
  return { participant, commandType, ...(starts && { starts: starts.definition }) }
}

function sentAsOf(step: Pick<StepState, 'sentAs'> | undefined): Pick<StepState, 'sentAs'> {
  return step?.sentAs === undefined ? {} : { sentAs: step.sentAs }
}

/** The times that an attempt begins with. */
function timesIn({ timeoutAt, takeUpAt, giveUpAt, retryUntil }: Requested) {
  const end = { ...(giveUpAt !== undefined && { giveUpAt }), ...(retryUntil !== undefined && { retryUntil }) }
  const limited = giveUpAt !== undefined || retryUntil !== undefined
  return { timeoutAt, ...(takeUpAt !== undefined && { takeUpAt }), ...(limited && { end }) }
}

/** The times that progress leaves: it has been taken up. */
function progressIn({ timeoutAt, progressAt }: EventOf<'step-progressed' | 'compensation-progressed'>) {
  return { timeoutAt, ...(progressAt !== undefined && { progressAt }) }
}

/** The child that a step has started: the same again, or another one. */
function childOf(
  { child, attempt }: EventOf<'step-requested'>,
  before: StepState | undefined,
): Pick<StepState, 'child'> {
  if (child === undefined) return {}
  return { child: before?.child?.id === child ? before.child : { id: child, from: attempt, over: false } }
}

function over({ child }: Base): Pick<StepState, 'child'> {
  return child ? { child: { ...child, over: true } } : {}
}

export function inStatus(state: SagaState, path: string, legal: readonly StepState['status'][]): StepState {
  const step = stepAt(state, path)
  assert(step !== undefined && legal.includes(step.status), `S3: step ${path} is ${step?.status ?? 'not armed'}`)
  return step
}
