/** What a handler can answer besides its output: a business refusal, and technical failures. Each is returned or thrown. */
import { type Duration, durationMs } from '../saga/duration.ts'

/** A business refusal. The saga compensates; the refusal is stored, so that a redelivery is refused alike. */
export class Rejected extends Error {
  readonly code: string
  readonly details: unknown

  constructor(code: string, message: string, details?: unknown) {
    super(message)
    this.name = 'Rejected'
    this.code = code
    this.details = details
  }
}

/**
 * Refuses a command for a business reason. Returned, it keeps the rows that were written before it; thrown, it undoes
 * them, and the refusal is stored in a transaction of its own.
 */
export function rejected(code: string, message: string, details?: unknown): Rejected {
  return new Rejected(code, message, details)
}

export interface StepFailureOptions {
  readonly details?: unknown
  /** How long the saga should wait at least before the next attempt: `'5 s'`. */
  readonly retryAfter?: Duration
  /** The same in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** A technical failure with a code of the handler's choice. The transaction is undone and nothing is stored. */
export class StepFailure extends Error {
  readonly outcome: 'failed' | 'fatal'
  readonly code: string
  readonly details: unknown
  readonly retryAfterMs: number | undefined

  constructor(outcome: 'failed' | 'fatal', error: { code: string; message: string }, options: StepFailureOptions = {}) {
    super(error.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StepFailure'
    this.outcome = outcome
    this.code = error.code
    this.details = options.details
    this.retryAfterMs = options.retryAfter === undefined ? options.retryAfterMs : durationMs(options.retryAfter)
  }
}

/** A technical failure that another attempt may mend; to be thrown or returned. */
export function failed(code: string, message: string, options?: StepFailureOptions): StepFailure {
  return new StepFailure('failed', { code, message }, options)
}

/** A technical failure that no further attempt mends; to be thrown or returned. */
export function fatal(code: string, message: string, options?: StepFailureOptions): StepFailure {
  return new StepFailure('fatal', { code, message }, options)
}

/** What a handler answers: its output, or nothing where the contract names none, or a refusal, or a failure. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without an output may end without a return
export type Answer<Output> = Output | Rejected | StepFailure | (null extends Output ? void : never)
