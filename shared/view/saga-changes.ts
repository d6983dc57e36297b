/** What each event changes of its saga's row. A total table: an event type that is added must be placed here. */
import type { CompensationCause, ParentLink, SagaEvent } from '../message/events.ts'
import { PRIORITY } from '../message/priority.ts'
import { ROOT } from '../message/step-path.ts'
import { capped } from './capped.ts'
import type { LogEvent } from './projection.ts'
import type { sagas } from './saga-tables.ts'
import {
  ALL_UNPARKED,
  parkedNote,
  pausedNote,
  RESUMED,
  renamedNote,
  type SagaPhase,
  turnedNote,
  unparkedNote,
} from './standing.ts'
import type { ChangeOf } from './table.ts'

type Told = 'saga_id' | 'status' | 'stuck_step' | 'error_code' | 'error_message' | 'phase'
type Change = Omit<ChangeOf<typeof sagas>, Told> & { readonly phase?: SagaPhase }
type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>
type ChangesByType = { readonly [Type in SagaEvent['type']]: (event: EventOf<Type>, at: number) => Change }

const NOTHING: Change = {}

function causeOf(cause: CompensationCause): Change {
  switch (cause.kind) {
    case 'rejected':
    case 'failed':
      return {
        cause: cause.kind,
        cause_step: cause.step,
        cause_code: cause.error.code,
        cause_message: capped(cause.error.message),
      }
    case 'superseded':
      return { cause: cause.kind, cause_step: cause.step }
    case 'cancelled':
      return { cause: cause.kind, cause_code: cause.actor, cause_message: capped(cause.reason) }
    case 'deadline':
    case 'parent':
      return { cause: cause.kind }
  }
}

function turned({ scope = ROOT, cause }: EventOf<'compensation-started'>): Change {
  const standing = turnedNote(scope)
  return scope === ROOT ? { phase: 'compensating', ...causeOf(cause), standing } : { standing }
}

/** A plan without a pivot takes the place of one that has it: that is said too. */
function pivotColumn(pivot: string | null | undefined): Change {
  return pivot === undefined ? NOTHING : { pivot: pivot ?? '' }
}

/** A text without a note changes nothing. */
function migrated(event: EventOf<'saga-migrated'>): Change {
  const { toVersion: version, definitionHash: definition_hash, pivot, renames = {}, unparked = [] } = event
  const notes = [
    ...Object.entries(renames).map((names) => renamedNote(names)),
    ...unparked.map((step) => unparkedNote(step ?? ROOT)),
  ]
  return { version, definition_hash, ...pivotColumn(pivot), ...(notes.length > 0 && { standing: notes.join('\n') }) }
}

function childOf(parent: ParentLink | undefined): Change {
  return parent ? { parent_saga_id: parent.sagaId, parent_step: parent.step } : NOTHING
}

function requested(
  direction: 'forward' | 'compensate',
  event: EventOf<'step-requested' | 'compensation-requested'>,
): Change {
  return { current_step: event.step, direction, attempt: event.attempt, timeout_at: event.timeoutAt }
}

function held(direction: 'forward' | 'compensate', event: EventOf<'step-held' | 'compensation-held'>): Change {
  return { current_step: event.step, direction, held_for: event.participant }
}

function retrying(direction: 'forward' | 'compensate', event: EventOf<'step-failed' | 'compensation-failed'>): Change {
  return { current_step: event.step, direction, attempt: event.attempt, retry_at: event.retryAt }
}

/** Whatever a step comes to, it is parked no more. */
const settled = ({ step }: { readonly step: string }): Change => ({ standing: unparkedNote(step) })
const nothing = () => NOTHING

const CHANGES: ChangesByType = {
  'saga-started': ({
    definition,
    version,
    inputHash,
    definitionHash,
    deadlineAt,
    pivot,
    priority = PRIORITY,
    parent,
    origin,
  }) => ({
    definition,
    version,
    phase: 'running',
    input_hash: inputHash,
    definition_hash: definitionHash,
    deadline_at: deadlineAt,
    ...pivotColumn(pivot),
    priority,
    ...childOf(parent),
    ...(origin && { origin_saga_id: origin.sagaId, origin_step: origin.step }),
  }),
  'step-requested': (event) => requested('forward', event),
  'step-held': (event) => held('forward', event),
  'step-progressed': nothing,
  'step-succeeded': settled,
  'step-rejected': settled,
  'step-failed': (event) => retrying('forward', event),
  'compensation-started': turned,
  'compensation-requested': (event) => requested('compensate', event),
  'compensation-held': (event) => held('compensate', event),
  'compensation-progressed': nothing,
  'compensation-succeeded': settled,
  'compensation-failed': (event) => retrying('compensate', event),
  'step-skipped': settled,
  'step-computed': settled,
  'wait-started': ({ step, until, signal }) => ({
    current_step: step,
    direction: 'forward',
    timeout_at: until,
    awaits: signal ?? 'time',
    ...settled({ step }),
  }),
  'wait-ended': ({ step }) => ({ current_step: step, direction: 'forward' }),
  'block-started': settled,
  'scope-started': nothing,
  'scope-completed': nothing,
  'scope-compensated': nothing,
  'block-completed': settled,
  'signal-received': nothing,
  'cancel-requested': () => ({ cancel_requested: true }),
  'cancel-refused': nothing,
  'retry-requested': ({ step }) => ({ standing: step === undefined ? ALL_UNPARKED : unparkedNote(step) }),
  'step-resolved': settled,
  'failure-resolved': settled,
  'step-edited': settled,
  'saga-paused': ({ timers }) => ({ standing: pausedNote(timers) }),
  'saga-resumed': () => ({ standing: RESUMED }),
  'saga-forked': nothing,
  'saga-migrated': migrated,
  'undo-resolved': settled,
  'saga-stuck': ({ step, error }) => ({ standing: parkedNote([step, error.code, capped(error.message)]) }),
  'late-success': nothing,
  'undo-requested': nothing,
  'turn-yielded': nothing,
  'parent-answered': nothing,
  'parent-refused': nothing,
  'saga-voided': ({ parent }, at) => ({ phase: 'compensated', ended_at: at, ...childOf(parent) }),
  'saga-killed': ({ actor, reason }, at) => ({
    phase: 'failed',
    ended_at: at,
    standing: ALL_UNPARKED,
    incident: 'killed',
    incident_actor: actor,
    incident_reason: capped(reason),
  }),
  'saga-completed': (_, at) => ({ phase: 'completed', ended_at: at }),
  'saga-compensated': (_, at) => ({ phase: 'compensated', ended_at: at }),
}

/** What an event changes of its saga's row. */
export function sagaChange({ sagaId, seq, at, partition, event }: LogEvent): ChangeOf<typeof sagas> {
  const change = CHANGES[event.type] as (event: SagaEvent, at: number) => Change
  return { saga_id: sagaId, seq, partition, started_at: at, updated_at: at, ...change(event, at) }
}
