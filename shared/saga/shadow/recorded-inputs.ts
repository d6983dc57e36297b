/**
 * What may have come to a saga when an event of its log was decided: inputs are not in the log of events, and nearly all of each is
 * in the event that it led to. What is not (how long a participant asked to wait, which priority a start asked for) is told apart: it
 * counts only where the plan alone does not explain what was decided.
 */
import type { EventEnvelope, SagaEvent, StepError } from '../../message/events.ts'
import type { Outcome } from '../../message/headers.ts'
import type { Direction, SagaId } from '../../message/ids.ts'
import type { Json } from '../../message/json.ts'
import { PRIORITY } from '../../message/priority.ts'
import type { Admitted, SagaInput } from '../input.ts'
import type { SagaState } from '../state.ts'
import { stepAt } from '../tree.ts'

export interface Candidate {
  readonly input: SagaInput
  /** The plan alone would not say so: whoever sent it asked for it. */
  readonly asked?: true
}

/** Later than any time that a step may end at. */
const LONG_MS = 2 ** 45

/** Inputs that may have led to the first of these events, the likeliest first; `state`: before it. */
export function candidatesOf(state: SagaState | undefined, events: readonly EventEnvelope[]): readonly Candidate[] {
  const [first] = events
  if (!first) return []
  const { event, sagaId } = first
  if (!state) return event.type === 'saga-started' ? startsOf(sagaId, event) : []
  return [...ofEvent(state, first, events), ...admits(state, events), { input: { kind: 'timer', sagaId } }]
}

type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>

function startsOf(sagaId: SagaId, event: EventOf<'saga-started'>): readonly Candidate[] {
  const { definition, input, inputHash, priority = PRIORITY, parent, origin, given } = event
  const start = {
    kind: 'start',
    sagaId,
    definition,
    version: undefined,
    input,
    inputHash,
    parent,
    origin,
    given,
  } as const
  return [{ input: start }, { input: { ...start, priority }, asked: true }]
}

function ofEvent(
  state: SagaState,
  { event, sagaId, at }: EventEnvelope,
  events: readonly EventEnvelope[],
): readonly Candidate[] {
  switch (event.type) {
    case 'step-succeeded':
    case 'late-success':
      return [reply(state, event, { direction: 'forward', outcome: 'success', body: event.output })]
    case 'compensation-succeeded':
      return [reply(state, event, { direction: 'compensate', outcome: 'success', body: null })]
    case 'step-progressed':
    case 'compensation-progressed':
      return [progress(state, event)]
    case 'step-rejected':
      return failed(state, { ...event, retryAt: null }, { direction: 'forward', at })
    case 'step-failed':
      return failed(state, event, { direction: 'forward', at })
    case 'compensation-failed':
      return failed(state, event, { direction: 'compensate', at })
    case 'undo-requested':
      return state.parent
        ? [{ input: { kind: 'undo', sagaId, parent: { ...state.parent, attempt: event.attempt } } }]
        : []
    case 'parent-refused':
      return [refusedParent(state, event)]
    case 'parent-answered':
      return parentAnswered(event, sagaId, events)
    default:
      return acts(sagaId, state, event)
  }
}

/** What a client or a person asked. */
function acts(sagaId: SagaId, state: SagaState, event: SagaEvent): readonly Candidate[] {
  switch (event.type) {
    case 'signal-received': {
      const { name, payload, requestId, actor, roles = [] } = event
      return [{ input: { kind: 'signal', sagaId, name, payload, requestId, actor, roles } }]
    }
    case 'cancel-requested':
      return [{ input: { kind: 'cancel', sagaId, ...actOf(event) } }]
    case 'cancel-refused':
      return [{ input: { kind: 'cancel', sagaId, ...actOf({ ...event, reason: '' }) } }]
    case 'compensation-started':
      return event.cause.kind === 'cancelled' ? [{ input: { kind: 'cancel', sagaId, ...actOf(event.cause) } }] : []
    case 'retry-requested':
      return [{ input: { kind: 'retry', sagaId, step: event.step, ...actOf(event) } }]
    case 'saga-killed':
      return [{ input: { kind: 'kill', sagaId, ...actOf(event) } }]
    case 'saga-paused':
      return [{ input: { kind: 'pause', sagaId, timers: event.timers, ...actOf(event) } }]
    case 'saga-resumed':
      return [{ input: { kind: 'resume', sagaId, ...actOf(event) } }]
    case 'undo-resolved':
      return [{ input: { kind: 'resolve', sagaId, step: event.step, as: 'undone', ...actOf(event) } }]
    case 'failure-resolved':
      return [{ input: { kind: 'resolve', sagaId, step: event.step, as: 'failed', ...actOf(event) } }]
    case 'step-resolved': {
      const { step, output, notDone } = event
      const said = { sagaId, step, output, ...actOf(event) }
      return [{ input: { kind: 'skip', notDone, ...said } }, { input: { kind: 'resolve', as: 'done', ...said } }]
    }
    case 'step-edited':
      return [{ input: { kind: 'edit', sagaId, step: event.step, payload: event.payload, ...actOf(event) } }]
    case 'saga-forked': {
      const asked = { kind: 'fork', sagaId, step: event.from, fork: event.fork, ...actOf(event) } as const
      const other = JSON.stringify(event.input) !== JSON.stringify(state.input)
      return [{ input: other ? { ...asked, input: event.input } : asked }, { input: { ...asked, input: event.input } }]
    }
    default:
      return []
  }
}

interface Acted {
  readonly requestId: string
  readonly actor: string
  readonly reason: string
}

function actOf({ requestId, actor, reason }: Acted): Acted {
  return { requestId, actor, reason }
}

interface Said {
  readonly direction: Direction
  readonly outcome: Outcome
  readonly body: Json
  readonly errorCode?: string
  readonly retryAfterMs?: number
}

function reply(state: SagaState, { step, attempt }: { step: string; attempt: number }, said: Said): Candidate {
  const sent = stepAt(state, step)?.sentAs ?? step
  const { errorCode, retryAfterMs, ...rest } = said
  return { input: { kind: 'reply', sagaId: state.id, step: sent, attempt, errorCode, retryAfterMs, ...rest } }
}

function progress(state: SagaState, event: EventOf<'step-progressed' | 'compensation-progressed'>): Candidate {
  const attempt = stepAt(state, event.step)?.attempt ?? 1
  const direction = event.type === 'step-progressed' ? 'forward' : 'compensate'
  return reply(state, { step: event.step, attempt }, { direction, outcome: 'progress', body: event.payload })
}

interface Failed {
  readonly step: string
  readonly attempt: number
  readonly error: StepError
  readonly retryAt: number | null
}

/** A participant's word; the clock's is asked for after it. */
function failed(
  state: SagaState,
  { step, attempt, error, retryAt }: Failed,
  { direction, at }: { direction: Direction; at: number },
): readonly Candidate[] {
  const { kind, code, message, details } = error
  if (kind !== 'rejected' && kind !== 'failed' && kind !== 'fatal') return []
  const body = { code, message, ...(details !== undefined && { details }) }
  const said: Said = { direction, outcome: kind, body, errorCode: code }
  const plain = reply(state, { step, attempt }, said)
  if (kind !== 'failed') return [plain]
  const retryAfterMs = retryAt === null ? LONG_MS : retryAt - at
  return [plain, { ...reply(state, { step, attempt }, { ...said, retryAfterMs }), asked: true }]
}

function refusedParent(state: SagaState, event: EventOf<'parent-refused'>): Candidate {
  const { parent: from, step, attempt, direction } = event
  const { id: sagaId, definition, input, inputHash } = state
  const parent = { sagaId: from, step, attempt }
  if (direction === 'compensate') return { input: { kind: 'undo', sagaId, parent } }
  const start = { kind: 'start', sagaId, definition, version: undefined, input, inputHash } as const
  return { input: { ...start, parent: { ...parent, waits: true } } }
}

function parentAnswered(
  { parent, step, attempt }: EventOf<'parent-answered'>,
  sagaId: SagaId,
  events: readonly EventEnvelope[],
): readonly Candidate[] {
  const next = events[1]?.event
  if (next?.type === 'saga-killed') return [{ input: { kind: 'kill', sagaId, ...actOf(next) } }]
  return [{ input: { kind: 'undo', sagaId, parent: { sagaId: parent, step, attempt } } }]
}

/** Held steps that were let go together; how many of those that follow, nobody says: the most first. */
function admits(state: SagaState, events: readonly EventEnvelope[]): readonly Candidate[] {
  const steps = new Map<string, Admitted>()
  for (const { event } of events) {
    const path = 'step' in event && typeof event.step === 'string' ? event.step : undefined
    const status = path === undefined ? undefined : stepAt(state, path)?.status
    if (path === undefined || steps.has(path)) continue
    if (status === 'held') steps.set(path, { step: path, direction: 'forward' })
    if (status === 'undo-held') steps.set(path, { step: path, direction: 'compensate' })
  }
  const all = [...steps.values()]
  const { id: sagaId } = state
  return all.map((_, i) => ({ input: { kind: 'admit', sagaId, steps: all.slice(0, all.length - i) } }))
}
