/**
 * The embedded view store: PGlite on a folder, in a thread of its own. It holds only what the log can rebuild; a
 * folder that does not open, or that a fallen machine left open, is removed, and the projector fills a new one.
 * One process at a time: the owner of the log, which has its own lock.
 */
import { Kysely, PostgresDialect } from 'kysely'
import { messageOf } from '../../message/errors.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { ViewStore } from '../../ports/view-store.ts'
import type { ViewTables } from '../postgres/view-schema.ts'
import { PgliteThread } from './pglite-thread.ts'
import { RevivedPool } from './revived-pool.ts'
import { distrust, markClosed, markOpen, removeFolder } from './view-folder.ts'

export interface PgliteViewStoreOptions {
  /** Made when it is not there. Beside it lies `<folder>.open` while it is open. */
  readonly folder: string
  readonly log: Log
}

/**
 * Opens the store, rebuilding its folder where it must.
 * @throws OperationalError `view-store-trouble` when even an empty folder does not open.
 */
export async function openPgliteViewStore<Tables = ViewTables>(
  options: PgliteViewStoreOptions,
): Promise<ViewStore<Tables>> {
  const { folder, log } = options
  const why = await distrust(folder)
  if (why !== undefined) await startAnew(folder, log, why)
  await markOpen(folder)
  const pool = new RevivedPool(await openOrRebuild(folder, log), reviver(folder, log))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  let closed: Promise<void> | undefined
  const close = async () => {
    await db.destroy()
    await pool.end()
    if (pool.endedCleanly) await markClosed(folder)
  }
  return {
    db,
    close() {
      closed ??= close()
      return closed
    },
  }
}

async function openOrRebuild(folder: string, log: Log): Promise<PgliteThread> {
  try {
    const thread = await PgliteThread.open({ folder })
    return await proven(thread)
  } catch (error) {
    await startAnew(folder, log, messageOf(error))
    await markOpen(folder)
    return PgliteThread.open({ folder })
  }
}

/** A torn folder may open and fail at the first look into it. */
async function proven(thread: PgliteThread): Promise<PgliteThread> {
  const client = await thread.connect()
  try {
    await client.query('select count(*) from pg_class', [])
    return thread
  } catch (error) {
    client.release()
    await thread.end()
    throw error
  } finally {
    client.release()
  }
}

async function startAnew(folder: string, log: Log, why: string): Promise<void> {
  log.warn('the views are built anew from the log', { folder, why })
  await removeFolder(folder)
}

/** Starts other threads. Says that one has died, and that another one answers; not how often none could be started in between. */
function reviver(folder: string, log: Log): () => Promise<PgliteThread> {
  let isTold = false
  return async () => {
    if (!isTold) log.error('the thread of the embedded views has died: starting another', { folder })
    isTold = true
    const thread = await PgliteThread.open({ folder })
    isTold = false
    log.info('the embedded views answer again', { folder })
    return thread
  }
}
