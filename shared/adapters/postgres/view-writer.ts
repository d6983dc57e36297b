/** Writes views through kysely: to Postgres and to PGlite, with the same statements. */
import { CompiledQuery, type Kysely, sql } from 'kysely'
import { assert } from '../../message/errors.ts'
import type { ViewCheckpoint, ViewChunk, ViewWriter } from '../../ports/view-store.ts'
import type { Projection } from '../../view/projection.ts'
import type { TableSpec } from '../../view/table.ts'
import { changeArrays } from './change-arrays.ts'
import { addCheckpoints, dropCheckpoints, followLog, moveCheckpoints, readCheckpoints } from './view-checkpoints.ts'
import { withNotesReadFrom } from './view-notes.ts'
import { migrateViews } from './view-schema.ts'
import { dropTableSql, truncateSql, writeSql } from './view-statements.ts'
import { makeTables, markOf, markText, run } from './view-tables.ts'
import { classified } from './view-trouble.ts'

/** Ends the transaction without an error of its own. */
export class Moved extends Error {}

/** Number that serialises the making of tables between processes; any constant does. */
export const PREPARE_LOCK = 718_240_411

export class KyselyViewWriter<Tables> implements ViewWriter {
  readonly #db: Kysely<Tables>
  /** Statements by table: their text is long, and the same every time. */
  readonly #writes = new Map<TableSpec, string>()

  readonly #onServer: boolean

  /** `onServer`: a Postgres of its own, which carries more indexes than an embedded one. */
  constructor(db: Kysely<Tables>, options: { readonly onServer?: boolean } = {}) {
    this.#db = db
    this.#onServer = options.onServer ?? false
  }

  async prepare(projections: readonly Projection[]): Promise<void> {
    await classified(async () => {
      await migrateViews(this.#db)
      for (const projection of projections)
        await this.#db.transaction().execute((tx) => prepare(tx, projection, this.#onServer))
    })
  }

  async follow(topic: string): Promise<string> {
    return classified(() => followLog(this.#db, topic))
  }

  async checkpoints(projections: readonly Projection[], partitions: readonly number[]): Promise<ViewCheckpoint[]> {
    return classified(async () => {
      const standing: Projection[] = []
      for (const own of projections) if (await stands(this.#db, own)) standing.push(own)
      await addCheckpoints(this.#db, standing, partitions)
      const all = await readCheckpoints(this.#db, partitions)
      return all.filter((one) => standing.some((p) => p.name === one.projection && p.version === one.version))
    })
  }

  /**
   * In order: the checkpoints move, which also locks them; notes are read against their rows; the rows change, a
   * statement a table; all is committed. Any failure undoes all of it.
   */
  async apply(chunk: ViewChunk): Promise<'applied' | 'moved'> {
    return classified(async () => {
      try {
        await this.#db.transaction().execute((tx) => this.applyWithin(tx, chunk))
        return 'applied'
      } catch (error) {
        if (error instanceof Moved) return 'moved'
        throw error
      }
    })
  }

  /** The same within a transaction that is there; throws `Moved`, and then the transaction must end. */
  async applyWithin(tx: Kysely<Tables>, { moves, tables }: ViewChunk): Promise<void> {
    if (!(await moveCheckpoints(tx, moves))) throw new Moved()
    for (const changes of tables) {
      const read = await withNotesReadFrom(tx, changes)
      await tx.executeQuery(CompiledQuery.raw(this.#write(changes.table), changeArrays(read)))
    }
  }

  async reset(projection: Projection): Promise<void> {
    await classified(() =>
      this.#db.transaction().execute(async (tx) => {
        await dropCheckpoints(tx, projection.name)
        await tx.executeQuery(CompiledQuery.raw(truncateSql(Object.values(projection.tables)), []))
      }),
    )
  }

  #write(table: TableSpec): string {
    let text = this.#writes.get(table)
    if (text === undefined) {
      text = writeSql(table)
      this.#writes.set(table, text)
    }
    return text
  }
}

/** Whether its tables are there, and of its version. */
async function stands<T>(db: Kysely<T>, own: Projection): Promise<boolean> {
  for (const table of Object.values(own.tables)) if ((await markOf(db, table)) !== markText(own)) return false
  return true
}

/** The comment on a table carries its projection and version: what is there says itself what made it. */
async function prepare<T>(tx: Kysely<T>, projection: Projection, onServer: boolean): Promise<void> {
  await sql`select pg_advisory_xact_lock(${PREPARE_LOCK})`.execute(tx)
  const mark = markText(projection)
  const tables = Object.values(projection.tables)
  let made = true
  for (const table of tables) {
    const found = await markOf(tx, table)
    assert(found === null || found.startsWith(`${projection.name} v`), `the view ${table.name} belongs to ${found}`)
    made &&= found === mark
  }
  if (made) return
  await dropCheckpoints(tx, projection.name)
  for (const table of tables) await run(tx, dropTableSql(table))
  await makeTables(tx, projection, onServer)
}
