/** A saga that was played by hand, as the gateway shows it. */
import { sagaAnswer, sagaDetail } from '../../services/gateway/answers.ts'
import type { SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { changesFor } from '../../shared/view/projection.ts'
import type { StepRow } from '../../shared/view/saga-tables.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { applyChanges, type ViewRows } from '../../shared/view/view-rows.ts'
import type { Play } from './play.ts'

/** With the eyes of one who looks a minute and a half later. */
export function detailOf({ history, id, now }: Play) {
  const rows: ViewRows = new Map()
  const into = changesFor(sagasProjection)
  for (const envelope of history)
    sagasProjection.event({ ...envelope, topic: 'kasaga.events', partition: 0, offset: BigInt(envelope.seq) }, into)
  applyChanges(rows, into)
  const columns = (table: 'sagas' | 'steps') => Object.keys(sagasProjection.tables[table]?.columns ?? {})
  const whole = (table: 'sagas' | 'steps') =>
    [...(rows.get(table)?.values() ?? [])].map((row) =>
      Object.fromEntries(columns(table).map((name) => [name, row[name] ?? null])),
    )
  const row = { ...whole('sagas').find(({ saga_id }) => saga_id === id), duration_ms: null } as unknown as SagaView
  const steps = whole('steps') as unknown as StepRow[]
  const detail = sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes: [] })
  // Where the definition is not at hand that would be told, and nothing else.
  return { detail: { ...detail, waitsForDefinition: null }, eyes: { color: false, now: now + 90_000 } }
}
