/** What a saga's events say of it, read off their types alone, by rules that share nothing with the fold or the views. */
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { Direction } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'

export type OutlineStatus = 'running' | 'compensating' | 'stuck' | 'completed' | 'compensated'

/** One step in one direction. */
export interface StepOutline {
  readonly step: string
  readonly direction: Direction
  status: 'requested' | 'progressed' | 'succeeded' | 'rejected' | 'retrying' | 'failed' | 'waiting' | 'skipped'
  /** The newest attempt that was asked for. */
  attempts: number
  /** What the newest attempt asks. */
  payload: Json
  /** When its timer is due; `undefined`: it has none. */
  dueAt: number | undefined
  /** It waits for a signal that may never come: nothing need be due. */
  awaitsSignal: boolean
}

export interface SagaOutline {
  status: OutlineStatus
  definition: string | undefined
  version: number | undefined
  seq: number
  endedAt: number | undefined
  /** By `step/direction`, in the order of their first events. */
  readonly steps: Map<string, StepOutline>
}

const STATUS_AFTER: { readonly [Type in SagaEvent['type']]?: OutlineStatus } = {
  'saga-started': 'running',
  'step-requested': 'running',
  'compensation-started': 'compensating',
  'compensation-requested': 'compensating',
  'saga-stuck': 'stuck',
  'saga-completed': 'completed',
  'saga-compensated': 'compensated',
}

const STEP_STATUS_AFTER: { readonly [Type in SagaEvent['type']]?: StepOutline['status'] } = {
  'step-requested': 'requested',
  'compensation-requested': 'requested',
  'step-progressed': 'progressed',
  'compensation-progressed': 'progressed',
  'step-succeeded': 'succeeded',
  'compensation-succeeded': 'succeeded',
  'step-rejected': 'rejected',
  'step-failed': 'failed',
  'step-skipped': 'skipped',
  'step-computed': 'succeeded',
  'wait-started': 'waiting',
  'wait-ended': 'succeeded',
  'compensation-failed': 'failed',
}

/** The first `count` of the events; all unless told. */
export function outlineOf(events: readonly EventEnvelope[], count: number = events.length): SagaOutline {
  const outline: SagaOutline = {
    status: 'running',
    definition: undefined,
    version: undefined,
    seq: 0,
    endedAt: undefined,
    steps: new Map(),
  }
  for (let i = 0; i < count; i++) {
    const envelope = events[i]
    if (envelope) read(outline, envelope)
  }
  return outline
}

function read(outline: SagaOutline, { event, seq, at }: EventEnvelope): void {
  outline.seq = seq
  outline.status = STATUS_AFTER[event.type] ?? outline.status
  if (event.type === 'saga-started') {
    outline.definition ??= event.definition
    outline.version ??= event.version
  } else if (event.type === 'saga-completed' || event.type === 'saga-compensated') outline.endedAt = at
  else if (event.type === 'compensation-started') {
    for (const step of outline.steps.values()) {
      if (step.direction !== 'forward') continue
      step.dueAt = undefined
      step.awaitsSignal = false
    }
  } else readStep(outline, event)
}

function readStep(outline: SagaOutline, event: SagaEvent): void {
  const status = STEP_STATUS_AFTER[event.type]
  if (status === undefined || !('step' in event) || event.step === null) return
  const step = stepOf(outline, event.step, event.type.startsWith('compensation-') ? 'compensate' : 'forward')
  step.status = status
  step.dueAt = 'timeoutAt' in event ? event.timeoutAt : undefined
  step.awaitsSignal = event.type === 'wait-started' && event.signal !== null
  if (event.type === 'wait-started') step.dueAt = event.until ?? undefined
  else if ('commandType' in event) {
    step.attempts = event.attempt
    step.payload = event.payload
  } else if ('retryAt' in event && event.retryAt !== null) {
    step.status = 'retrying'
    step.dueAt = event.retryAt
  }
}

function stepOf(outline: SagaOutline, name: string, direction: Direction): StepOutline {
  const key = `${name}/${direction}`
  let step = outline.steps.get(key)
  if (!step) {
    step = {
      step: name,
      direction,
      status: 'requested',
      attempts: 0,
      payload: null,
      dueAt: undefined,
      awaitsSignal: false,
    }
    outline.steps.set(key, step)
  }
  return step
}
