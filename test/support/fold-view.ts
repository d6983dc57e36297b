/** Folds records of a partition into rows in memory, in chunks of any size: what the database must hold. */
import { type AcceptedBatch, BatchReader } from '../../shared/message/batch.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import type { Row } from '../../shared/view/change-set.ts'
import { changesFor, foldBatches, type Projection } from '../../shared/view/projection.ts'
import { applyChanges, type ViewRows } from '../../shared/view/view-rows.ts'

/** The accepted batches, with how many were skipped. */
export function accepted(records: readonly LogRecord[]): { batches: AcceptedBatch[]; void: number } {
  const reader = new BatchReader()
  const batches = records.flatMap((record) => reader.read(record) ?? [])
  return { batches, void: reader.voidBatches }
}

/** Rows after the log; `cuts`: after how many batches a chunk ends. */
export function foldView(
  projection: Projection,
  records: readonly LogRecord[],
  cuts: readonly number[] = [],
  rows: ViewRows = new Map(),
): ViewRows {
  const { batches } = accepted(records)
  const first = records[0]
  const source = { topic: first?.topic ?? '', partition: first?.partition ?? 0 }
  const ends = [...new Set(cuts.filter((cut) => cut > 0 && cut < batches.length))].sort((a, b) => a - b)
  let from = 0
  for (const end of [...ends, batches.length]) {
    const into = changesFor(projection)
    foldBatches(projection, batches.slice(from, end), { source, into })
    applyChanges(rows, into)
    from = end
  }
  return rows
}

/** A table's rows, complete (null where nothing was set), in the order of their key. */
export function tableRows(projection: Projection, rows: ViewRows, table: string): Row[] {
  const columns = Object.keys(projection.tables[table]?.columns ?? {})
  const own = [...(rows.get(table) ?? new Map<string, Row>())]
  own.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return own.map(([, row]) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])))
}

/** Rows of either side as text, in order: an offset is a number in the database's answer and a bigint in the fold. */
export function comparableRows(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(plain(row))).sort()
}

function plain(row: object): [string, unknown][] {
  return Object.entries(row)
    .map(([name, value]): [string, unknown] => [name, typeof value === 'bigint' ? Number(value) : value])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
