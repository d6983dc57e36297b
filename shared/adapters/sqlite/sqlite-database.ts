/**
 * Kysely over `node:sqlite`: one connection to one file, for participants and tests.
 *
 * Kysely gives the connection to one transaction at a time and lets the others wait, so a handler that queries outside
 * its `tx` waits for itself. A transaction takes the write lock as it begins: none fails half-way for want of it.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely'

export interface SqliteDatabaseOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** How long to wait for another process's lock. */
  readonly busyTimeoutMs?: number
}

/** Prepared statements that are kept, the least recently used going first. */
export const STATEMENTS_KEPT_MAX = 200

const BUSY_TIMEOUT_MS = 5_000

/**
 * Opens a database: WAL, synchronous=FULL (a commit that was answered survives power loss), foreign keys on.
 * `destroy()` closes it.
 */
export function openSqliteDatabase<Tables>(options: SqliteDatabaseOptions): Kysely<Tables> {
  const { path, busyTimeoutMs = BUSY_TIMEOUT_MS } = options
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
  } catch (error) {
    database.close()
    throw error
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: new PreparedDatabase(database) }) })
}

/** `node:sqlite` in the shape that Kysely's dialect takes, with its statements kept. */
class PreparedDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, PreparedStatement>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  prepare(sql: string): SqliteStatement {
    // A full disk, or one that fails, has undone the transaction already: to be told so would hide why.
    if (sql === 'rollback' && !this.#database.isTransaction) return NOTHING_TO_DO
    const kept = this.#statements.get(sql)
    if (kept) this.#statements.delete(sql)
    const statement = kept ?? new PreparedStatement(this.#database, sql === 'begin' ? 'begin immediate' : sql)
    this.#statements.set(sql, statement)
    for (const oldest of this.#statements.keys()) {
      if (this.#statements.size <= STATEMENTS_KEPT_MAX) break
      this.#statements.delete(oldest)
    }
    return statement
  }
}

const NOTHING_TO_DO: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

class PreparedStatement implements SqliteStatement {
  readonly reader: boolean
  readonly #database: DatabaseSync
  readonly #sql: string
  readonly #statement: StatementSync

  constructor(database: DatabaseSync, sql: string) {
    this.#database = database
    this.#sql = sql
    this.#statement = database.prepare(sql)
    this.reader = this.#statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...parameters.map(bound))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...parameters.map(bound))
  }

  /** On a statement of its own: two walks over one would disturb each other. */
  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#database.prepare(this.#sql).iterate(...parameters.map(bound))
  }
}

function bound(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string')
    return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`SQLite takes no parameter of type ${typeof value}`)
}
