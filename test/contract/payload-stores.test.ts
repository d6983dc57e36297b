import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FolderPayloadStore } from '../../shared/adapters/folder/folder-payload-store.ts'
import { MemoryPayloadStore } from '../../shared/adapters/memory/memory-payload-store.ts'
import { KyselyPayloadStore } from '../../shared/adapters/postgres/kysely-payload-store.ts'
import type { PayloadTables } from '../../shared/adapters/postgres/payloads-table.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { PayloadId } from '../../shared/message/claim.ts'
import { payloadIdOf } from '../../shared/ports/payload-store.ts'
import { payloadStoreContract } from './payload-store-suite.ts'

const CONTENT = Buffer.from('a payload')

payloadStoreContract('memory', async () => {
  const store = new MemoryPayloadStore(systemClock)
  return { store, damage: async (id) => store.damage(id), close: async () => {} }
})

payloadStoreContract('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-payloads-'))
  return {
    store: new FolderPayloadStore(folder),
    reopen: () => new FolderPayloadStore(folder),
    damage: (id) => writeFile(join(folder, id.slice(0, 2), id.slice(2)), 'something else'),
    close: () => rm(folder, { recursive: true }),
  }
})

payloadStoreContract('a table of SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-payloads-'))
  const open = () => openSqliteDatabase<PayloadTables>({ path: join(folder, 'payloads.db') })
  const db = open()
  return {
    store: new KyselyPayloadStore(db, systemClock),
    reopen: () => new KyselyPayloadStore(open(), systemClock),
    async damage(id) {
      await db
        .updateTable('kasaga_payloads')
        .set({ content: Buffer.from('else') })
        .where('id', '=', id)
        .execute()
    },
    close: () => rm(folder, { recursive: true }),
  }
})

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-payloads-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a folder makes nothing until something is put', () =>
  inFolder(async (folder) => {
    const store = new FolderPayloadStore(join(folder, 'payloads'))
    await store.health()
    expect(await store.get(payloadIdOf(CONTENT))).toEqual({ kind: 'missing' })
    expect(await readdir(folder)).toEqual([])
  }))

test('a folder takes no half-written file for a payload, and clears away old ones', () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, 'new'))
    await writeFile(join(folder, 'new', 'young'), 'half')
    await writeFile(join(folder, 'new', 'old'), 'half')
    await utimes(join(folder, 'new', 'old'), 1_000, 1_000)
    const store = new FolderPayloadStore(folder)
    await store.put(CONTENT)
    expect(await readdir(join(folder, 'new'))).toEqual(['young'])
    const ids: string[] = []
    for await (const { id } of store.list()) ids.push(id)
    expect(ids).toEqual([payloadIdOf(CONTENT)])
  }))

test('a folder mends a damaged payload that is put again', () =>
  inFolder(async (folder) => {
    const store = new FolderPayloadStore(folder)
    const id = await store.put(CONTENT)
    await writeFile(join(folder, id.slice(0, 2), id.slice(2)), 'a pay')
    await store.put(CONTENT)
    expect((await store.get(id)).kind).toBe('found')
  }))

test('no id that was not checked becomes a path', () =>
  inFolder(async (folder) => {
    const store = new FolderPayloadStore(join(folder, 'payloads'))
    await writeFile(join(folder, 'secret'), 'secret')
    for (const id of ['../secret', '..', '', 'AB'.repeat(32), `${'a'.repeat(63)}/`])
      await expect(store.get(id as PayloadId)).rejects.toThrow('only a checked id becomes a path')
  }))

test('trouble of a folder is told as trouble that may pass', () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'file'), 'no folder')
    const store = new FolderPayloadStore(join(folder, 'file'))
    const trouble = { name: 'OperationalError', code: 'payload-store-unavailable', retriable: true }
    await expect(store.put(CONTENT)).rejects.toMatchObject(trouble)
    await expect(store.get(payloadIdOf(CONTENT))).rejects.toMatchObject(trouble)
    await expect(store.health()).rejects.toMatchObject(trouble)
  }))

test('trouble of a database is told as trouble that may pass, and passes', () =>
  inFolder(async (folder) => {
    const trouble = { name: 'OperationalError', code: 'payload-store-unavailable', retriable: true }
    const db = openSqliteDatabase<PayloadTables>({ path: join(folder, 'payloads.db') })
    const store = new KyselyPayloadStore(db, systemClock)
    const id = await store.put(CONTENT)
    await db.schema.alterTable('kasaga_payloads').renameTo('elsewhere').execute()
    await expect(store.get(id)).rejects.toMatchObject(trouble)
    await expect(store.put(CONTENT)).rejects.toMatchObject(trouble)
    await expect(store.health()).rejects.toMatchObject(trouble)
    await db.schema.alterTable('elsewhere').renameTo('kasaga_payloads').execute()
    expect((await store.get(id)).kind).toBe('found')
    await store.close()
  }))
