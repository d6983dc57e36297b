/** Messages between the process and the thread that PGlite lives in. One query is under way at a time. */

export interface WorkerSettings {
  readonly folder: string
}

/** `null` instead of a text: end. */
export interface QueryRequest {
  readonly text: string | null
  readonly params: readonly unknown[]
}

export interface QueryError {
  readonly message: string
  /** SQLSTATE, when the database said it. */
  readonly code: string | undefined
  /** The database is gone with it: it answers nothing any more. */
  readonly isEnd: boolean
}

export type WorkerAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'rows'; readonly rows: readonly unknown[]; readonly affected: number }
  | { readonly kind: 'failed'; readonly error: QueryError }
  | { readonly kind: 'ended' }
