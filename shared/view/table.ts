/**
 * Tables of a view, as data. A table is declared once, and from the declaration come its row type, its DDL, the
 * statement that writes a chunk of changes, and the same merge in memory. A change names only what it changes; how it
 * meets the row that is there is the column's rule:
 *
 *   last    what is given replaces what is there (the default); what is absent stays
 *   first   what is there stays
 *   along   goes with another column: whenever that one is given, this one is replaced too, by null when absent
 *   summed  what is given is added to what is there
 *   noted   a text of notes, one a line: what they mean depends on what the row holds, and the table's `reading` says it
 */

export interface ColumnTypes {
  readonly text: string
  readonly int: number
  /** A safe integer: times, amounts. */
  readonly bigint: number
  /** An offset of the log, past 2^53 as well. */
  readonly offset: bigint
  readonly double: number
  readonly boolean: boolean
}

export type ColumnType = keyof ColumnTypes
export type Value = string | number | bigint | boolean | null

export interface Column<Type extends ColumnType = ColumnType> {
  readonly type: Type
  readonly rule: 'last' | 'first' | 'along' | 'summed' | 'noted'
  /** The column that an `along` column goes with. */
  readonly leader?: string
}

export type Columns = Readonly<Record<string, Column>>

export interface TableSpec<Cols extends Columns = Columns, Key extends string = string> {
  readonly name: string
  /** The schema that it lies in; absent: that of the views which are read. */
  readonly schema?: string
  readonly columns: Cols
  readonly key: readonly Key[]
  /** Rows are only added, never changed. */
  readonly appendOnly: boolean
  /** Columns by which rows are looked up. Each costs at every write: few, and none that changes often. */
  readonly indexes: readonly (readonly string[])[]
  /** Further ones, for a server with room to spare; an embedded store does without. */
  readonly serverIndexes: readonly (readonly string[])[]
  /**
   * Columns by whose range rows are looked up on a server, where that grows about as the table does: times. It says of each
   * stretch of pages which values are in it, and costs next to nothing at a write.
   */
  readonly serverRanges: readonly string[]
  /** For a table with notes: how they are read. */
  readonly reading: Reading | undefined
  /** For each leading column, those that go along with it. */
  readonly followers: ReadonlyMap<string, readonly string[]>
}

/** How the notes of a change are read against the row that is there. */
export interface Reading {
  /** The column of the notes. In the row it holds what is remembered; empty or null: nothing. */
  readonly column: string
  /** Columns of the row that are looked at. */
  readonly looksAt: readonly string[]
  /** The change with its notes read; `row`: absent when there is none, or it remembers nothing. */
  read(row: Values | undefined, change: Values): Values
}

export type Values = Readonly<Record<string, Value>>

type ValueOf<Col extends Column> = ColumnTypes[Col['type']]

/** A row as it stands in the table. */
export type RowOf<Table extends TableSpec> = {
  readonly [Name in keyof Table['columns']]: Name extends Table['key'][number]
    ? ValueOf<Table['columns'][Name]>
    : ValueOf<Table['columns'][Name]> | null
}

/** What changes of a row: its key, and the columns that get a value. Absent and null mean the same. */
export type ChangeOf<Table extends TableSpec> = {
  readonly [Name in Table['key'][number] & keyof Table['columns']]: ValueOf<Table['columns'][Name]>
} & { readonly [Name in keyof Table['columns']]?: ValueOf<Table['columns'][Name]> | null | undefined }

export const text: Column<'text'> = { type: 'text', rule: 'last' }
export const int: Column<'int'> = { type: 'int', rule: 'last' }
export const bigint: Column<'bigint'> = { type: 'bigint', rule: 'last' }
export const offset: Column<'offset'> = { type: 'offset', rule: 'last' }
export const double: Column<'double'> = { type: 'double', rule: 'last' }
export const boolean: Column<'boolean'> = { type: 'boolean', rule: 'last' }

/** The same column, whose first value stays. */
export function first<Type extends ColumnType>(column: Column<Type>): Column<Type> {
  return { type: column.type, rule: 'first' }
}

/** A count: what is given is added to what is there. */
export const summed: Column<'int'> = { type: 'int', rule: 'summed' }

/** A column of notes; the table says how they are read. */
export const noted: Column<'text'> = { type: 'text', rule: 'noted' }

/** The same column, replaced (by null when absent) whenever its leader is given. */
export function along<Type extends ColumnType>(leader: string, column: Column<Type>): Column<Type> {
  return { type: column.type, rule: 'along', leader }
}

const NAME = /^[a-z][a-z0-9_]{0,50}$/

/**
 * Declares a table.
 * @throws TypeError when a name cannot be an identifier, or a key or leader is no column.
 */
export function table<const Cols extends Columns, const Key extends keyof Cols & string>(
  name: string,
  options: {
    readonly columns: Cols
    readonly key: readonly Key[]
    readonly appendOnly?: boolean
    readonly indexes?: readonly (readonly (keyof Cols & string)[])[]
    readonly serverIndexes?: readonly (readonly (keyof Cols & string)[])[]
    readonly serverRanges?: readonly (keyof Cols & string)[]
    readonly reading?: Reading
  },
): TableSpec<Cols, Key> {
  const { columns, key, appendOnly = false, indexes = [], serverIndexes = [], serverRanges = [] } = options
  for (const each of [name, ...Object.keys(columns)])
    if (!NAME.test(each)) throw new TypeError(`${each} cannot name a table or column: lower case, digits, _`)
  if (key.length === 0) throw new TypeError(`the table ${name} has no key`)
  const reading = checkedReading(options)
  const found = { indexes, serverIndexes, serverRanges }
  return { name, columns, key, appendOnly, ...found, reading, followers: followersOf(name, columns) }
}

/** A row with notes is looked up by its key, so that has one column. */
function checkedReading(options: { columns: Columns; key: readonly string[]; reading?: Reading }): Reading | undefined {
  const { columns, key, reading } = options
  const own = Object.keys(columns).filter((name) => columns[name]?.rule === 'noted')
  const fits = own.length === (reading ? 1 : 0) && own[0] === reading?.column && (!reading || key.length === 1)
  if (!fits) throw new TypeError('a table with notes has one such column, a reading of it, and a key of one column')
  return reading
}

function followersOf(name: string, columns: Columns): ReadonlyMap<string, readonly string[]> {
  const followers = new Map<string, string[]>()
  for (const [each, column] of Object.entries(columns)) {
    if (column.rule !== 'along') continue
    const leader = column.leader ?? ''
    if (columns[leader]?.rule !== 'last')
      throw new TypeError(`${name}.${each} goes along with ${leader}, which is no column of its own`)
    followers.set(leader, [...(followers.get(leader) ?? []), each])
  }
  return followers
}
