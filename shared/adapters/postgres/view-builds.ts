/**
 * Generations of views in the database: each in a schema of its own, with the same tables, indexes and comments, so that
 * one takes the place of another by changing schemas, in one transaction.
 */
import { type Kysely, sql } from 'kysely'
import type { TableComparison, TakePlace, ViewBuilds, ViewCheckpoint, ViewGeneration } from '../../ports/view-store.ts'
import { type Beside, baseName, besideOf, inGeneration, nameBeside, schemaOf } from '../../view/generation.ts'
import type { Projection } from '../../view/projection.ts'
import { addCheckpoints, dropCheckpoints, readCheckpoints } from './view-checkpoints.ts'
import { type ComparedTable, compareAgain, compareTable } from './view-comparison.ts'
import { VIEW_SCHEMA } from './view-statements.ts'
import { dropTables, makeTables, markOf, markText, moveTables, run, tablesIn } from './view-tables.ts'
import { classified } from './view-trouble.ts'
import { type KyselyViewWriter, Moved, PREPARE_LOCK } from './view-writer.ts'

/** How long readers may hold a table before its place is taken at another time. Less than Postgres waits before it looks for deadlocks. */
const LOCK_TIMEOUT_MS = 500
/** SQLSTATE of what ends for want of a lock: not available, or a deadlock. */
const NO_LOCK: ReadonlySet<unknown> = new Set(['55P03', '40P01'])

export class KyselyViewBuilds<Tables> implements ViewBuilds {
  readonly #db: Kysely<Tables>
  readonly #writer: KyselyViewWriter<Tables>
  readonly #onServer: boolean
  /** By projection: what its last comparison has found. */
  readonly #compared = new Map<string, readonly ComparedTable[]>()

  constructor(db: Kysely<Tables>, options: { readonly writer: KyselyViewWriter<Tables>; readonly onServer?: boolean }) {
    this.#db = db
    this.#writer = options.writer
    this.#onServer = options.onServer ?? false
  }

  async generations(): Promise<readonly ViewGeneration[]> {
    return classified(async () => {
      const checkpoints = await readCheckpoints(this.#db)
      const { rows } = await sql<{ projection: string; kept_until: number | string }>`
        select projection, kept_until from kasaga.kept_views`.execute(this.#db)
      const kept = new Map(rows.map(({ projection, kept_until }) => [projection, Number(kept_until)]))
      const groups = Map.groupBy(checkpoints, ({ projection, version }) => `${projection} ${version}`)
      return [...groups.values()].flatMap((own) => generationOf(own, kept))
    })
  }

  async outdated(projections: readonly Projection[]): Promise<readonly Projection[]> {
    return classified(async () => {
      const found: Projection[] = []
      for (const own of projections) {
        const versions = (await tablesIn(this.#db, own.name)).map(({ version }) => version)
        if (versions.length > 0 && !versions.includes(own.version)) found.push(own)
      }
      return found
    })
  }

  async begin(build: Projection, partitions: readonly number[]): Promise<void> {
    await this.#within(async (tx) => {
      const tables = Object.values(build.tables)
      let stands = (await readCheckpoints(tx)).some(({ projection }) => projection === build.name)
      for (const table of tables) stands &&= (await markOf(tx, table)) === markText(build)
      if (stands) return
      const schema = schemaOf(besideOf(build.name) ?? 'next')
      await dropCheckpoints(tx, build.name)
      await run(tx, `create schema if not exists "${schema}"`)
      await dropTables(tx, baseName(build.name), schema)
      await makeTables(tx, build, this.#onServer)
      await addCheckpoints(tx, [build], partitions)
    })
  }

  async compare(own: Projection, build: Projection, onRows: (compared: number) => void): Promise<void> {
    await classified(async () => {
      let rows = 0
      const compared: ComparedTable[] = []
      for (const table of Object.values(build.tables))
        compared.push(
          await compareTable(this.#db, table, (more) => {
            rows += more
            onRows(rows)
          }),
        )
      this.#compared.set(own.name, compared)
    })
  }

  /**
   * In order: the checkpoints are locked, so that nothing is written where they stand for; what the generation lacks is
   * applied; what was noted is compared again; the tables change places; the checkpoints change names.
   */
  async takePlace(taking: TakePlace): Promise<readonly TableComparison[] | 'busy' | 'moved'> {
    try {
      return await this.#within((tx) => this.#take(tx, taking))
    } catch (error) {
      if (error instanceof Moved) return 'moved'
      if (NO_LOCK.has((error as { cause?: { code?: unknown } } | null)?.cause?.code)) return 'busy'
      throw error
    }
  }

  async drop(projection: string, beside: Beside): Promise<boolean> {
    return this.#within((tx) => drop(tx, projection, beside))
  }

  async prune(now: number): Promise<readonly string[]> {
    return this.#within(async (tx) => {
      const { rows } = await sql<{ projection: string }>`
        select projection from kasaga.kept_views where kept_until <= ${now}::bigint order by projection`.execute(tx)
      for (const { projection } of rows) await drop(tx, projection, 'kept')
      return rows.map(({ projection }) => projection)
    })
  }

  /** One at a time, among all processes. */
  #within<T>(work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
    return classified(() =>
      this.#db.transaction().execute(async (tx) => {
        await sql`select pg_advisory_xact_lock(${PREPARE_LOCK})`.execute(tx)
        return work(tx)
      }),
    )
  }

  async #take(tx: Kysely<Tables>, taking: TakePlace): Promise<readonly TableComparison[]> {
    const { own, beside, keepUntil, now, lacking } = taking
    await run(tx, `set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    // All that have a name to change, before any table: whoever writes rows locks them in that order too.
    await sql`select 1 from kasaga.checkpoints
      where projection in (${own.name}, ${nameBeside(own.name, 'next')}, ${nameBeside(own.name, 'kept')})
      order by projection, version, partition for update`.execute(tx)
    const live = (await readCheckpoints(tx)).filter(({ projection }) => projection === own.name)
    const build = inGeneration(own, beside)
    for (const table of Object.values(build.tables)) if ((await markOf(tx, table)) === null) throw new Moved()
    const chunk = await lacking(live)
    if (chunk.moves.length > 0) await this.#writer.applyWithin(tx, chunk)
    const compared: TableComparison[] = []
    for (const table of this.#compared.get(own.name) ?? []) compared.push(await compareAgain(tx, table))
    await exchange(tx, own.name, beside)
    if (keepUntil > now) await keep(tx, own.name, keepUntil)
    else await drop(tx, own.name, 'kept')
    return compared
  }
}

/** What is read goes to where the kept one is; the kept one goes away, unless it is the one that takes the place. */
async function exchange<T>(tx: Kysely<T>, projection: string, beside: 'next' | 'kept'): Promise<void> {
  const names = { next: nameBeside(projection, 'next'), kept: nameBeside(projection, 'kept') }
  if (beside === 'kept') {
    await drop(tx, projection, 'next')
    await moveTables(tx, projection, schemaOf('kept'), schemaOf('next'))
    await rename(tx, names.kept, names.next)
  } else await drop(tx, projection, 'kept')
  await moveTables(tx, projection, VIEW_SCHEMA, schemaOf('kept'))
  await rename(tx, projection, names.kept)
  await moveTables(tx, projection, schemaOf('next'), VIEW_SCHEMA)
  await rename(tx, names.next, projection)
}

async function rename<T>(tx: Kysely<T>, from: string, to: string): Promise<void> {
  await sql`update kasaga.checkpoints set projection = ${to} where projection = ${from}`.execute(tx)
}

async function keep<T>(tx: Kysely<T>, projection: string, until: number): Promise<void> {
  await sql`insert into kasaga.kept_views (projection, kept_until) values (${projection}, ${until}::bigint)
    on conflict (projection) do update set kept_until = excluded.kept_until`.execute(tx)
}

async function drop<T>(tx: Kysely<T>, projection: string, beside: Beside): Promise<boolean> {
  await dropCheckpoints(tx, nameBeside(projection, beside))
  const dropped = await dropTables(tx, projection, schemaOf(beside))
  if (beside === 'kept') await sql`delete from kasaga.kept_views where projection = ${projection}`.execute(tx)
  return dropped > 0
}

function generationOf(checkpoints: readonly ViewCheckpoint[], kept: ReadonlyMap<string, number>): ViewGeneration[] {
  const [first] = checkpoints
  if (!first) return []
  const [projection, beside] = [baseName(first.projection), besideOf(first.projection)]
  const keptUntil = beside === 'kept' ? kept.get(projection) : undefined
  return [
    {
      projection,
      version: first.version,
      checkpoints,
      ...(beside && { beside }),
      ...(keptUntil !== undefined && { keptUntil }),
    },
  ]
}
