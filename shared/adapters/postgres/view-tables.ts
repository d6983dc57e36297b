/** Making, finding and dropping the tables of a projection. What is there says itself what made it: by the comment on it. */
import { CompiledQuery, type Kysely, sql } from 'kysely'
import { baseName } from '../../view/generation.ts'
import type { Projection } from '../../view/projection.ts'
import type { TableSpec } from '../../view/table.ts'
import { createIndexSqls, createTableSql, placed, VIEW_SCHEMA } from './view-statements.ts'

/** What the comment on a projection's tables says. */
export function markText({ name, version }: Pick<Projection, 'name' | 'version'>): string {
  return `${baseName(name)} v${version}`
}

/** The comment on a table; `null`: it has none, or there is no such table. */
export async function markOf<T>(tx: Kysely<T>, table: TableSpec): Promise<string | null> {
  const { rows } = await sql<{ mark: string | null }>`
    select obj_description(to_regclass(${placed(table)})) as mark`.execute(tx)
  return rows[0]?.mark ?? null
}

/** Makes the tables of a projection, none of which is there. */
export async function makeTables<T>(tx: Kysely<T>, own: Projection, onServer: boolean): Promise<void> {
  for (const table of Object.values(own.tables)) {
    await run(tx, createTableSql(table))
    for (const index of createIndexSqls(table, onServer)) await run(tx, index)
    await run(tx, `comment on table ${placed(table)} is '${markText(own)}'`)
  }
}

interface FoundTable {
  readonly name: string
  readonly version: number
}

/** The tables of a projection that lie in a schema, whatever version made them. */
export async function tablesIn<T>(tx: Kysely<T>, projection: string, schema = VIEW_SCHEMA): Promise<FoundTable[]> {
  const { rows } = await sql<{ name: string; mark: string }>`
    select c.relname as name, obj_description(c.oid, 'pg_class') as mark
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind = 'r'
      and starts_with(obj_description(c.oid, 'pg_class'), ${`${projection} v`})
    order by c.relname`.execute(tx)
  return rows.map(({ name, mark }) => ({ name, version: Number(mark.slice(projection.length + 2)) }))
}

/** Drops them; answers how many there were. */
export async function dropTables<T>(tx: Kysely<T>, projection: string, schema: string): Promise<number> {
  const tables = await tablesIn(tx, projection, schema)
  for (const { name } of tables) await run(tx, `drop table "${schema}"."${name}"`)
  return tables.length
}

/** Brings them into another schema, with their indexes and comments. */
export async function moveTables<T>(tx: Kysely<T>, projection: string, from: string, to: string): Promise<void> {
  await run(tx, `create schema if not exists "${to}"`)
  for (const { name } of await tablesIn(tx, projection, from))
    await run(tx, `alter table "${from}"."${name}" set schema "${to}"`)
}

export async function run<T>(tx: Kysely<T>, text: string): Promise<void> {
  await tx.executeQuery(CompiledQuery.raw(text, []))
}
