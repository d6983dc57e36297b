/** The auditor on a whole installation: what the real parts leave behind is clean, and a view that is tampered with is not. */
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditOptions, audit } from '../../services/auditor/audit.ts'
import type { AuditReport } from '../../services/auditor/report.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { fulfil } from '../support/fulfil.ts'
import { DEAR, openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

let system: SystemRig
const WAIT_MS_MAX = 20_000
const WAIT_MS = 20

const run = (options: Partial<AuditOptions> = {}): Promise<AuditReport> =>
  audit({ ...system, topics: TOPICS, commands: true, log: noLog, ...options })

beforeAll(async () => {
  system = await openSystem()
})
afterAll(() => system?.close())

async function settled(ended: number, stuck: number): Promise<void> {
  const until = Date.now() + WAIT_MS_MAX
  for (;;) {
    const { rows } = await sql<{ status: string; n: number }>`
      select status, count(*)::int as n from kasaga.sagas group by status`.execute(system.views.db)
    const count = (...statuses: string[]) =>
      rows.filter(({ status }) => statuses.includes(status)).reduce((sum, { n }) => sum + n, 0)
    if (count('completed', 'compensated') === ended && count('stuck') === stuck) return
    if (Date.now() > until) throw new Error(`not settled: ${JSON.stringify(rows)}`)
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  }
}

test('while sagas run, and when they have come to rest, it is clean', async () => {
  const names = Array.from({ length: 60 }, (_, i) =>
    i % 3 === 0 ? `dear-${i}` : i % 20 === 1 ? `lost-${i}` : `o-${i}`,
  )
  const sagas = names.map((id) => ({ sagaId: id, input: { id, cents: id.startsWith('dear') ? DEAR : 100 } }))
  await system.client.startMany(fulfil, sagas)
  expect((await run()).violations).toEqual([])
  const lost = names.filter((id) => id.startsWith('lost')).length
  await settled(60 - lost, lost)
  const report = await run({ atRest: { now: Date.now() } })
  expect(report.violations).toEqual([])
  const dear = names.filter((id) => id.startsWith('dear')).length
  expect(report.sagas).toEqual({
    total: 60,
    completed: 60 - dear - lost,
    compensated: dear,
    stuck: lost,
    failed: 0,
    running: 0,
  })
  expect(report.checked).toContainEqual({ id: 'S16', over: 60, of: 'sagas in the views' })
  expect(report.notes.join()).not.toContain('behind')
})

type Tamper = (db: Kysely<ViewTables>) => Promise<unknown>

const TAMPERINGS: readonly (readonly [name: string, tamper: Tamper, invariants: readonly string[]])[] = [
  ['another status', (db) => sql`update kasaga.sagas set status = 'stuck' where saga_id = 'o-2'`.execute(db), ['S16']],
  ['another seq', (db) => sql`update kasaga.sagas set seq = 3 where saga_id = 'o-2'`.execute(db), ['S16']],
  ['another end', (db) => sql`update kasaga.sagas set ended_at = 5 where saga_id = 'o-2'`.execute(db), ['S16']],
  ['another version', (db) => sql`update kasaga.sagas set version = 9 where saga_id = 'o-2'`.execute(db), ['S16']],
  ['a missing row', (db) => sql`delete from kasaga.sagas where saga_id = 'o-2'`.execute(db), ['S16']],
  [
    'a missing step',
    (db) => sql`delete from kasaga.steps where saga_id = 'o-2' and step = 'charge'`.execute(db),
    ['S16'],
  ],
  ['more attempts', (db) => sql`update kasaga.steps set attempts = 7 where saga_id = 'o-2'`.execute(db), ['S16']],
  ['a missing event', (db) => sql`delete from kasaga.events where saga_id = 'o-2' and seq = 2`.execute(db), ['S16']],
  [
    'an event at another offset',
    (db) => sql`update kasaga.events set "offset" = "offset" + 1 where saga_id = 'o-2' and seq = 2`.execute(db),
    ['S16'],
  ],
  [
    'a row of no saga',
    (db) => sql`insert into kasaga.sagas (saga_id, partition, status, seq) values ('x', 0, 'running', 1)`.execute(db),
    ['S16'],
  ],
  [
    'a row of no partition',
    (db) => sql`insert into kasaga.sagas (saga_id, partition, status, seq) values ('x', 77, 'running', 1)`.execute(db),
    ['S16'],
  ],
  [
    'a step of no saga',
    (db) => sql`insert into kasaga.steps (saga_id, step, direction) values ('x', 's', 'forward')`.execute(db),
    ['S16'],
  ],
  [
    'a checkpoint inside a batch',
    (db) => sql`update kasaga.checkpoints set next_offset = next_offset - 1 where partition = 0`.execute(db),
    ['S17'],
  ],
  [
    'a checkpoint past the end',
    (db) => sql`update kasaga.checkpoints set next_offset = next_offset + 50 where partition = 0`.execute(db),
    ['S17'],
  ],
  [
    'rows of what is after the checkpoint',
    (db) => sql`update kasaga.checkpoints set next_offset = 0, next_number = 1 where partition = 0`.execute(db),
    ['S17'],
  ],
]

test.each(TAMPERINGS)('a view with %s is found out', async (_, tamper, invariants) => {
  const undo = new Error('undo')
  let report: AuditReport | undefined
  await system.views.db
    .transaction()
    .execute(async (tx) => {
      await tamper(tx)
      report = await run({ views: { db: nested(tx) } })
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  expect(Object.keys(report?.violationsByInvariant ?? {}).sort()).toEqual(invariants)
})

/** The auditor opens a transaction of its own; here it is given the one in which the tampering is seen. */
function nested(tx: Kysely<ViewTables>): Kysely<ViewTables> {
  const own = {
    setIsolationLevel: () => own,
    setAccessMode: () => own,
    execute: (work: (db: Kysely<ViewTables>) => Promise<unknown>) => work(tx),
  }
  return new Proxy(tx, {
    get: (target, name) => {
      const value: unknown = name === 'transaction' ? () => own : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
