/**
 * Kysely over `node:sqlite`: one connection to one file, for participants and tests.
 *
 * Kysely gives the connection to one transaction at a time and lets the others wait, so a handler that queries outside
 * its `tx` waits for itself. A transaction takes the write lock as it begins: none fails half-way for want of it.
 *
 * A transaction is answered when it is durable, and the event loop goes on while the disk is at it; a statement outside one
 * keeps it waiting. A sync that has failed leaves what was committed in doubt: nothing is asked of the database then until
 * all of it was made durable anew.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type DatabaseConnection, type Driver, Kysely, SqliteDialect, SqliteDriver, type SqliteStatement } from 'kysely'
import { WalSync } from './wal-sync.ts'

export interface SqliteDatabaseOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** How long to wait for another process's lock. */
  readonly busyTimeoutMs?: number
}

/** Prepared statements that are kept, the least recently used going first. */
export const STATEMENTS_KEPT_MAX = 200

const BUSY_TIMEOUT_MS = 5_000
const IN_MEMORY = ':memory:'

/**
 * Opens a database: WAL, foreign keys on; a commit that was answered survives power loss.
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
  const wal = path === IN_MEMORY ? undefined : new WalSync(path)
  return new Kysely<Tables>({ dialect: new DurableDialect(new PreparedDatabase(database, wal)) })
}

class DurableDialect extends SqliteDialect {
  readonly #database: PreparedDatabase

  constructor(database: PreparedDatabase) {
    super({ database })
    this.#database = database
  }

  override createDriver(): Driver {
    return new DurableDriver(this.#database)
  }
}

class DurableDriver extends SqliteDriver {
  readonly #database: PreparedDatabase

  constructor(database: PreparedDatabase) {
    super({ database })
    this.#database = database
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    this.#database.syncsEachCommit = false
    await super.beginTransaction(connection)
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection)
    this.#database.syncsEachCommit = true
    await this.#database.sync()
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection)
    this.#database.syncsEachCommit = true
  }
}

/** `node:sqlite` in the shape that Kysely's dialect takes, with its statements kept. */
class PreparedDatabase {
  readonly #database: DatabaseSync
  readonly #wal: WalSync | undefined
  readonly #statements = new Map<string, PreparedStatement>()
  #isInDoubt = false

  constructor(database: DatabaseSync, wal: WalSync | undefined) {
    this.#database = database
    this.#wal = wal
  }

  close(): void {
    this.#statements.clear()
    this.#wal?.close()
    if (this.#database.isOpen) this.#database.close()
  }

  /** Between transactions only. */
  set syncsEachCommit(does: boolean) {
    this.#database.exec(does ? 'pragma synchronous = full' : 'pragma synchronous = normal')
  }

  /** @throws OperationalError `log-io`: what was committed last stands there, and may be lost. */
  async sync(): Promise<void> {
    try {
      // A transaction takes all that waits, so there are few of them.
      await this.#wal?.sync({ isIdle: true })
    } catch (error) {
      this.#isInDoubt = true
      throw error
    }
  }

  prepare(sql: string): SqliteStatement {
    if (this.#isInDoubt) this.#syncAnew()
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

  /** Nobody else may write meanwhile. */
  #syncAnew(): void {
    this.#database.exec('begin immediate')
    try {
      this.#wal?.syncAnew()
      this.#isInDoubt = false
    } finally {
      this.#database.exec('rollback')
    }
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
