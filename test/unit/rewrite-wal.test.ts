import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rewriteWal } from '../../shared/adapters/sqlite/rewrite-wal.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kasaga-wal-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** As a kill leaves it: more than one piece of it, and nothing of it in the database's file. */
function leftBehind(rows: number): string {
  const path = join(folder, 'running.db')
  const db = new DatabaseSync(path)
  db.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (x text)')
  const insert = db.prepare('insert into t values (?)')
  for (let i = 0; i < rows; i++) insert.run('x'.repeat(3_000))
  const left = join(folder, 'left.db')
  for (const end of ['', '-wal']) cpSync(path + end, left + end)
  db.close()
  return left
}

test('what is written over with itself is what it was, whatever its size', () => {
  const path = leftBehind(700)
  const before = readFileSync(`${path}-wal`)
  expect(before.length).toBeGreaterThan(2_100_000)
  rewriteWal(path)
  expect(readFileSync(`${path}-wal`).equals(before)).toBe(true)
  const db = new DatabaseSync(path)
  expect(db.prepare('select count(*) as n from t').get()).toEqual({ n: 700 })
  db.close()
})

test('where none was left there is nothing to do, and no file is made', () => {
  rewriteWal(join(folder, 'none.db'))
  expect(() => readFileSync(join(folder, 'none.db-wal'))).toThrow(/ENOENT/)
})

test('one that cannot be opened is told, with its name', () => {
  mkdirSync(join(folder, 'odd.db-wal'))
  expect(() => rewriteWal(join(folder, 'odd.db'))).toThrow(/odd\.db-wal cannot be opened/)
})
