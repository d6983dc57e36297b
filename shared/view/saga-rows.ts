/** The rows that the views would have of one saga, folded in memory from its events: for whoever has the log and no database. */
import type { SagaId } from '../message/ids.ts'
import { changesFor, type LogEvent } from './projection.ts'
import type { AttributeRow, SagaRow, StepRow } from './saga-tables.ts'
import { sagasProjection } from './sagas-projection.ts'
import { applyChanges, type ViewRows } from './view-rows.ts'

export interface OneSagaRows {
  readonly saga: SagaRow
  /** In the order in which they began. */
  readonly steps: readonly StepRow[]
  readonly attributes: readonly AttributeRow[]
}

/** `undefined`: there is no event of it. */
export function rowsOfSaga(id: SagaId, events: readonly LogEvent[]): OneSagaRows | undefined {
  const rows: ViewRows = new Map()
  for (const event of events) {
    const into = changesFor(sagasProjection)
    sagasProjection.event(event, into)
    applyChanges(rows, into)
  }
  const saga = rowsIn<SagaRow>(rows, 'sagas').find(({ saga_id }) => saga_id === id)
  if (!saga) return undefined
  const steps = rowsIn<StepRow>(rows, 'steps').sort(
    (a, b) => (a.first_seq ?? 0) - (b.first_seq ?? 0) || (a.step < b.step ? -1 : 1),
  )
  const attributes = rowsIn<AttributeRow>(rows, 'saga_attributes').sort((a, b) => (a.name < b.name ? -1 : 1))
  return { saga, steps, attributes }
}

/** Complete rows of a table: null where nothing was set. */
function rowsIn<Row>(rows: ViewRows, table: 'sagas' | 'steps' | 'saga_attributes'): Row[] {
  const columns = Object.keys(sagasProjection.tables[table].columns)
  const own = [...(rows.get(table)?.values() ?? [])]
  return own.map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])) as Row)
}
