/** Trouble from outside, classified once, in the adapter that met it. A business refusal is a value, never this. */
export class OperationalError extends Error {
  /** Stable, kebab-case: `broker-unreachable`, `log-owned`, `topic-missing`. */
  readonly code: string
  /** Whether trying again without a change can help. */
  readonly retriable: boolean
  /** Which adapter or part met it: `kafka`, `sqlite-log`. */
  readonly where: string

  constructor(code: string, message: string, options: { where: string; retriable: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'OperationalError'
    this.code = code
    this.where = options.where
    this.retriable = options.retriable
  }
}

/** A broken invariant: a bug in Kasaga, never bad input. Stays on in production. */
export class InvariantError extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'InvariantError'
  }
}

/** Throws an `InvariantError` when the condition does not hold. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new InvariantError(why)
}

/** The message of whatever was thrown. Never throws, even when that has no text. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'something without a text was thrown'
  }
}
