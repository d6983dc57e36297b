/** What a database's error means for the transaction that met it, for Postgres and SQLite alike. */
import { messageOf, OperationalError } from '../../message/errors.ts'

/** Postgres: lost or refused connections, no resources, shutdown, and conflicts that a new transaction resolves. */
const PASSING_STATES = /^(08...|53...|57P0.|58...|40001|40P01|55P03|25P03|25006)$/
const PASSING_ERRNOS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
])
/** pg reports some lost connections by their message alone. */
const PASSING_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a conn|Client was closed)/
/** SQLite's primary codes: BUSY, LOCKED, IOERR, FULL, CANTOPEN, PROTOCOL. */
const PASSING_SQLITE = new Set([5, 6, 10, 13, 14, 15])
const SQLITE_CONSTRAINT = 19
/** SQLITE_CONSTRAINT_PRIMARYKEY and _UNIQUE. */
const SQLITE_TAKEN = new Set([1555, 2067])

/** Whether another transaction may do what this one could not, though nothing is changed. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code !== undefined && (PASSING_STATES.test(code) || PASSING_ERRNOS.has(code))) return true
  const sqlite = sqliteCodeOf(error)
  if (sqlite !== undefined) return PASSING_SQLITE.has(sqlite & 0xff)
  return PASSING_MESSAGE.test(error.message)
}

/** Whether a row with the same key was there already. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const sqlite = sqliteCodeOf(error)
  if (sqlite !== undefined) return SQLITE_TAKEN.has(sqlite) || sqlite === SQLITE_CONSTRAINT
  return codeOf(error) === '23505'
}

/** The error as the inbox's callers see it. */
export function transactionTrouble(error: unknown): OperationalError {
  if (error instanceof OperationalError) return error
  const message = messageOf(error)
  const where = 'kysely-inbox'
  if (isPassing(error))
    return new OperationalError('inbox-unavailable', message, { where, retriable: true, cause: error })
  return new OperationalError('inbox-refused', message, { where, retriable: false, cause: error })
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function sqliteCodeOf(error: Error): number | undefined {
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}
