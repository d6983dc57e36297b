/** The facts of a saga: everything that `evolve` folds and that readers of the log see. Extended only by adding. */
import type { SagaId } from './ids.ts'
import type { Json } from './json.ts'

/** What went wrong at a participant, in a mapping, or by the clock. */
export interface StepError {
  /** `failed` and `fatal` come from the participant, `timeout` from the clock, `mapping` and `contract` from the definition. */
  readonly kind: 'rejected' | 'failed' | 'fatal' | 'timeout' | 'mapping' | 'contract'
  readonly code: string
  readonly message: string
  readonly details?: Json
}

/** Why a saga turned back. */
export type CompensationCause =
  | { readonly kind: 'rejected' | 'failed'; readonly step: string; readonly error: StepError }
  | { readonly kind: 'cancelled'; readonly requestId: string; readonly actor: string; readonly reason: string }
  | { readonly kind: 'deadline'; readonly deadlineAt: number }

/** A command as an event holds it: all that is needed to send it, and to send it again byte for byte (S9). */
export interface RequestedCommand {
  /** Name and version of the definition, as the command's headers say them. */
  readonly definition: string
  readonly version: number
  readonly participant: string
  /** `payment.charge.v1` */
  readonly commandType: string
  readonly payload: Json
  /** When this attempt is given up; also the command's deadline header. Milliseconds since the epoch. */
  readonly timeoutAt: number
}

/** Why a cancel came too late: the pivot is done, or it was given up and may be done. */
export type CancelRefusal = 'past-pivot' | 'pivot-unknown'

export type SagaEvent =
  | {
      readonly type: 'saga-started'
      readonly definition: string
      readonly version: number
      readonly input: Json
      /** SHA-256 of the canonical input: tells a repeated start from another one under the same id (S21). */
      readonly inputHash: string
      readonly deadlineAt: number | null
    }
  | ({ readonly type: 'step-requested'; readonly step: string; readonly attempt: number } & RequestedCommand)
  | { readonly type: 'step-progressed'; readonly step: string; readonly timeoutAt: number; readonly payload: Json }
  | { readonly type: 'step-succeeded'; readonly step: string; readonly attempt: number; readonly output: Json }
  | { readonly type: 'step-rejected'; readonly step: string; readonly attempt: number; readonly error: StepError }
  | {
      readonly type: 'step-failed'
      readonly step: string
      readonly attempt: number
      readonly error: StepError
      /** When it is tried again; `null`: given up, its outcome stays unknown. */
      readonly retryAt: number | null
    }
  | { readonly type: 'compensation-started'; readonly cause: CompensationCause }
  | ({ readonly type: 'compensation-requested'; readonly step: string; readonly attempt: number } & RequestedCommand)
  | {
      readonly type: 'compensation-progressed'
      readonly step: string
      readonly timeoutAt: number
      readonly payload: Json
    }
  | { readonly type: 'compensation-succeeded'; readonly step: string; readonly attempt: number }
  | {
      readonly type: 'compensation-failed'
      readonly step: string
      readonly attempt: number
      readonly error: StepError
      readonly retryAt: number | null
    }
  /** Its condition did not hold: it counts as done and has no output. */
  | { readonly type: 'step-skipped'; readonly step: string }
  /** A pure computation inside the saga; nothing is sent. */
  | { readonly type: 'step-computed'; readonly step: string; readonly output: Json }
  | {
      readonly type: 'wait-started'
      readonly step: string
      /** When it ends, or its deadline; `null`: it waits for the signal alone. Milliseconds since the epoch. */
      readonly until: number | null
      /** Name of the signal that ends it; `null`: it ends by the clock alone. */
      readonly signal: string | null
    }
  | {
      readonly type: 'wait-ended'
      readonly step: string
      /** The signal that ended it; `null`: its time came. */
      readonly requestId: string | null
      /** The signal's payload; `null` when its time came. */
      readonly output: Json
    }
  | { readonly type: 'signal-received'; readonly name: string; readonly payload: Json; readonly requestId: string }
  | { readonly type: 'cancel-requested'; readonly requestId: string; readonly actor: string; readonly reason: string }
  | { readonly type: 'cancel-refused'; readonly requestId: string; readonly actor: string; readonly why: CancelRefusal }
  | { readonly type: 'retry-requested'; readonly requestId: string; readonly actor: string; readonly reason: string }
  | { readonly type: 'saga-stuck'; readonly step: string | null; readonly error: StepError }
  | { readonly type: 'saga-completed'; readonly output: Json }
  | { readonly type: 'saga-compensated' }

export type SagaEventType = SagaEvent['type']

const TYPES: Record<SagaEventType, true> = {
  'saga-started': true,
  'step-requested': true,
  'step-progressed': true,
  'step-succeeded': true,
  'step-rejected': true,
  'step-failed': true,
  'compensation-started': true,
  'compensation-requested': true,
  'compensation-progressed': true,
  'compensation-succeeded': true,
  'compensation-failed': true,
  'step-skipped': true,
  'step-computed': true,
  'wait-started': true,
  'wait-ended': true,
  'signal-received': true,
  'cancel-requested': true,
  'cancel-refused': true,
  'retry-requested': true,
  'saga-stuck': true,
  'saga-completed': true,
  'saga-compensated': true,
}

/** Whether this version of Kasaga knows the event type; an unknown one stops its saga, not the partition. */
export function isSagaEventType(text: string): text is SagaEventType {
  return Object.hasOwn(TYPES, text)
}

/** An event in its place: which saga, which of its events, when, and what caused it. */
export interface EventEnvelope {
  readonly sagaId: SagaId
  /** 1..n over the saga, without a gap (S1). */
  readonly seq: number
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
  /** Id of the record, or name of the timer, that it answers. */
  readonly causationId: string
  readonly event: SagaEvent
}
