/** A view in memory, with the very rules that the database applies: for audits, tests and simulation. */
import { type ChangeSet, meet, type Row, withNotesRead } from './change-set.ts'
import type { TableSpec } from './table.ts'

export type ViewRows = Map<string, Map<string, Row>>

/** Lets a chunk's changes meet the rows, in place. */
export function applyChanges(rows: ViewRows, changeSet: Pick<ChangeSet, 'tables'>): void {
  for (const { table, changes } of changeSet.tables()) {
    let own = rows.get(table.name)
    if (!own) {
      own = new Map()
      rows.set(table.name, own)
    }
    for (const [key, { put, row }] of changes) {
      const known = own.get(key)
      const change = withNotesRead(table, known, row)
      if (!known && put) own.set(key, { ...change })
      else if (known && !table.appendOnly) meetRow(table, known, change)
    }
  }
}

/** As the database does it: what the notes came to replaces what was remembered. */
function meetRow(table: TableSpec, known: Row, change: Row): void {
  const { reading } = table
  const remembered = reading && (change[reading.column] ?? known[reading.column] ?? null)
  meet(table, known, change)
  if (reading) known[reading.column] = remembered ?? null
}
