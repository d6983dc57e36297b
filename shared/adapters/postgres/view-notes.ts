/** Notes of a chunk, read against the rows that are there: within the chunk's transaction, whose checkpoints are locked. */
import { CompiledQuery, type Kysely } from 'kysely'
import { keyText, type Row, type RowChange, type TableChanges, withNotesRead } from '../../view/change-set.ts'
import { readingSql } from './view-statements.ts'

/** The changes as they were where the table has no notes. */
export async function withNotesReadFrom<T>(tx: Kysely<T>, tableChanges: TableChanges): Promise<TableChanges> {
  const { table, changes } = tableChanges
  if (!table.reading) return tableChanges
  const query = CompiledQuery.raw(readingSql(table, table.reading), [[...changes.keys()]])
  const { rows } = await tx.executeQuery<Row>(query)
  const remembering = new Map(rows.map((row) => [keyText(table, row), row]))
  const read = new Map<string, RowChange>()
  for (const [key, { put, row }] of changes)
    read.set(key, { put, row: withNotesRead(table, remembering.get(key), row) })
  return { table, changes: read }
}
