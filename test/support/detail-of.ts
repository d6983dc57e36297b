/** A saga that was played by hand, as the gateway shows it. */
import { sagaAnswer, sagaDetail } from '../../services/gateway/answers.ts'
import { viewOf } from '../../services/replay/home.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { rowsOfSaga } from '../../shared/view/saga-rows.ts'
import type { Play } from './play.ts'

/** With the eyes of one who looks a minute and a half later. */
export function detailOf({ history, id, now }: Play) {
  const place = { topic: 'kasaga.events', partition: 0 }
  const rows = rowsOfSaga(
    id,
    history.map((envelope) => ({ ...envelope, ...place, offset: BigInt(envelope.seq) })),
  )
  if (!rows) throw new Error(`nothing is known of ${id}`)
  const row = { ...viewOf(rows), duration_ms: null }
  const { steps } = rows
  const detail = sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes: [] })
  // Where the definition is not at hand that would be told, and nothing else.
  return { detail: { ...detail, waitsForDefinition: null }, eyes: { color: false, now: now + 90_000 } }
}
