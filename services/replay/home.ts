/** Sagas read out of a log, without an engine and without views: of a home, or of a file that was exported. */
import { ExportedLog } from '../../shared/adapters/exported-log/exported-log.ts'
import type { SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import type { SagaDetail } from '../../shared/client/http-api.ts'
import { assert } from '../../shared/message/errors.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import {
  type HistoryMoment,
  type HistorySource,
  type SagaHistory,
  sagaHistory,
} from '../../shared/runtime/saga-history.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { rowsOfSaga } from '../../shared/view/saga-rows.ts'
import { sagaAnswer, sagaDetail } from '../gateway/answers.ts'
import type { Home } from '../home.ts'

interface HistoryOptions extends Pick<HistorySource, 'onProgress'> {
  readonly prefix: string
}

/** A saga's history in the log of a home. */
export function historyInHome(
  id: SagaId,
  { broker }: Pick<Home, 'broker'>,
  { prefix, ...options }: HistoryOptions,
): Promise<SagaHistory> {
  return sagaHistory(id, { ...options, broker, topic: kasagaTopics(prefix).events })
}

/** The same in an exported log, which says its prefix itself. */
export async function historyInExport(
  id: SagaId,
  file: string,
  options: Pick<HistorySource, 'onProgress'>,
): Promise<SagaHistory> {
  const broker = await ExportedLog.open(file)
  try {
    return await sagaHistory(id, { ...options, broker, topic: kasagaTopics(broker.head.prefix).events })
  } finally {
    await broker.close()
  }
}

/** The saga as the gateway would have answered after these moments, had its views been there. */
export function detailAt({ id }: SagaHistory, moments: readonly HistoryMoment[]): SagaDetail {
  const rows = rowsOfSaga(
    id,
    moments.map(({ event }) => event),
  )
  assert(rows !== undefined, 'a saga that has a moment has a row')
  const { steps, attributes } = rows
  const { started_at, ended_at } = rows.saga
  const duration_ms = ended_at === null ? null : ended_at - (started_at ?? ended_at)
  const row = { ...rows.saga, started_at: started_at ?? 0, duration_ms } as SagaView
  const answer = sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes })
  // Which definitions are at hand here says nothing of what was then.
  return { ...answer, waitsForDefinition: null }
}
