import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { migrateInbox } from '../../shared/adapters/postgres/inbox-table.ts'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { idempotencyKey, sagaId } from '../../shared/message/ids.ts'
import type { InboxEntry } from '../../shared/ports/inbox.ts'
import { openRows, type RowTables } from '../support/inbox-rows.ts'
import { inboxContract } from './inbox-suite.ts'

async function openDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-inbox-'))
  const path = join(folder, 'inbox.db')
  const db = openSqliteDatabase<RowTables>({ path })
  await migrateInbox(db)
  const close = async () => {
    await db.destroy()
    await rm(folder, { recursive: true })
  }
  return { db, path, close }
}

inboxContract('sqlite', async () => {
  const { db, close } = await openDatabase()
  return { inbox: kyselyInbox(db), rows: await openRows(db), close }
})

const ENTRY: InboxEntry = {
  key: idempotencyKey({ sagaId: sagaId('a'), step: 's', direction: 'forward' }),
  outcome: 'success',
  body: '1',
  errorCode: undefined,
  sagaId: 'a',
  commandType: 't',
  handledAt: 5_000,
}

test('a SQLite inbox is there after it was closed, migrated twice without harm, and forgets by age', async () => {
  const { db, path, close } = await openDatabase()
  await kyselyInbox(db).transaction((scope) => scope.store([ENTRY]))
  await db.destroy()
  const again = openSqliteDatabase<RowTables>({ path })
  try {
    await migrateInbox(again)
    const found = await kyselyInbox(again).transaction((scope) => scope.find([ENTRY.key]))
    expect(found.get(ENTRY.key)).toEqual(ENTRY)
    expect(await kyselyInbox(again).forget(5_000, 10)).toBe(0)
    expect(await kyselyInbox(again).forget(5_001, 10)).toBe(1)
  } finally {
    await again.destroy()
    await close()
  }
})

test('what is to be forgotten is found by the index of the times', async () => {
  const { db, close } = await openDatabase()
  try {
    const oldest = sql`explain query plan select key from inbox where handled_at < 5 order by handled_at limit 10`
    const { rows } = await oldest.execute(db)
    expect(JSON.stringify(rows)).toContain('inbox_handled_at')
  } finally {
    await close()
  }
})

test('where the database has undone a transaction by itself, the reason is what went wrong, and the next one goes on', async () => {
  const { db, close } = await openDatabase()
  try {
    const full = Object.assign(new Error('database or disk is full'), { errcode: 13 })
    const failing = db.transaction().execute(async (tx) => {
      await sql`rollback`.execute(tx)
      throw full
    })
    await expect(failing).rejects.toBe(full)
    await kyselyInbox(db).transaction((scope) => scope.store([ENTRY]))
    const found = await kyselyInbox(db).transaction((scope) => scope.find([ENTRY.key]))
    expect(found.get(ENTRY.key)).toEqual(ENTRY)
  } finally {
    await close()
  }
})

test('a lock that another connection holds is trouble that passes', async () => {
  const { db, path, close } = await openDatabase()
  const other = openSqliteDatabase<RowTables>({ path, busyTimeoutMs: 10 })
  try {
    await kyselyInbox(db).transaction(async (scope) => {
      await scope.store([ENTRY])
      const blocked = kyselyInbox(other).transaction((inner) => inner.find([ENTRY.key]))
      await expect(blocked).rejects.toMatchObject({ code: 'inbox-unavailable', retriable: true })
    })
  } finally {
    await other.destroy()
    await close()
  }
})
