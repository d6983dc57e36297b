/**
 * A saga's state: the fold of its events and nothing else.
 *
 *     (none) --start--> running --all steps done--> completed
 *                        |  ^
 *        rejected, given |  | retry, late reply
 *        up, cancelled,  |  v
 *        deadline        | stuck <--undo exhausted, mapping threw--+
 *                        v  |                                      |
 *                  compensating -----------------------------------+
 *                        |
 *                        +--all undone--> compensated
 */
import type { CompensationCause, StepError } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'

/** One step that has begun. Steps that the saga has not come to have no entry. */
export type StepState = StepBase &
  (
    | { readonly status: 'armed'; readonly timeoutAt: number }
    | { readonly status: 'retrying'; readonly retryAt: number; readonly error: StepError }
    | { readonly status: 'succeeded' }
    | { readonly status: 'rejected'; readonly error: StepError }
    /** Its outcome is unknown: it may have been done. */
    | { readonly status: 'given-up' }
    | { readonly status: 'undoing'; readonly timeoutAt: number }
    | { readonly status: 'undo-retrying'; readonly retryAt: number; readonly error: StepError }
    | { readonly status: 'undone' }
    | { readonly status: 'undo-failed'; readonly error: StepError }
    /** Its condition did not hold, or the saga turned back while it waited: there is nothing to undo. */
    | { readonly status: 'skipped' }
    | { readonly status: 'waiting'; readonly until: number | null; readonly signal: string | null }
  )

interface StepBase {
  readonly name: string
  /** The newest attempt in the present direction. */
  readonly attempt: number
  /** Attempt at which the present budget of attempts began: 1, or where a person said to try again. */
  readonly budgetFrom: number
  /** `undefined`: not known. */
  readonly output: Json | undefined
}

export interface Signal {
  readonly name: string
  readonly payload: Json
  readonly requestId: string
  /** The wait that it ended; `undefined`: it is kept for one that is still to come. */
  readonly takenBy: string | undefined
}

interface SagaBase {
  readonly id: SagaId
  readonly definition: string
  readonly version: number
  /** Number of its events. */
  readonly seq: number
  readonly input: Json
  readonly inputHash: string
  readonly deadlineAt: number | null
  /** In the order that they were armed. */
  readonly steps: readonly StepState[]
  readonly signals: readonly Signal[]
  /** Request ids of the cancels and retries that were answered; the newest `ACTS_MAX`. Repeated, they have no second effect (S13). */
  readonly acts: readonly string[]
  /** A cancel that waits for the pivot's answer. */
  readonly cancelRequestId: string | undefined
}

export type SagaState = SagaBase &
  (
    | { readonly status: 'running' }
    | { readonly status: 'compensating'; readonly cause: CompensationCause }
    | ({ readonly status: 'stuck'; readonly step: string | null; readonly error: StepError } & StuckWhile)
    | { readonly status: 'completed'; readonly output: Json }
    | { readonly status: 'compensated'; readonly cause: CompensationCause }
  )

/** What a stuck saga was doing, and goes on with. */
export type StuckWhile =
  | { readonly phase: 'running' }
  | { readonly phase: 'compensating'; readonly cause: CompensationCause }

export type SagaStatus = SagaState['status']
export type Running = Extract<SagaState, { status: 'running' }>
export type Compensating = Extract<SagaState, { status: 'compensating' }>
export type Stuck = Extract<SagaState, { status: 'stuck' }>
export type LiveSaga = Running | Compensating | Stuck

/** All that is remembered of a saga that has ended: enough to recognise its start when it comes again (S21). */
export interface EndedSaga {
  readonly status: 'ended'
  readonly id: SagaId
  readonly definition: string
  readonly inputHash: string
}

export function isLive(state: SagaState): state is LiveSaga {
  return state.status !== 'completed' && state.status !== 'compensated'
}

export function stepState(state: SagaBase, name: string): StepState | undefined {
  return state.steps.find((step) => step.name === name)
}
