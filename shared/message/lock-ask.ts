/** What the events of a saga say of the locks that it asks for. */

/** What a step asks of a lock, or has asked. */
export interface LockAsk {
  readonly resource: string
  /** How many sagas may hold it at the same time. */
  readonly permits: number
  /** Attempt of the step that asked. */
  readonly ask: number
}

/** What is asked of a lock no more. */
export interface WithdrawnAsk {
  readonly resource: string
  /** The path that the step had when it asked, and its attempt. */
  readonly step: string
  readonly ask: number
}

/** Locks that the saga held or waited for when it ended. */
export interface Frees {
  readonly frees?: readonly string[]
}
