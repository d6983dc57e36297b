/**
 * Which event may follow which, as two small tables: one for the saga, one for each step. Written apart from `evolve`,
 * so that the two can be held against each other, and so that a log can be audited by rules that a person can read.
 */
import type { SagaEvent, SagaEventType } from '../message/events.ts'

/** Where a saga stands, as far as its events tell. */
export type Phase = 'none' | 'forward' | 'back' | 'stuck-forward' | 'stuck-back' | 'ended'
/** Where one step stands. `unknown`: given up, its effect may be done. `waiting`: to be tried again. `awaiting`: a time or a signal. */
export type Standing =
  | 'idle'
  | 'armed'
  | 'waiting'
  | 'unknown'
  | 'done'
  | 'refused'
  | 'skipped'
  | 'awaiting'
  | 'undoing'
  | 'undo-waiting'
  | 'undo-failed'
  | 'undone'

type To = Phase | 'same' | 'onward' | 'parked'

/** Phases in which an event is legal, and the phase after it. */
const PHASES: { readonly [Type in SagaEventType]: readonly [from: readonly Phase[], to: To] } = {
  'saga-started': [['none'], 'forward'],
  'step-requested': [['forward'], 'same'],
  'step-progressed': [['forward'], 'same'],
  'step-succeeded': [['forward', 'stuck-forward'], 'onward'],
  'step-rejected': [['forward', 'stuck-forward'], 'onward'],
  'step-failed': [['forward'], 'same'],
  'compensation-started': [['forward', 'stuck-forward'], 'back'],
  'compensation-requested': [['back'], 'same'],
  'compensation-progressed': [['back'], 'same'],
  'compensation-succeeded': [['back', 'stuck-back'], 'onward'],
  'compensation-failed': [['back'], 'same'],
  'step-skipped': [['forward'], 'same'],
  'step-computed': [['forward'], 'same'],
  'wait-started': [['forward'], 'same'],
  'wait-ended': [['forward'], 'same'],
  'signal-received': [['forward', 'back', 'stuck-forward', 'stuck-back'], 'same'],
  'cancel-requested': [['forward', 'stuck-forward'], 'same'],
  'cancel-refused': [['forward', 'stuck-forward'], 'same'],
  'retry-requested': [['stuck-forward', 'stuck-back'], 'onward'],
  'saga-stuck': [['forward', 'back'], 'parked'],
  'saga-completed': [['forward'], 'ended'],
  'saga-compensated': [['back'], 'ended'],
}

type StepEventType = Extract<SagaEvent, { attempt: number } | { timeoutAt: number; step: string }>['type']

/** The same for the step that an event names. A failed one goes to the first standing when it is tried again, to the second when not. */
const STANDINGS: {
  readonly [Type in StepEventType]: readonly [from: readonly Standing[], to: Standing, last?: Standing]
} = {
  'step-requested': [['idle', 'waiting', 'unknown', 'refused'], 'armed'],
  'step-progressed': [['armed'], 'armed'],
  'step-succeeded': [['armed', 'waiting', 'unknown'], 'done'],
  'step-rejected': [['armed', 'waiting', 'unknown'], 'refused'],
  'step-failed': [['armed'], 'waiting', 'unknown'],
  'compensation-requested': [['done', 'unknown', 'undo-waiting', 'undo-failed'], 'undoing'],
  'compensation-progressed': [['undoing'], 'undoing'],
  'compensation-succeeded': [['undoing', 'undo-waiting', 'undo-failed'], 'undone'],
  'compensation-failed': [['undoing'], 'undo-waiting', 'undo-failed'],
}

export interface Move<Place> {
  readonly legal: boolean
  readonly to: Place
}

/** Where an event takes the saga, and whether it may. */
export function phaseAfter(phase: Phase, type: SagaEventType): Move<Phase> {
  const [from, to] = PHASES[type]
  const legal = from.includes(phase)
  switch (to) {
    case 'same':
      return { legal, to: phase }
    case 'onward':
      return { legal, to: isBack(phase) ? 'back' : 'forward' }
    case 'parked':
      return { legal, to: isBack(phase) ? 'stuck-back' : 'stuck-forward' }
    default:
      return { legal, to }
  }
}

export function isBack(phase: Phase): boolean {
  return phase === 'back' || phase === 'stuck-back'
}

/** Where an event takes the step that it names; `undefined` when it is about no step's command. */
export function standingAfter(standing: Standing, event: SagaEvent): Move<Standing> | undefined {
  if (!isStepEvent(event)) return undefined
  const [from, to, last] = STANDINGS[event.type]
  const gaveUp = 'retryAt' in event && event.retryAt === null
  return { legal: from.includes(standing), to: gaveUp && last ? last : to }
}

export type StepEvent = Extract<SagaEvent, { type: StepEventType }>

export function isStepEvent(event: SagaEvent): event is StepEvent {
  return Object.hasOwn(STANDINGS, event.type)
}
