/** The view store port: a Postgres, real or embedded, reached through kysely. It holds only what the log can rebuild. */
import type { Kysely } from 'kysely'

export interface ViewStore<Tables> {
  readonly db: Kysely<Tables>
  close(): Promise<void>
}
