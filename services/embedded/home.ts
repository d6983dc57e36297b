/** The embedded home: one process, one data folder. The log and the participants' tables on SQLite, large values in files, the views on PGlite. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FolderPayloadStore } from '../../shared/adapters/folder/folder-payload-store.ts'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { KyselyControlViews } from '../../shared/adapters/postgres/control-views.ts'
import { KyselyViewBuilds } from '../../shared/adapters/postgres/view-builds.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { rewriteWal } from '../../shared/adapters/sqlite/rewrite-wal.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { CLAIM_CHECK_BYTES, PAYLOAD_BYTES_MAX } from '../../shared/message/claim.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { type Home, homeOf, openTelemetry } from '../home.ts'
import { DiskWatch } from './disk-watch.ts'

/** Fewer partitions cost less in one process. */
const PARTITIONS = 4
/** One: a participant's database takes one transaction at a time, so all that waits goes into one. */
const PARTICIPANT_PARTITIONS = 1
/** How long a process that was just killed may take to let go of the folder. */
const WAIT_FOR_OWNER_MS = 3_000

/** Whether the folder has been a home before. */
export function isEmbeddedHome(directory: string): boolean {
  return existsSync(join(directory, 'log.db'))
}

/**
 * Opens the folder as its owner, making it when it is not there.
 * @throws OperationalError `log-owned` when another process has it.
 */
export async function openEmbeddedHome(options: { readonly directory: string; readonly log: Log }): Promise<Home> {
  const { directory, log } = options
  const telemetry = openTelemetry()
  const disk = new DiskWatch({ ...telemetry, clock: systemClock, log })
  const broker = await openSqliteLog({
    clock: systemClock,
    directory,
    waitForOwnerMs: WAIT_FOR_OWNER_MS,
    onWrite: (trouble) => disk.wrote(trouble),
    onTrouble: (error) => log.warn('the log reports trouble', { code: error.code, error: error.message }),
  })
  return homeOf({
    broker,
    payloads: new FolderPayloadStore(join(directory, 'payloads')),
    claims: { valueBytesMax: CLAIM_CHECK_BYTES, payloadBytesMax: PAYLOAD_BYTES_MAX },
    log,
    telemetry,
    notReady: () => disk.notReady,
    partitions: PARTITIONS,
    participantPartitions: PARTICIPANT_PARTITIONS,
    onShorterLog: 'rebuild',
    openDatabase(participant) {
      const path = join(directory, `${participant}.db`)
      rewriteWal(path)
      return openSqliteDatabase({ path })
    },
    async openViews() {
      const store = await openPgliteViewStore<ViewTables>({ folder: join(directory, 'views'), log })
      const writer = new KyselyViewWriter(store.db)
      return {
        store,
        writer,
        builds: new KyselyViewBuilds(store.db, { writer }),
        participants: new KyselyControlViews(store.db),
      }
    },
  })
}
