/** The embedded view store survives what its process does, and gives way to a new one where it cannot. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ordersView } from '../../services/orders/orders-view.ts'
import { PgliteThread } from '../../shared/adapters/pglite/pglite-thread.ts'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { RevivedPool } from '../../shared/adapters/pglite/revived-pool.ts'
import { checkpointOf } from '../../shared/adapters/postgres/view-queries.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { comparableRows, foldView, tableRows } from '../support/fold-view.ts'
import { longLog } from '../support/long-log.ts'

let root = ''
let warnings: string[] = []
const log: Log = { ...noLog, warn: (message) => void warnings.push(message) }
const filled = () => join(root, 'filled')

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kasaga-view-store-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function project(folder: string): ChildProcess {
  const script = fileURLToPath(new URL('../support/project-until-killed.ts', import.meta.url))
  return spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Kills the process once it has said that many batches are applied, and answers with the last it said. */
async function killAfter(child: ChildProcess, batches: number): Promise<number> {
  let text = ''
  for await (const some of child.stdout ?? []) {
    text += String(some)
    if (text.split('\n').length > batches) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return Number(text.trim().split('\n').at(-1))
}

test('after kill -9 it opens with rows and checkpoint that belong together, again and again', async () => {
  for (const batches of [3, 40]) {
    const said = await killAfter(project(filled()), batches - 1)
    warnings = []
    const store = await openPgliteViewStore({ folder: filled(), log })
    const applied = ((await checkpointOf(store.db, 0))?.nextNumber ?? 1) - 1
    expect(applied).toBeGreaterThanOrEqual(said)
    for (const own of [sagasProjection, ordersView]) {
      const records = longLog().slice(0, Number((await checkpointOf(store.db, 0, own.name))?.nextOffset))
      const rows = foldView(own, records)
      for (const name of Object.keys(own.tables)) {
        const { rows: found } = await sql<object>`select * from ${sql.table(`kasaga.${name}`)}`.execute(store.db)
        expect(comparableRows(found)).toEqual(comparableRows(tableRows(own, rows, name)))
      }
    }
    expect(warnings).toEqual([])
    for (const own of [sagasProjection, ordersView]) await new KyselyViewWriter(store.db).reset(own)
    await store.close()
    expect(existsSync(`${filled()}.open`)).toBe(false)
  }
}, 120_000)

test('a folder that a fallen machine left open is built anew', async () => {
  writeFileSync(`${filled()}.open`, 'another boot')
  warnings = []
  const store = await openPgliteViewStore({ folder: filled(), log })
  const { rows } = await sql`select 1 from pg_namespace where nspname = 'kasaga'`.execute(store.db)
  expect(rows).toEqual([])
  expect(warnings).toEqual(['the views are built anew from the log'])
  await store.close()
})

test('a folder that does not open is built anew', async () => {
  const control = join(filled(), 'global', 'pg_control')
  expect(readdirSync(join(filled(), 'global'))).toContain('pg_control')
  writeFileSync(control, Buffer.alloc(100, 7))
  warnings = []
  const store = await openPgliteViewStore({ folder: filled(), log })
  await new KyselyViewWriter(store.db).prepare([sagasProjection])
  expect(warnings).toEqual(['the views are built anew from the log'])
  await store.close()
})

test('a thread that dies fails what was under way, and the next query has another one', async () => {
  const folder = filled()
  const thread = await PgliteThread.open({ folder })
  const pool = new RevivedPool(thread, () => PgliteThread.open({ folder }))
  const client = await pool.connect()
  const waiting = pool.connect()
  await client.query('create table kept (id integer)', [])
  const slow = client.query('select pg_sleep(30)', [])
  await Promise.all([expect(slow).rejects.toThrow('has ended'), thread.kill()])
  client.release()
  await expect(waiting).rejects.toThrow('has ended')
  const next = await pool.connect()
  expect((await next.query('select * from kept', [])).rows).toEqual([])
  next.release()
  await pool.end()
  expect(pool.endedCleanly).toBe(true)
})
