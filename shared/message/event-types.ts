import type { SagaEventType } from './events.ts'

const TYPES: Record<SagaEventType, true> = {
  'saga-started': true,
  'step-requested': true,
  'step-held': true,
  'step-progressed': true,
  'step-succeeded': true,
  'step-rejected': true,
  'step-failed': true,
  'compensation-started': true,
  'compensation-requested': true,
  'compensation-held': true,
  'compensation-progressed': true,
  'compensation-succeeded': true,
  'compensation-failed': true,
  'step-skipped': true,
  'step-computed': true,
  'wait-started': true,
  'wait-ended': true,
  'block-started': true,
  'scope-started': true,
  'scope-completed': true,
  'scope-compensated': true,
  'block-completed': true,
  'signal-received': true,
  'cancel-requested': true,
  'cancel-refused': true,
  'retry-requested': true,
  'step-resolved': true,
  'failure-resolved': true,
  'step-edited': true,
  'saga-paused': true,
  'saga-resumed': true,
  'saga-forked': true,
  'saga-migrated': true,
  'undo-resolved': true,
  'saga-stuck': true,
  'late-success': true,
  'undo-requested': true,
  'turn-yielded': true,
  'parent-answered': true,
  'parent-refused': true,
  'saga-voided': true,
  'saga-killed': true,
  'saga-completed': true,
  'saga-compensated': true,
}

/** Whether this version of Kasaga knows the event type; an unknown one stops its saga, not the partition. */
export function isSagaEventType(text: string): text is SagaEventType {
  return Object.hasOwn(TYPES, text)
}

/** Every type of event that this version writes. */
export const SAGA_EVENT_TYPES: readonly SagaEventType[] = Object.keys(TYPES).filter(isSagaEventType)
