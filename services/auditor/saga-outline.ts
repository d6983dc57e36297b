/** What a saga's events say of it, read off their types alone, by rules that share nothing with the fold or the views. */
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { Direction } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { isWithin, ROOT, scopesOutward } from '../../shared/message/step-path.ts'

export type OutlineStatus = OutlinePhase | 'stuck' | 'paused'
type OutlinePhase = 'running' | 'compensating' | 'completed' | 'compensated' | 'failed'

/** One step in one direction; of a scope that turned back, its way back. */
export interface StepOutline {
  /** Its path. */
  readonly step: string
  readonly direction: Direction
  status: string
  /** The newest attempt that was asked for. */
  attempts: number
  /** What the newest attempt asks. */
  payload: Json
  /** When its timer is due; `undefined`: it has none. */
  dueAt: number | undefined
  /** It waits for a signal, for its participant, or for an answer that has no time limit: nothing need be due. */
  waitsForever: boolean
}

export type StartedOn = Pick<SagaOutline, 'definition' | 'version' | 'definitionHash'>

export interface SagaOutline {
  status: OutlineStatus
  definition: string | undefined
  version: number | undefined
  /** Hash of the plan that it runs on; `undefined`: its log does not say. */
  definitionHash: string | undefined
  /** The plan that it started on, where it has been moved to another. */
  startedOn: StartedOn | undefined
  /** Steps that were renamed, by their new names. */
  readonly renamed: Map<string, string>
  seq: number
  endedAt: number | undefined
  /** More was to be done than one turn has room for. */
  yielded: boolean
  /** By `step/direction`, in the order of their first events. */
  readonly steps: Map<string, StepOutline>
}

/** The outline as it grows. */
interface Growing extends SagaOutline {
  phase: OutlinePhase
  /** Paths of steps that wait for a person, and which way they were going; `null`: the saga's output. */
  readonly parked: Map<string | null, Direction>
  paused: boolean
  /** Scopes that turned back by themselves, and the saga's own. */
  readonly back: Set<string>
}

const PHASE_AFTER: { readonly [Type in SagaEvent['type']]?: OutlinePhase } = {
  'saga-started': 'running',
  'saga-voided': 'compensated',
  'saga-killed': 'failed',
  'saga-completed': 'completed',
  'saga-compensated': 'compensated',
}

const STEP_STATUS_AFTER: { readonly [Type in SagaEvent['type']]?: string } = {
  'step-requested': 'requested',
  'step-held': 'held',
  'compensation-held': 'held',
  'compensation-requested': 'requested',
  'step-progressed': 'progressed',
  'compensation-progressed': 'progressed',
  'step-succeeded': 'succeeded',
  'compensation-succeeded': 'succeeded',
  'step-rejected': 'rejected',
  'step-failed': 'failed',
  'compensation-failed': 'failed',
  'step-skipped': 'skipped',
  'step-computed': 'succeeded',
  'wait-started': 'waiting',
  'wait-ended': 'succeeded',
  'block-started': 'open',
  'block-completed': 'succeeded',
  'late-success': 'succeeded',
  'undo-resolved': 'resolved',
  'step-resolved': 'resolved',
  'failure-resolved': 'rejected',
}

/** The first `count` of the events; all unless told. */
export function outlineOf(events: readonly EventEnvelope[], count: number = events.length): SagaOutline {
  const outline: Growing = {
    status: 'running',
    phase: 'running',
    definition: undefined,
    version: undefined,
    definitionHash: undefined,
    startedOn: undefined,
    renamed: new Map(),
    seq: 0,
    endedAt: undefined,
    yielded: false,
    steps: new Map(),
    parked: new Map(),
    back: new Set(),
    paused: false,
  }
  for (let i = 0; i < count; i++) {
    const envelope = events[i]
    if (envelope) read(outline, envelope)
  }
  for (const step of outline.steps.values()) if (waitsNoMore(outline, step)) stopWaiting(step)
  if (outline.paused && outline.phase !== 'failed') outline.status = 'paused'
  else outline.status = outline.parked.size > 0 && outline.phase !== 'failed' ? 'stuck' : outline.phase
  return outline
}

function read(outline: Growing, { event, seq, at }: EventEnvelope): void {
  outline.seq = seq
  const phase = PHASE_AFTER[event.type]
  outline.phase = phase ?? outline.phase
  if (phase !== undefined && phase !== 'running') outline.endedAt = at
  switch (event.type) {
    case 'saga-started':
      outline.definition ??= event.definition
      outline.version ??= event.version
      outline.definitionHash ??= event.definitionHash
      for (const step of (event.given ?? []).map(({ step }) => step).sort())
        stepOf(outline, step, 'forward').status = 'given'
      return
    case 'compensation-started':
      readTurn(outline, event.scope ?? ROOT)
      return
    case 'scope-compensated': {
      const row = outline.steps.get(keyOf(event.scope, 'compensate'))
      if (row) row.status = 'succeeded'
      return
    }
    case 'saga-stuck': {
      outline.parked.delete(event.step)
      outline.parked.set(event.step, event.step !== null && isBack(outline, event.step) ? 'compensate' : 'forward')
      return
    }
    case 'saga-paused':
    case 'saga-resumed':
      outline.paused = event.type === 'saga-paused'
      return
    case 'saga-migrated':
      readMove(outline, event)
      return
    case 'step-edited':
      outline.parked.delete(event.step)
      return
    case 'retry-requested':
      if (event.step === undefined) outline.parked.clear()
      else outline.parked.delete(event.step)
      return
    case 'saga-killed':
      outline.parked.clear()
      return
    case 'turn-yielded':
      outline.yielded = event.more
      return
    default:
      readStep(outline, event)
  }
}

/** The rows of a step that has another name by now stay as they are; what it waits for, it waits for there. */
function readMove(outline: Growing, event: Extract<SagaEvent, { type: 'saga-migrated' }>): void {
  const { definition, version, definitionHash } = outline
  outline.startedOn ??= { definition, version, definitionHash }
  outline.version = event.toVersion
  outline.definitionHash = event.definitionHash ?? definitionHash
  for (const [from, to] of Object.entries(event.renames ?? {})) {
    outline.renamed.set(to, from)
    const direction = outline.parked.get(from)
    if (direction === undefined) continue
    outline.parked.delete(from)
    outline.parked.set(to, direction)
  }
  for (const step of event.unparked ?? []) outline.parked.delete(step)
}

/** What was parked on its way forward is asked for no more. */
function readTurn(outline: Growing, scope: string): void {
  outline.back.add(scope)
  if (scope === ROOT) outline.phase = 'compensating'
  else stepOf(outline, scope, 'compensate').status = 'undoing'
  for (const [step, direction] of outline.parked)
    if (direction === 'forward' && isWithin(step ?? ROOT, scope)) outline.parked.delete(step)
}

/** Whether the step, or a scope around it, has turned back. */
function isBack(outline: Growing, path: string): boolean {
  return scopesOutward(path).some((scope) => outline.back.has(scope))
}

function readStep(outline: Growing, event: SagaEvent): void {
  const status = STEP_STATUS_AFTER[event.type]
  if (status === undefined || !('step' in event) || event.step === null) return
  const back = event.type.startsWith('compensation-') || event.type === 'undo-resolved'
  const step = stepOf(outline, event.step, back ? 'compensate' : 'forward')
  for (let old = outline.renamed.get(event.step); old !== undefined; old = outline.renamed.get(old)) {
    const before = outline.steps.get(keyOf(old, step.direction))
    if (before) stopWaiting(before)
  }
  step.status = status
  stopWaiting(step)
  if ('timeoutAt' in event) wait(step, earliest(event))
  if (event.type === 'step-held' || event.type === 'compensation-held') wait(step, null)
  if (event.type === 'wait-started') wait(step, event.until, event.signal !== null)
  if ('commandType' in event) {
    step.attempts = event.attempt
    step.payload = event.payload
  } else if ('retryAt' in event) {
    if (event.retryAt === null) return
    step.status = 'retrying'
    step.dueAt = event.retryAt
  } else if (!event.type.endsWith('-progressed')) outline.parked.delete(event.step)
}

type Timed = Extract<SagaEvent, { timeoutAt: number | null }>

/** The first of the times at which an attempt is too late. */
function earliest(event: Timed): number | null {
  const other = 'progressAt' in event ? event.progressAt : 'takeUpAt' in event ? event.takeUpAt : undefined
  if (other === undefined) return event.timeoutAt
  return event.timeoutAt === null ? other : Math.min(event.timeoutAt, other)
}

function wait(step: StepOutline, dueAt: number | null, forever = dueAt === null): void {
  step.dueAt = dueAt ?? undefined
  step.waitsForever = forever
}

function stopWaiting(step: StepOutline): void {
  step.dueAt = undefined
  step.waitsForever = false
}

/** It turned back, waits for a person, or its saga was killed. */
function waitsNoMore(outline: Growing, { step, direction }: StepOutline): boolean {
  const name = laterName(outline, step)
  return outline.phase === 'failed' || outline.parked.has(name) || (direction === 'forward' && isBack(outline, step))
}

/** The name of a step now. */
export function laterName({ renamed }: Pick<SagaOutline, 'renamed'>, step: string): string {
  for (const [to, from] of renamed) if (from === step) return laterName({ renamed }, to)
  return step
}

/** The first name that a step had. */
export function firstName({ renamed }: Pick<SagaOutline, 'renamed'>, step: string): string {
  const before = renamed.get(step)
  return before === undefined ? step : firstName({ renamed }, before)
}

function keyOf(step: string, direction: Direction): string {
  return `${step}/${direction}`
}

function stepOf(outline: Growing, step: string, direction: Direction): StepOutline {
  const key = keyOf(step, direction)
  let known = outline.steps.get(key)
  if (!known) {
    known = { step, direction, status: 'requested', attempts: 0, payload: null, dueAt: undefined, waitsForever: false }
    outline.steps.set(key, known)
  }
  return known
}
