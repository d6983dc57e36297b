/**
 * SQL of the views, written once for Postgres (15 and later) and PGlite. Rows arrive as an array for each column, so that a
 * chunk costs one statement a table, whatever its size.
 */
import type { Column, ColumnType, Reading, TableSpec } from '../../view/table.ts'

export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  int: 'integer',
  bigint: 'bigint',
  offset: 'bigint',
  double: 'double precision',
  boolean: 'boolean',
}

/** How finely a range is known: of each so many pages of 8 KiB; new ones are looked at when the stretch before is full. */
const RANGE_PAGES = 'pages_per_range = 32, autosummarize = on'

/** Names the mark that a row may be added; starts with what no column of a view starts with. */
const PUT = '_put'

const quoted = (name: string) => `"${name}"`
const list = (names: readonly string[]) => names.map(quoted).join(', ')

/** The schema that holds the views. */
export const VIEW_SCHEMA = 'kasaga'

/** Its name with its schema. */
export function placed(table: TableSpec): string {
  return `${quoted(table.schema ?? VIEW_SCHEMA)}.${quoted(table.name)}`
}

export function createTableSql(table: TableSpec): string {
  const columns = Object.entries(table.columns).map(([name, { type }]) => `${quoted(name)} ${SQL_TYPES[type]}`)
  // Room on the page lets a row that changes stay on it, without a new entry in any index.
  const room = table.appendOnly ? '' : ' with (fillfactor = 80)'
  return `create table ${placed(table)} (${columns.join(', ')}, primary key (${list(table.key)}))${room}`
}

export function createIndexSqls(table: TableSpec, onServer: boolean): string[] {
  const indexes = onServer ? [...table.indexes, ...table.serverIndexes] : table.indexes
  const ranges = onServer ? table.serverRanges : []
  return [
    ...indexes.map((columns) => `create index on ${placed(table)} (${list(columns)})`),
    ...ranges.map((name) => `create index on ${placed(table)} using brin (${quoted(name)}) with (${RANGE_PAGES})`),
  ]
}

export function dropTableSql(table: TableSpec): string {
  return `drop table if exists ${placed(table)}`
}

export function truncateSql(tables: readonly TableSpec[]): string {
  return `truncate ${tables.map(placed).join(', ')}`
}

/** Writes the changes of a table; its parameters are `changeArrays`. A row past the end of an array has null there. */
export function writeSql(table: TableSpec): string {
  const columns = Object.entries(table.columns)
  const names = columns.map(([name]) => name)
  const arrays = columns.map(([, { type }], i) => `$${i + 1}::${SQL_TYPES[type]}[]`)
  if (table.appendOnly)
    return `insert into ${placed(table)} (${list(names)})
      select ${list(names)} from unnest(${arrays.join(', ')}) as x (${list(names)})
      on conflict do nothing`
  const given = `unnest(${[...arrays, `$${arrays.length + 1}::boolean[]`].join(', ')}) as x (${list([...names, PUT])})`
  const matched = table.key.map((name) => `t.${quoted(name)} = x.${quoted(name)}`).join(' and ')
  const settable = columns.filter(([name]) => !table.key.includes(name))
  return `merge into ${placed(table)} as t using ${given} on ${matched}
    when matched then update set ${settable.map(([name, column]) => `${quoted(name)} = ${met(name, column)}`).join(', ')}
    when not matched and x.${quoted(PUT)} then insert (${list(names)})
      values (${names.map((name) => `x.${quoted(name)}`).join(', ')})`
}

/** Reads the rows that remember something, of those whose keys the one parameter lists. */
export function readingSql(table: TableSpec, { column, looksAt }: Reading): string {
  const [key = ''] = table.key
  return `select ${list([key, ...looksAt])} from ${placed(table)}
    where ${quoted(key)} = any($1::text[]) and ${quoted(column)} <> ''`
}

/** The rule of a column, as `meet` in shared/view/change-set.ts has it. */
function met(name: string, { rule, leader }: Column): string {
  const [old, given] = [`t.${quoted(name)}`, `x.${quoted(name)}`]
  if (rule === 'first') return `coalesce(${old}, ${given})`
  if (rule === 'last' || rule === 'noted') return `coalesce(${given}, ${old})`
  if (rule === 'summed') return `case when ${given} is null then ${old} else coalesce(${old}, 0) + ${given} end`
  return `case when x.${quoted(leader ?? '')} is null then ${old} else ${given} end`
}
