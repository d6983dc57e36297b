/**
 * Compares a table of a new generation with the one that is read, page by page in the order of the key, each page by one
 * short statement. While that goes on the one that is read may change, so a row that differs is only noted; it is looked at
 * again once both stand at the same place of the log.
 */
import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { TableComparison } from '../../ports/view-store.ts'
import type { TableSpec } from '../../view/table.ts'
import { placed, SQL_TYPES, VIEW_SCHEMA } from './view-statements.ts'

const PAGE_ROWS = 5_000
/** Rows of a table that are noted; when more differ, there is no use in going on. */
const NOTED_ROWS_MAX = 20_000

/** Values of a row's key, as text. */
type Key = readonly string[]

/** What is known of a table while it is compared. */
export interface ComparedTable {
  readonly table: TableSpec
  same: number
  isWhole: boolean
  readonly noted: Key[]
}

interface Texts {
  readonly next: string
  readonly differing: (after: boolean, upTo: boolean) => string
  readonly again: string
}

const quoted = (name: string) => `"${name}"`
const list = (names: readonly string[], of = '') => names.map((name) => `${of}${quoted(name)}`).join(', ')

/** The columns that both have; the version that is read may be another one. Empty: they have no key in common. */
async function commonColumns<T>(db: Kysely<T>, table: TableSpec): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select column_name as name from information_schema.columns
    where table_schema = ${VIEW_SCHEMA} and table_name = ${table.name}`.execute(db)
  const live = new Set(rows.map(({ name }) => name))
  return table.key.every((name) => live.has(name)) ? Object.keys(table.columns).filter((name) => live.has(name)) : []
}

function textsOf(table: TableSpec, columns: readonly string[]): Texts {
  const { key } = table
  const live = `${quoted(VIEW_SCHEMA)}.${quoted(table.name)}`
  const types = key.map((name) => SQL_TYPES[table.columns[name]?.type ?? 'text'])
  const bound = (from: number) => `(${types.map((type, i) => `$${from + i}::text::${type}`).join(', ')})`
  const [keys, order] = [`(${list(key)})`, list(key)]
  const asText = (of: string) => key.map((name) => `${of}${quoted(name)}::text`).join(', ')
  const hashed = `md5(row(${list(columns)})::text) as _hash`
  const nth = (from: string) =>
    `(select ${order} from ${from} where %after order by ${order} offset ${PAGE_ROWS} limit 1)`
  const rowsOf = (from: string, where: string) => `(select ${order}, ${hashed} from ${from} where ${where})`
  const looked = (from: string, name: string) =>
    `left join lateral (select ${hashed} from ${from} as t
      where ${key.map((each, i) => `t.${quoted(each)} = (k.k ->> ${i})::${types[i]}`).join(' and ')}) as ${name} on true`
  return {
    next: `select jsonb_build_array(${asText('')}) as at from (${nth(live)} union all ${nth(placed(table))}) as b
      order by ${order} limit 1`,
    differing(after, upTo) {
      const lower = after ? [`${keys} > ${bound(1)}`] : []
      const upper = upTo ? [`${keys} <= ${bound(1 + (after ? key.length : 0))}`] : []
      const where = [...lower, ...upper].join(' and ') || 'true'
      return `select count(*) filter (where o._hash = n._hash) as same,
          jsonb_agg(jsonb_build_array(${asText('')})) filter (where o._hash is distinct from n._hash) as noted
        from ${rowsOf(live, where)} as o full join ${rowsOf(placed(table), where)} as n using (${order})`
    },
    again: `select count(*) filter (where o._hash = n._hash) as same, count(*) filter (where o._hash <> n._hash) as differing,
        count(*) filter (where n._hash is null and o._hash is not null) as only_before,
        count(*) filter (where o._hash is null and n._hash is not null) as only_after
      from jsonb_array_elements($1::jsonb) as k (k) ${looked(live, 'o')} ${looked(placed(table), 'n')}`,
  }
}

async function ask<Row, T>(db: Kysely<T>, text: string, parameters: readonly unknown[]): Promise<Row | undefined> {
  const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))
  return rows[0]
}

/** Compares page by page; `onRows` hears how many rows each page had. */
export async function compareTable<T>(
  db: Kysely<T>,
  table: TableSpec,
  onRows: (rows: number) => void,
): Promise<ComparedTable> {
  const compared: ComparedTable = { table, same: 0, isWhole: true, noted: [] }
  const columns = await commonColumns(db, table)
  if (columns.length === 0) return { ...compared, isWhole: false }
  const texts = textsOf(table, columns)
  let after: Key = []
  for (;;) {
    const first = after.length === 0
    const bounded = texts.next.replaceAll('%after', first ? 'true' : lowerBound(table))
    const upTo: Key | undefined = (await ask<{ at: Key }, T>(db, bounded, after))?.at
    const text = texts.differing(!first, upTo !== undefined)
    const found = await ask<{ same: number | string; noted: Key[] | null }, T>(db, text, [...after, ...(upTo ?? [])])
    compared.same += Number(found?.same ?? 0)
    compared.noted.push(...(found?.noted ?? []))
    onRows(Number(found?.same ?? 0) + (found?.noted?.length ?? 0))
    if (compared.noted.length > NOTED_ROWS_MAX) return { ...compared, isWhole: false }
    if (upTo === undefined) return compared
    after = upTo
  }
}

function lowerBound({ key, columns }: TableSpec): string {
  const values = key.map((name, i) => `$${i + 1}::text::${SQL_TYPES[columns[name]?.type ?? 'text']}`)
  return `(${list(key)}) > (${values.join(', ')})`
}

/** Looks at what was noted once more: both stand at the same place now. */
export async function compareAgain<T>(db: Kysely<T>, { table, noted, ...so }: ComparedTable): Promise<TableComparison> {
  const far = { table: table.name, same: so.same, differing: 0, onlyBefore: 0, onlyAfter: 0, isWhole: so.isWhole }
  if (noted.length === 0) return far
  const texts = textsOf(table, await commonColumns(db, table))
  const found = await ask<Readonly<Record<'same' | 'differing' | 'only_before' | 'only_after', number | string>>, T>(
    db,
    texts.again,
    [JSON.stringify(noted)],
  )
  return {
    ...far,
    same: far.same + Number(found?.same ?? 0),
    differing: Number(found?.differing ?? 0),
    onlyBefore: Number(found?.only_before ?? 0),
    onlyAfter: Number(found?.only_after ?? 0),
  }
}
