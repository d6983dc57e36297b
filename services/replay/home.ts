/** Sagas read out of a log, without an engine and without views: of a home, or of a file that was exported. */
import { mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { ExportedLog } from '../../shared/adapters/exported-log/exported-log.ts'
import type { SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import { LogCopy } from '../../shared/adapters/sqlite/log-copy.ts'
import type { SagaDetail } from '../../shared/client/http-api.ts'
import { assert, OperationalError } from '../../shared/message/errors.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import {
  type HistoryMoment,
  type HistorySource,
  type SagaHistory,
  sagaHistory,
} from '../../shared/runtime/saga-history.ts'
import { runShadow, type ShadowOptions, type ShadowReport } from '../../shared/runtime/shadow-run.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { type OneSagaRows, rowsOfSaga } from '../../shared/view/saga-rows.ts'
import { sagaAnswer, sagaDetail } from '../gateway/answers.ts'
import type { Home } from '../home.ts'
import { type ImportOptions, type ImportResult, importLog } from './import-log.ts'

type ShadowOf = Omit<ShadowOptions, 'broker' | 'topic'>

/** The log of a home run through another definition. */
export function shadowInHome(
  { broker }: Pick<Home, 'broker'>,
  prefix: string,
  options: ShadowOf,
): Promise<ShadowReport> {
  return runShadow({ ...options, broker, topic: kasagaTopics(prefix).events })
}

/** The same of an exported log. */
export async function shadowInExport(file: string, options: ShadowOf): Promise<ShadowReport> {
  const broker = await ExportedLog.open(file)
  try {
    return await runShadow({ ...options, broker, topic: kasagaTopics(broker.head.prefix).events })
  } finally {
    await broker.close()
  }
}

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

/**
 * Makes a data folder of an exported log, whole or not at all.
 * @throws OperationalError `data-exists` where there is something in the folder, `not-a-whole-log`, `export-unreadable`.
 */
export async function importInto(
  directory: string,
  file: string,
  options: Pick<ImportOptions, 'onProgress'>,
): Promise<ImportResult> {
  await expectEmpty(directory)
  const from = await ExportedLog.open(file)
  // Beside it, so that a folder which is there is one that is whole.
  const part = await mkdtemp(`${directory}.part-`)
  try {
    const to = new LogCopy(part)
    try {
      const result = await importLog({ ...options, from, to })
      to.close()
      await removeEmpty(directory)
      await rename(part, directory)
      return result
    } catch (error) {
      to.close()
      throw error
    }
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  } finally {
    await from.close()
  }
}

async function expectEmpty(directory: string): Promise<void> {
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new OperationalError('data-unusable', `${directory} cannot be used: ${error.message}`, UNUSABLE)
  })
  if (found.length === 0) return
  throw new OperationalError('data-exists', `there is something in ${directory} already`, UNUSABLE)
}

/** Never one in which there is something by now. */
async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new OperationalError('data-exists', `${directory} is in use: ${error.message}`, UNUSABLE)
  })
}

const UNUSABLE = { where: 'import', retriable: false } as const

/** The saga as the gateway would have answered after these moments, had its views been there. */
export function detailAt({ id }: SagaHistory, moments: readonly HistoryMoment[]): SagaDetail {
  const rows = rowsOfSaga(
    id,
    moments.map(({ event }) => event),
  )
  assert(rows !== undefined, 'a saga that has a moment has a row')
  const { steps, attributes } = rows
  const row = viewOf(rows)
  const answer = sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes })
  // Which definitions are at hand here says nothing of what was then.
  return { ...answer, waitsForDefinition: null }
}

/** A saga's row as the views would have it, from the log alone: whether an owner has stopped it is not said there. */
export function viewOf({ saga }: OneSagaRows): SagaView {
  const { started_at, ended_at, status } = saga
  const duration_ms = ended_at === null ? null : ended_at - (started_at ?? ended_at)
  const known = { status: status as SagaView['status'], started_at: started_at ?? 0, duration_ms }
  return { ...saga, ...known, stopped_why: null, stopped_since: null }
}
