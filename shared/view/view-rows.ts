/** A view in memory, with the very rules that the database applies: for audits, tests and simulation. */
import { type ChangeSet, meet, type Row } from './change-set.ts'

export type ViewRows = Map<string, Map<string, Row>>

/** Lets a chunk's changes meet the rows, in place. */
export function applyChanges(rows: ViewRows, changeSet: ChangeSet): void {
  for (const { table, changes } of changeSet.tables()) {
    let own = rows.get(table.name)
    if (!own) {
      own = new Map()
      rows.set(table.name, own)
    }
    for (const [key, { put, row }] of changes) {
      const known = own.get(key)
      if (!known && put) own.set(key, { ...row })
      else if (known && !table.appendOnly) meet(table, known, row)
    }
  }
}
