/**
 * The thread that PGlite lives in: it runs queries on the thread that calls it, so that in the process's own thread a
 * chunk of rows would hold up everything else.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { assert, messageOf } from '../../message/errors.ts'
import type { QueryError, QueryRequest, WorkerAnswer, WorkerSettings } from './worker-protocol.ts'

assert(parentPort !== null, 'runs as a worker only')
const port = parentPort
const { folder } = workerData as WorkerSettings

function answer(message: WorkerAnswer): void {
  port.postMessage(message)
}

/** What Postgres does not survive: with no room for its own log it gives up, and would leave the next query unanswered. */
const ENDS: ReadonlySet<unknown> = new Set(['PANIC', 'FATAL', 'RuntimeError', 'ExitStatus'])

function errorOf(error: unknown): QueryError {
  const { code, severity, name } = (error ?? {}) as { code?: unknown; severity?: unknown; name?: unknown }
  const isEnd = ENDS.has(severity) || ENDS.has(name)
  return { message: messageOf(error), code: typeof code === 'string' ? code : undefined, isEnd }
}

async function run(db: PGlite, { text, params }: QueryRequest): Promise<WorkerAnswer> {
  if (text === null) {
    await db.close()
    return { kind: 'ended' }
  }
  const { rows, affectedRows } = await db.query(text, [...params])
  return { kind: 'rows', rows, affected: affectedRows ?? 0 }
}

async function serve(): Promise<void> {
  const db = await PGlite.create({ dataDir: folder, relaxedDurability: true })
  port.on('message', (request: QueryRequest) => {
    run(db, request)
      .then(answer, (error) => answer({ kind: 'failed', error: errorOf(error) }))
      .then(() => request.text === null && port.close())
  })
  answer({ kind: 'opened' })
}

serve().catch((error) => {
  answer({ kind: 'failed', error: errorOf(error) })
  port.close()
})
