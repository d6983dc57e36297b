/** Kysely over a Postgres pool whose every wait has a limit. */
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type PoolConfig } from 'pg'
import type { Log } from '../../ports/telemetry.ts'
import { answerTimeoutFor, limitAnswers } from './answer-limit.ts'
import { surviveBreaks } from './survive-breaks.ts'

export interface PostgresDatabaseOptions {
  /** `postgres://user@host:port/database`. */
  readonly url: string
  /** Told when an idle connection breaks; the pool replaces it. */
  readonly log: Log
  /** Shown by Postgres beside the connection. */
  readonly applicationName?: string
  readonly connectionsMax?: number
  /** An answer that takes longer is not waited for: its connection is ended. */
  readonly answerTimeoutMs?: number
  readonly ssl?: PoolConfig['ssl']
}

export const POSTGRES_LIMITS = {
  connectionsMax: 10,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  statementTimeoutMs: 15_000,
  lockTimeoutMs: 10_000,
  idleInTransactionTimeoutMs: 30_000,
  /** A server that is gone without a word is noticed so long after, and ten probes; left to the system it is two hours. */
  keepAliveAfterMs: 10_000,
} as const

/** Opens a database; connections are made as they are needed. `destroy()` closes them. */
export function openPostgresDatabase<Tables>(options: PostgresDatabaseOptions): Kysely<Tables> {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName ?? 'kasaga',
    max: options.connectionsMax ?? POSTGRES_LIMITS.connectionsMax,
    connectionTimeoutMillis: POSTGRES_LIMITS.connectTimeoutMs,
    idleTimeoutMillis: POSTGRES_LIMITS.idleTimeoutMs,
    statement_timeout: POSTGRES_LIMITS.statementTimeoutMs,
    lock_timeout: POSTGRES_LIMITS.lockTimeoutMs,
    idle_in_transaction_session_timeout: POSTGRES_LIMITS.idleInTransactionTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: POSTGRES_LIMITS.keepAliveAfterMs,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
  })
  pool.on('error', (error) => options.log.warn('an idle Postgres connection broke', { error }))
  surviveBreaks(pool)
  limitAnswers(pool, options.answerTimeoutMs ?? answerTimeoutFor(POSTGRES_LIMITS.statementTimeoutMs))
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}
