/** A log that was exported is made into a data folder, audits clean there, and an engine goes on with it where it was left. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import type { Home } from '../../services/home.ts'
import { SHOP, startEverything } from '../../services/one-process/main.ts'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { generateOrders } from '../../services/orders/order-generator.ts'
import { PARTICIPANTS } from '../../services/participants/home.ts'
import { PROJECTIONS } from '../../services/projector/home.ts'
import { historyInExport, historyInHome, importInto } from '../../services/replay/home.ts'
import { exportHome, verifyExport, verifyHome } from '../../services/verify/home.ts'
import { countsByStatus } from '../../shared/adapters/postgres/view-queries.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { endsImpliedBy } from '../support/kafka-home/shop.ts'

const ORDERS = 12
const ALL_END_MS = 60_000
const prefix = 'restored'
const topics = kasagaTopics(prefix)
const scratch = mkdtempSync(join(tmpdir(), 'kasaga-import-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const at = (name: string) => join(scratch, name)
const orders = [...generateOrders(ORDERS, 'order', seededRandom(7))]

async function within<T>(directory: string, work: (home: Home) => Promise<T>): Promise<T> {
  const home = await openEmbeddedHome({ directory, log: noLog })
  try {
    return await work(home)
  } finally {
    await home.close()
  }
}

/** A shop whose carrier does not work: each order ends, or waits for it. */
async function halfWay(home: Home): Promise<void> {
  const { inventory, payment } = PARTICIPANTS
  const system = await startEverything(home, prefix, { ...SHOP, participants: [inventory, payment] })
  await system.open
  await system.client.startMany(
    fulfilOrder,
    orders.map((order) => ({ sagaId: order.id, input: order })),
  )
  const { db } = (await home.views()).store
  const asked = db.selectFrom('kasaga.steps').select('saga_id').where('step', '=', 'ship').where('attempts', '>=', 1)
  const settled = async () => (await asked.execute()).length + (await countsByStatus(db)).compensated
  await expect.poll(settled, { timeout: ALL_END_MS }).toBe(ORDERS)
  await system.stop()
}

/** The whole shop, until nothing runs any more. */
async function goOn(home: Home, more: typeof orders): Promise<void> {
  const system = await startEverything(home, prefix)
  await system.open
  await system.client.startMany(
    fulfilOrder,
    more.map((order) => ({ sagaId: order.id, input: order })),
  )
  const { db } = (await home.views()).store
  const none = { running: 0, compensating: 0, stuck: 0, paused: 0, failed: 0 }
  const ends = { ...none, ...endsImpliedBy([...orders, ...more]) }
  await expect.poll(() => countsByStatus(db), { timeout: ALL_END_MS }).toEqual(ends)
  await system.stop()
}

const exportTo = (home: Home, file: string) => exportHome(home, { file, prefix, commands: true })

test('the engine goes on with it, and what waited when it was exported comes to its end', {
  timeout: 2 * ALL_END_MS,
}, async () => {
  const file = at('log.ndjson.gz')
  const offsets = await within(at('first'), async (home) => {
    await halfWay(home)
    await exportTo(home, file)
    return home.broker.offsets(topics.events)
  })
  const imported = await importInto(at('second'), file, {})
  expect(imported).toMatchObject({ prefix, undecided: 0 })
  expect(imported.records).toBeGreaterThan(ORDERS * 8)
  await within(at('second'), async (home) => {
    expect(await home.broker.offsets(topics.events)).toEqual(offsets)
    await exportTo(home, at('again.ndjson'))
    await (await home.views()).writer.prepare(PROJECTIONS)
    const report = await verifyHome(home, { topics, atRest: false, commands: true, participants: [] })
    expect(report.violations).toEqual([])
    expect(report.sagas.running).toBeGreaterThan(0)
    await goOn(home, [...generateOrders(2, 'new', seededRandom(8))])
    const end = await verifyHome(home, { topics, atRest: true, commands: true, participants: [] })
    expect(end.violations).toEqual([])
    expect(end.checked.map(({ id }) => id)).toEqual(expect.arrayContaining(['S16', 'S24', 'S10', 'L1']))
  })
  // What the log said went to and fro without a change.
  const known = await verifyExport(file, { atRest: false, commands: true }, noLog)
  expect(await verifyExport(at('again.ndjson'), { atRest: false, commands: true }, noLog)).toEqual(known)
  await expect(importInto(at('second'), file, {})).rejects.toMatchObject({ code: 'data-exists' })
})

test('one saga alone is a log of its own, which audits clean, and goes on as well', {
  timeout: 2 * ALL_END_MS,
}, async () => {
  const waits = orders.find(({ id }) => endsImpliedBy(orders.filter((order) => order.id === id)).completed === 1)
  const id = sagaId(waits?.id ?? '')
  const file = at('one.ndjson')
  const live = await within(at('first'), async (home) => {
    await exportHome(home, { file, prefix, commands: true, saga: id })
    return historyInHome(id, home, { prefix })
  })
  const others = readFileSync(file, 'utf8').match(/order-\d+/g) ?? []
  expect([...new Set(others)]).toEqual([id])
  const report = await verifyExport(file, { atRest: false, commands: true }, noLog)
  expect(report.violations).toEqual([])
  expect(report.sagas).toMatchObject({ total: 1, running: 1 })
  const alone = await historyInExport(id, file, {})
  expect(alone.moments.at(-1)?.state).toEqual(live.moments.at(-1)?.state)
  expect(await importInto(at('third'), file, {})).toMatchObject({ undecided: 0 })
  await within(at('third'), async (home) => {
    const system = await startEverything(home, prefix)
    await system.open
    const { db } = (await home.views()).store
    const counts = async () => (await countsByStatus(db)).completed
    await expect.poll(counts, { timeout: ALL_END_MS }).toBe(1)
    await system.stop()
    const end = await verifyHome(home, { topics, atRest: true, commands: true, participants: [] })
    expect(end.violations).toEqual([])
  })
})

describe('nothing is made', () => {
  test('of a file that is cut, or lacks records in between', async () => {
    const whole = readFileSync(at('again.ndjson'), 'utf8').trimEnd().split('\n')
    const cut = at('cut.ndjson')
    writeFileSync(cut, whole.slice(0, -3).join('\n'))
    await expect(importInto(at('none'), cut, {})).rejects.toMatchObject({ code: 'export-unreadable' })
    const third = whole.findIndex((line) => line.startsWith('{"o":"2"'))
    const records = whole.filter((line) => line.startsWith('{"o":')).length
    const holed = whole.filter((_, i) => i !== third).slice(0, -1)
    writeFileSync(cut, [...holed, JSON.stringify({ records: records - 1 })].join('\n'))
    await expect(importInto(at('none'), cut, {})).rejects.toMatchObject({ code: 'not-a-whole-log' })
    expect(readdirSync(scratch).filter((name) => name.startsWith('none'))).toEqual([])
  })

  test('in a folder that has something in it', async () => {
    await expect(importInto(scratch, at('again.ndjson'), {})).rejects.toThrow('something in')
  })
})
