/**
 * Which event may follow which, as small tables: one for the saga, one for each scope, one for each step. Written apart
 * from `evolve`, so that the two can be held against each other, and so that a log can be audited by rules that a person
 * can read.
 */
import type { SagaEvent, SagaEventType } from '../message/events.ts'

/** Where a saga stands, as far as its events tell. What is parked stands apart: the others go on. */
export type SagaPhase = 'none' | 'forward' | 'back' | 'completed' | 'compensated' | 'killed' | 'voided'
/** Where one scope stands; the saga's own is one of them. */
export type ScopePhase = 'forward' | 'done' | 'backward' | 'undone'
/**
 * Where one step stands. `unknown`: given up, its effect may be done. `waiting`: to be tried again. `awaiting`: a time or a
 * signal. `open`: a block that has begun. `held`: its command waits for the participant, and has not been sent.
 */
export type Standing =
  | 'idle'
  | 'armed'
  | 'waiting'
  | 'unknown'
  | 'done'
  | 'refused'
  | 'skipped'
  | 'awaiting'
  | 'open'
  | 'held'
  | 'undoing'
  | 'undo-held'
  | 'undo-waiting'
  | 'undo-failed'
  | 'undone'

const GOING: readonly SagaPhase[] = ['forward', 'back']
const ENDED: readonly SagaPhase[] = ['completed', 'compensated']
/** A step that succeeded late is undone also after the end. */
const UNDOING: readonly SagaPhase[] = ['back', 'forward', ...ENDED]

/** Phases of the saga in which an event is legal, and the phase after it when that is another. */
const SAGA: { readonly [Type in SagaEventType]: readonly [from: readonly SagaPhase[], to?: SagaPhase] } = {
  'saga-started': [['none'], 'forward'],
  'step-requested': [['forward']],
  'step-held': [['forward']],
  'step-progressed': [['forward']],
  'step-succeeded': [['forward']],
  'step-rejected': [['forward']],
  'step-failed': [['forward']],
  'step-skipped': [['forward']],
  'step-computed': [['forward']],
  'wait-started': [['forward']],
  'wait-ended': [['forward']],
  'block-started': [['forward']],
  'scope-started': [['forward']],
  'scope-completed': [['forward']],
  'block-completed': [['forward']],
  // Of the saga itself it takes the saga back; of a scope alone it does not: see `sagaAfter`.
  'compensation-started': [['forward', 'completed'], 'back'],
  'compensation-requested': [UNDOING],
  'compensation-held': [UNDOING],
  'compensation-progressed': [UNDOING],
  'compensation-succeeded': [UNDOING],
  'compensation-failed': [UNDOING],
  'scope-compensated': [GOING],
  'signal-received': [GOING],
  'cancel-requested': [['forward']],
  'cancel-refused': [['forward']],
  'retry-requested': [UNDOING],
  'step-resolved': [['forward']],
  'failure-resolved': [['forward']],
  'step-edited': [UNDOING],
  'saga-paused': [GOING],
  'saga-resumed': [GOING],
  'saga-forked': [[...GOING, ...ENDED, 'killed']],
  'saga-migrated': [GOING],
  'undo-resolved': [UNDOING],
  'saga-stuck': [UNDOING],
  'late-success': [UNDOING],
  'undo-requested': [[...GOING, ...ENDED, 'voided', 'killed']],
  'turn-yielded': [[...GOING, ...ENDED]],
  'parent-answered': [[...GOING, ...ENDED, 'voided', 'killed']],
  'parent-refused': [[...GOING, ...ENDED, 'voided', 'killed']],
  'saga-voided': [['none'], 'voided'],
  'saga-killed': [GOING, 'killed'],
  'saga-completed': [['forward'], 'completed'],
  'saga-compensated': [['back'], 'compensated'],
}

/** What may follow an end: what a parent asks and hears, a success that came late, and its undo. */
const AFTER_END: ReadonlySet<SagaEventType> = new Set([
  'late-success',
  'undo-requested',
  'turn-yielded',
  'parent-answered',
  'parent-refused',
  'compensation-started',
  'compensation-requested',
  'compensation-held',
  'compensation-progressed',
  'compensation-succeeded',
  'compensation-failed',
  'saga-stuck',
  'retry-requested',
  'step-edited',
  'undo-resolved',
  'saga-forked',
])

/** The same where it never ran, or was killed. */
const AFTER_NOTHING: ReadonlySet<SagaEventType> = new Set(['undo-requested', 'parent-answered', 'parent-refused'])
const AFTER_KILL: ReadonlySet<SagaEventType> = new Set([...AFTER_NOTHING, 'saga-forked'])

type Move<Place> = { readonly legal: boolean; readonly to: Place }

/** Where an event takes the saga, and whether it may. */
export function sagaAfter(phase: SagaPhase, event: SagaEvent): Move<SagaPhase> {
  const [from, to = phase] = SAGA[event.type]
  const ofScope = event.type === 'compensation-started' && event.scope !== undefined
  return { legal: from.includes(phase), to: ofScope ? phase : to }
}

/** Whether the saga has ended, so that little may follow. */
export function isEnd(phase: SagaPhase): boolean {
  return phase !== 'none' && phase !== 'forward' && phase !== 'back'
}

/** S1: whether an event may follow that end at all. */
export function mayFollowEnd(phase: SagaPhase, type: SagaEventType): boolean {
  if (phase === 'voided') return AFTER_NOTHING.has(type)
  if (phase === 'killed') return AFTER_KILL.has(type)
  return AFTER_END.has(type) && (type !== 'compensation-started' || phase === 'completed')
}

type ScopeEventType = 'scope-completed' | 'scope-compensated' | 'compensation-started'

/** The phase that a scope must be in for an event about it. */
export const SCOPE_BEFORE: { readonly [Type in ScopeEventType]: ScopePhase } = {
  'scope-completed': 'forward',
  'compensation-started': 'forward',
  'scope-compensated': 'backward',
}

/** Events about one step, but for those that park it. */
export type StepEvent = Extract<
  SagaEvent,
  {
    type:
      | 'step-requested'
      | 'step-held'
      | 'step-progressed'
      | 'step-succeeded'
      | 'step-rejected'
      | 'step-failed'
      | 'step-skipped'
      | 'step-computed'
      | 'wait-started'
      | 'wait-ended'
      | 'block-started'
      | 'block-completed'
      | 'compensation-requested'
      | 'compensation-held'
      | 'compensation-progressed'
      | 'compensation-succeeded'
      | 'compensation-failed'
      | 'undo-resolved'
      | 'step-resolved'
      | 'failure-resolved'
      | 'late-success'
  }
>
export type StepEventType = StepEvent['type']

interface StepRule {
  readonly from: readonly Standing[]
  readonly to: Standing
  /** Where a failed one goes that is not tried again. */
  readonly last?: Standing
  /** Which way the scope around the step must go. `either`: the event says for itself. */
  readonly scope: 'forward' | 'backward' | 'either'
  /** Whether it may be about a step that waits for a person; others must not touch it. */
  readonly parked: 'never' | 'may' | 'must'
}

const begins = (to: Standing): StepRule => ({ from: ['idle'], to, scope: 'forward', parked: 'never' })

const STEPS: { readonly [Type in StepEventType]: StepRule } = {
  'step-requested': {
    from: ['idle', 'held', 'waiting', 'unknown', 'refused'],
    to: 'armed',
    scope: 'forward',
    parked: 'never',
  },
  'step-held': { from: ['idle', 'waiting', 'unknown', 'refused'], to: 'held', scope: 'forward', parked: 'never' },
  'step-progressed': { from: ['armed'], to: 'armed', scope: 'forward', parked: 'never' },
  'step-succeeded': {
    from: ['armed', 'held', 'waiting', 'unknown', 'refused'],
    to: 'done',
    scope: 'forward',
    parked: 'may',
  },
  'step-rejected': { from: ['armed', 'held', 'waiting', 'unknown'], to: 'refused', scope: 'forward', parked: 'may' },
  // Of a step that was given up: a child saga says that it is over. Of one that waits: so too, or there is no time to try again.
  'step-failed': {
    from: ['armed', 'held', 'waiting', 'unknown'],
    to: 'waiting',
    last: 'unknown',
    scope: 'forward',
    parked: 'may',
  },
  'step-skipped': begins('skipped'),
  'step-computed': begins('done'),
  'wait-started': begins('awaiting'),
  'wait-ended': { from: ['awaiting'], to: 'done', scope: 'forward', parked: 'may' },
  'block-started': begins('open'),
  'block-completed': { from: ['open'], to: 'done', scope: 'forward', parked: 'never' },
  'compensation-requested': {
    from: ['done', 'unknown', 'undo-held', 'undo-waiting', 'undo-failed'],
    to: 'undoing',
    scope: 'backward',
    parked: 'never',
  },
  'compensation-held': {
    from: ['done', 'unknown', 'undo-waiting', 'undo-failed'],
    to: 'undo-held',
    scope: 'backward',
    parked: 'never',
  },
  'compensation-progressed': { from: ['undoing'], to: 'undoing', scope: 'backward', parked: 'never' },
  'compensation-succeeded': {
    from: ['undoing', 'undo-held', 'undo-waiting', 'undo-failed'],
    to: 'undone',
    scope: 'backward',
    parked: 'may',
  },
  'compensation-failed': {
    from: ['undoing', 'undo-held', 'undo-waiting'],
    to: 'undo-waiting',
    last: 'undo-failed',
    scope: 'backward',
    parked: 'never',
  },
  'undo-resolved': {
    from: ['done', 'unknown', 'undo-waiting', 'undo-failed'],
    to: 'undone',
    scope: 'backward',
    parked: 'must',
  },
  // What was not asked for, refused or given up is parked; what is under way need not be.
  'step-resolved': {
    from: ['idle', 'armed', 'held', 'waiting', 'unknown', 'refused', 'awaiting'],
    to: 'done',
    scope: 'forward',
    parked: 'may',
  },
  'failure-resolved': { from: ['idle', 'waiting', 'unknown'], to: 'refused', scope: 'forward', parked: 'must' },
  'late-success': { from: ['refused'], to: 'done', scope: 'either', parked: 'never' },
}

export function stepRule(type: StepEventType): StepRule {
  return STEPS[type]
}

/** Where an event takes the step that it names, and whether it may. */
export function standingAfter(standing: Standing, event: StepEvent): Move<Standing> {
  const { from, to, last } = STEPS[event.type]
  const gaveUp = 'retryAt' in event && event.retryAt === null
  if (event.type === 'step-resolved' && event.notDone) return { legal: from.includes(standing), to: 'skipped' }
  return { legal: from.includes(standing), to: gaveUp && last ? last : to }
}

export function isStepEvent(event: SagaEvent): event is StepEvent {
  return Object.hasOwn(STEPS, event.type)
}

/** Standings in which a step may be parked, by which way its scope goes. */
export const PARKED_FROM: { readonly forward: ReadonlySet<Standing>; readonly backward: ReadonlySet<Standing> } = {
  forward: new Set(['idle', 'held', 'waiting', 'unknown', 'refused', 'open', 'awaiting']),
  backward: new Set(['done', 'unknown', 'undo-held', 'undo-waiting', 'undo-failed']),
}
