/** Connections that break, or are not answered, while somebody has them: what is under way on them fails, and nothing else does. */
import { Socket } from 'node:net'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import { isPassing } from '../../shared/adapters/postgres/transaction-trouble.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { TcpProxy } from '../chaos/stage/tcp-proxy.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

type Db = Kysely<Record<string, never>>

const pidOf = async (db: Db) => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid
/** The pool may give the broken connection out once more, until it has heard of it. */
const goesOn = (db: Db) => expect.poll(() => pidOf(db).catch(() => undefined), { timeout: 20_000 }).toBeGreaterThan(0)

await describeReal('a Postgres connection that breaks', ['postgres'], ({ postgres }) => {
  const opened: Db[] = []
  const open = {
    'of a participant': () => openPostgresDatabase<Record<string, never>>({ url: postgres, log: noLog }),
    'of the views': () =>
      openPostgresViewStore<Record<string, never>>({ connectionString: postgres, onIdleTrouble: () => {} }).db,
  }
  afterEach(async () => {
    vi.restoreAllMocks()
    await Promise.all(opened.splice(0).map((db) => db.destroy()))
  })

  const there = async (db: Db, pid: number | undefined) =>
    (await sql`select 1 from pg_stat_activity where pid = ${pid}`.execute(db)).rows.length

  test.each(Object.entries(open))('%s fails the transaction that has it, between two statements', async (_, make) => {
    const [broken, other] = [make(), make()]
    opened.push(broken, other)
    const transaction = broken.transaction().execute(async (tx) => {
      const pid = await pidOf(tx)
      await sql`select pg_terminate_backend(${pid})`.execute(other)
      await expect.poll(() => there(other, pid), { timeout: 20_000 }).toBe(0)
      await sql`select 1`.execute(tx)
    })
    await expect(transaction).rejects.toThrow()
    await goesOn(broken)
  })

  test.each(Object.entries(open))('%s is asked whether it is there when nothing has come for 10 s', async (_, make) => {
    const asked = vi.spyOn(Socket.prototype, 'setKeepAlive')
    const db = make()
    opened.push(db)
    await pidOf(db)
    expect(asked.mock.calls).toEqual([[true, 10_000]])
  })

  test.each(Object.entries(open))('%s fails the statement that is under way', async (_, make) => {
    const [broken, other] = [make(), make()]
    opened.push(broken, other)
    const sleeping = broken.connection().execute(async (one) => {
      const pid = await pidOf(one)
      const asleep = sql`select pg_sleep(60)`.execute(one)
      asleep.catch(() => {})
      const running = async () =>
        (await sql`select 1 from pg_stat_activity where pid = ${pid} and query like '%pg_sleep%'`.execute(other)).rows
          .length
      await expect.poll(running, { timeout: 20_000 }).toBe(1)
      await sql`select pg_terminate_backend(${pid})`.execute(other)
      await asleep
    })
    await expect(sleeping).rejects.toThrow()
    await goesOn(broken)
  })
})

await describeReal('a Postgres that takes what it is asked and answers nothing', ['postgres'], ({ postgres }) => {
  const opened: Db[] = []
  const ANSWER_MS = 5_000
  let proxy: TcpProxy
  const silent = {
    'of a participant': (url: string) =>
      openPostgresDatabase<Record<string, never>>({ url, log: noLog, answerTimeoutMs: ANSWER_MS }),
    'of the views': (connectionString: string) =>
      openPostgresViewStore<Record<string, never>>({
        connectionString,
        answerTimeoutMs: ANSWER_MS,
        onIdleTrouble: () => {},
      }).db,
  }
  const behindProxy = () => {
    const url = new URL(postgres)
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    return url.href
  }
  beforeEach(async () => {
    proxy = await TcpProxy.before(Number(new URL(postgres).port || 5_432))
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((db) => db.destroy()))
    await proxy.close()
  })

  test.each(Object.entries(silent))(
    '%s is not waited for for ever, and what it was in the middle of is undone',
    async (_, make) => {
      const db = make(behindProxy())
      opened.push(db)
      const table = sql.table(`silent_${Math.random().toString(36).slice(2)}`)
      await sql`create table ${table} (id integer primary key)`.execute(db)
      const count = async () => (await sql`select id from ${table} order by id`.execute(db)).rows
      const given = db.transaction().execute(async (tx) => {
        await sql`insert into ${table} values (1)`.execute(tx)
        proxy.hold('answers')
        await sql`insert into ${table} values (2)`.execute(tx)
      })
      const failed = await given.then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(isPassing(failed), String(failed)).toBe(true)
      proxy.release('answers')
      await goesOn(db)
      // Whoever has a connection next has one of its own: nothing of what was given up is committed with it.
      await db.transaction().execute((tx) => sql`insert into ${table} values (3)`.execute(tx))
      await expect.poll(count, { timeout: 20_000 }).toEqual([{ id: 3 }])
      await sql`drop table ${table}`.execute(db)
    },
    90_000,
  )
})
