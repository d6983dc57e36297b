/** The view store on a Postgres server, 15 or later. */
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { ViewStore } from '../../ports/view-store.ts'
import { answerTimeoutFor, limitAnswers } from './answer-limit.ts'
import { POSTGRES_LIMITS } from './postgres-database.ts'
import { surviveBreaks } from './survive-breaks.ts'
import type { ViewTables } from './view-schema.ts'

export interface PostgresViewStoreOptions {
  readonly connectionString: string
  /** Connections at most: one for the projector, the rest for readers. */
  readonly connectionsMax?: number
  readonly connectTimeoutMs?: number
  /** A statement that takes longer is given up by the server. */
  readonly statementTimeoutMs?: number
  /** An answer that takes longer is not waited for: its connection is ended. */
  readonly answerTimeoutMs?: number
  /** Told of trouble on an idle connection, which is then replaced. */
  readonly onIdleTrouble: (error: Error) => void
}

/** Times, amounts and counts are safe integers; offsets, which may not be, are read as text. */
const TYPES = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
} as pg.CustomTypesConfig

/** Opens a pool; connects at first use. */
export function openPostgresViewStore<Tables = ViewTables>(options: PostgresViewStoreOptions): ViewStore<Tables> {
  const { statementTimeoutMs = 60_000 } = options
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.connectionsMax ?? 8,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: POSTGRES_LIMITS.keepAliveAfterMs,
    application_name: 'kasaga-views',
    types: TYPES,
  })
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', options.onIdleTrouble)
  surviveBreaks(pool)
  limitAnswers(pool, options.answerTimeoutMs ?? answerTimeoutFor(statementTimeoutMs))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return { db, close: () => db.destroy() }
}
