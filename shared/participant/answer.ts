/** What a handler can answer besides its output: a refusal, which is a value, and technical failures, which are thrown. */

/** A business refusal. The saga compensates; the refusal is stored, so that a redelivery is refused alike. */
export class Rejected {
  readonly code: string
  readonly message: string
  readonly details: unknown

  constructor(code: string, message: string, details?: unknown) {
    this.code = code
    this.message = message
    this.details = details
  }
}

/** Refuses a command for a business reason; to be returned. Rows written before it are kept, so refuse first. */
export function rejected(code: string, message: string, details?: unknown): Rejected {
  return new Rejected(code, message, details)
}

export interface StepFailureOptions {
  readonly details?: unknown
  /** How long the saga should wait at least before the next attempt. */
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
    this.retryAfterMs = options.retryAfterMs
  }
}

/** A technical failure that another attempt may mend; to be thrown. */
export function failed(code: string, message: string, options?: StepFailureOptions): StepFailure {
  return new StepFailure('failed', { code, message }, options)
}

/** A technical failure that no further attempt mends; to be thrown. */
export function fatal(code: string, message: string, options?: StepFailureOptions): StepFailure {
  return new StepFailure('fatal', { code, message }, options)
}

/** What a handler answers: its output, or nothing where the contract names none, or a refusal. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without an output may end without a return
export type Answer<Output> = Output | Rejected | (null extends Output ? void : never)
