/**
 * Writes to embedded views until their disk has no room for their own log any more, goes on trying, and makes room again.
 * Argument: the folder of the disk. Says as JSON what it has written, what it met, and what it finds at the end.
 */
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { openPgliteViewStore } from '../../../shared/adapters/pglite/pglite-view-store.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

/** Less than one file of the log that Postgres keeps. */
const LEFT_BYTES = 8_000_000
const FAILURES = 4
const WRITES_MAX = 20
const PAUSE_MS = 200
const [folder = ''] = process.argv.slice(2)

const bytesFree = () => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function fill(path: string): void {
  const ballast = openSync(path, 'w')
  while (bytesFree() > LEFT_BYTES) writeSync(ballast, Buffer.alloc(65_536))
  closeSync(ballast)
}

const told: string[] = []
const tell = (message: string) => void told.push(message)
const store = await openPgliteViewStore<{ t: { i: number } }>({
  folder: join(folder, 'views'),
  log: { ...noLog, error: tell, info: tell },
})
const { db } = store
await sql`create table t (i int)`.execute(db)
fill(join(folder, 'ballast'))
let written = 0
const failures: string[] = []
for (let i = 0; i < WRITES_MAX && failures.length < FAILURES; i++) {
  try {
    await sql`insert into t values (${i})`.execute(db)
    written++
    // The next write begins another file.
    await sql`select pg_switch_wal()`.execute(db)
  } catch (error) {
    failures.push(messageOf(error))
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
rmSync(join(folder, 'ballast'))
const found = (await db.selectFrom('t').select('i').execute()).length
await sql`insert into t values (-1)`.execute(db)
await store.close()
process.stdout.write(JSON.stringify({ written, failures, found, told }))
