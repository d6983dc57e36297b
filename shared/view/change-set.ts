/** Changes of a chunk, coalesced: one a row, whatever number of events it took. */
import type { Tables } from './projection.ts'
import type { TableSpec, Value } from './table.ts'

export type Row = Record<string, Value>

export interface RowChange {
  /** Whether the row is added when it is not there. */
  put: boolean
  readonly row: Row
}

/** A table, and one change for each of its rows that changes. */
export interface TableChanges {
  readonly table: TableSpec
  readonly changes: ReadonlyMap<string, RowChange>
}

type Change = Readonly<Record<string, Value | undefined>>

const NONE: readonly string[] = []

/** The text under which a row is known: its key columns, joined by a character that is in no id. */
export function keyText(table: TableSpec, row: Change): string {
  const [only] = table.key
  if (table.key.length === 1 && only !== undefined) return String(row[only])
  let joined = ''
  for (const name of table.key) joined += `${row[name]}\u0001`
  return joined
}

/** Lets a later change meet an earlier one, or the row itself, by the rules of the columns. */
export function meet(table: TableSpec, into: Row, change: Change): void {
  for (const name of Object.keys(change)) {
    const value = change[name] ?? null
    if (value === null) continue
    const column = table.columns[name]
    if (!column) throw new TypeError(`${table.name} has no column ${name}`)
    switch (column.rule) {
      case 'last':
        into[name] = value
        for (const follower of table.followers.get(name) ?? NONE) into[follower] = change[follower] ?? null
        break
      case 'first':
        into[name] ??= value
        break
      case 'summed':
        into[name] = Number(into[name] ?? 0) + Number(value)
        break
      case 'noted':
        into[name] = typeof into[name] === 'string' ? `${into[name]}\n${value}` : value
        break
      case 'along':
        // Its leader brings it.
        if ((change[column.leader ?? ''] ?? null) === null)
          throw new TypeError(`a change of ${table.name}.${name} must give ${column.leader} as well`)
    }
  }
}

/** A change with its notes read against the row that is there, if there is one. */
export function withNotesRead({ reading }: TableSpec, row: Row | undefined, change: Row): Row {
  return reading ? { ...reading.read(row, change) } : change
}

export class ChangeSet {
  readonly #tables: Tables
  readonly #changes = new Map<string, Map<string, RowChange>>()

  constructor(tables: Tables) {
    this.#tables = tables
  }

  put(table: string, change: Change): void {
    this.#add(table, change, true)
  }

  amend(table: string, change: Change): void {
    this.#add(table, change, false)
  }

  /** The tables that change, in the order of their declaration. */
  tables(): TableChanges[] {
    return Object.entries(this.#tables).flatMap(([name, table]) => {
      const changes = this.#changes.get(name)
      return changes ? [{ table, changes }] : []
    })
  }

  #add(name: string, change: Change, put: boolean): void {
    const table = this.#tables[name]
    if (!table) throw new TypeError(`the projection has no table ${name}`)
    let changes = this.#changes.get(name)
    if (!changes) {
      changes = new Map()
      this.#changes.set(name, changes)
    }
    const key = keyText(table, change)
    const known = changes.get(key)
    if (!known) {
      const row: Row = {}
      meet(table, row, change)
      changes.set(key, { put, row })
    } else if (!table.appendOnly) {
      meet(table, known.row, change)
      known.put ||= put
    }
  }
}
