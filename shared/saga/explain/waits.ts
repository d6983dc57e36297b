/** What a saga waits for: each thing with since when, until when, and what holds it. */
import type { StepError } from '../../message/events.ts'
import { heldDueAt, openDueAt } from '../attempt-times.ts'
import type { Definition, PlannedCommand, StepDefinition } from '../definition.ts'
import { isSending, stepAt } from '../plan-tree.ts'
import { type PlacedStep, stepsThatWait } from '../rehearsal.ts'
import type { SagaState, StepState } from '../state.ts'
import { type AroundSaga, holdUpOf } from './hold-ups.ts'

/**
 * What for: the answer of a participant, room at it, the next attempt, a signal, a time, a lock, the end of a child saga, what a person does,
 * the definition that it runs on, or its owner's next turn.
 */
export type AwaitedKind =
  | 'answer'
  | 'room'
  | 'retry'
  | 'signal'
  | 'time'
  | 'lock'
  | 'child'
  | 'person'
  | 'definition'
  | 'turn'

export interface Awaited {
  readonly kind: AwaitedKind
  /** `null`: the saga as a whole. */
  readonly step: string | null
  readonly direction: 'forward' | 'compensate'
  /** In words. */
  readonly what: string
  /** Milliseconds since the epoch; `null`: not known, or never. */
  readonly since: number | null
  readonly until: number | null
  readonly attempt: number | null
  readonly attemptsMax: number | null
  /** What went wrong last. */
  readonly error: Pick<StepError, 'code' | 'message'> | null
  /** What holds it up, in words; `null`: nothing that is known here. */
  readonly holds: string | null
}

/** What is told one by one. */
const AWAITED_MAX = 20

export interface AllAwaited {
  readonly awaited: readonly Awaited[]
  /** How many there are in all. */
  readonly total: number
}

export interface Looked {
  readonly definition: Definition | undefined
  readonly state: SagaState
  readonly around: AroundSaga
}

/** What its steps wait for. */
export function awaitedBySteps({ definition, state, around }: Looked): AllAwaited {
  const parked = new Set(state.parked.map(({ step }) => step))
  const awaited: Awaited[] = state.parked
    .slice(0, AWAITED_MAX)
    .map(({ step, error }) => byPerson(step, { state, error, around }))
  let total = state.parked.length
  for (const placed of stepsThatWait(state)) {
    if (parked.has(placed.path)) continue
    total++
    if (awaited.length < AWAITED_MAX)
      awaited.push(byStep(placed, definition && stepAt(definition, placed.path), around))
  }
  return { awaited, total }
}

function byPerson(
  step: string | null,
  { state, error, around }: { state: SagaState; error: StepError; around: AroundSaga },
): Awaited {
  const direction = state.root.phase === 'backward' ? 'compensate' : 'forward'
  const what = error.code === 'undo-by-hand' ? `a person to undo it: ${error.message}` : 'a person to decide'
  const since = around.since.get(`!${step ?? ''}`) ?? null
  const { code, message } = error
  return { kind: 'person', step, direction, what, since, ...NO_TIMES, error: { code, message }, holds: null }
}

const NO_TIMES = { until: null, attempt: null, attemptsMax: null } as const

function byStep({ path, step }: PlacedStep, planned: StepDefinition | undefined, around: AroundSaga): Awaited {
  const back = BACK.has(step.status)
  const sending = planned && isSending(planned) ? (back ? planned.undo : planned.forward) : undefined
  const told = wordsOf(step, { planned, sending, back })
  const { until } = told
  const error = step.status === 'retrying' || step.status === 'undo-retrying' ? step.error : null
  const tries = told.kind === 'signal' || told.kind === 'time' ? null : attemptOf(step, sending)
  const awaited = {
    ...told,
    step: path,
    direction: back ? 'compensate' : 'forward',
    since: around.since.get(path) ?? null,
    attempt: tries?.attempt ?? null,
    attemptsMax: tries?.max ?? null,
    error: error && { code: error.code, message: error.message },
  } as const
  return { ...awaited, until, holds: holdUpOf(awaited, step, around) }
}

const BACK: ReadonlySet<StepState['status']> = new Set(['undoing', 'undo-held', 'undo-retrying'])

/** Which attempt it is of how many that are made before it is given up. */
function attemptOf({ attempt, budgetFrom }: StepState, sending: PlannedCommand | undefined) {
  return { attempt, max: sending ? budgetFrom - 1 + sending.retry.attempts : null }
}

interface Planned {
  readonly planned: StepDefinition | undefined
  readonly sending: PlannedCommand | undefined
  readonly back: boolean
}

function wordsOf(step: StepState, plan: Planned): Pick<Awaited, 'kind' | 'what' | 'until'> {
  switch (step.status) {
    case 'armed':
    case 'undoing':
      return { ...answerWords(step, plan), until: openDueAt(step) ?? null }
    case 'retrying':
    case 'undo-retrying':
      return { kind: 'retry', what: 'its next attempt', until: step.retryAt }
    case 'held':
    case 'undo-held':
      return { kind: 'room', what: `room at ${step.participant}`, until: heldDueAt(step) ?? null }
    case 'waiting':
      return { ...waitWords(step, plan.planned), until: step.until }
    default:
      return { kind: 'turn', what: 'its turn', until: null }
  }
}

function answerWords(step: StepState, { planned, sending, back }: Planned): Pick<Awaited, 'kind' | 'what'> {
  const { child, lock, sent } = step
  if (lock && !back) return { kind: 'lock', what: `the lock ${lock.resource}` }
  if (child && planned?.type === 'child')
    return { kind: 'child', what: `saga ${child.id} to ${back ? 'be undone' : 'end'}` }
  const command =
    (back ? sent?.undo : sent?.forward) ?? (sending && { ...sending.command, commandType: sending.command.type })
  return {
    kind: 'answer',
    what: `${command?.participant ?? 'its participant'} to answer ${command?.commandType ?? ''}`.trim(),
  }
}

function waitWords(
  { signal }: Extract<StepState, { status: 'waiting' }>,
  planned: StepDefinition | undefined,
): Pick<Awaited, 'kind' | 'what'> {
  if (signal === null) return { kind: 'time', what: 'its time' }
  const approval = planned?.type === 'signal' ? planned.approval : undefined
  if (!approval) return { kind: 'signal', what: `the signal ${signal}` }
  return { kind: 'signal', what: `${approval.answers.join(' or ')} as ${signal}, by ${approval.roles.join(' or ')}` }
}
