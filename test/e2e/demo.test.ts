/** The demo as its user meets it: the same orders end alike, and neither kills nor Ctrl-C nor a second process lose one. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Summary } from '../../services/demo/summary.ts'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { pinoLog } from '../../shared/adapters/pino/pino-log.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { type Ending, killLeftovers, runKasaga, startKasaga } from '../support/demo-process.ts'

/** More kills, of more orders, for a run by hand. */
const KILLS = Number(process.env.KASAGA_DEMO_KILLS ?? 4)
const KILL_SEED = Number(process.env.KASAGA_DEMO_KILL_SEED ?? Date.now() % 100_000)
const ORDERS = Number(process.env.KASAGA_DEMO_ORDERS ?? 300)
/** So many kills in a row come before the run that is left alone. */
const KILLS_A_FOLDER = 2
const SIGINT_MS_MAX = 20_000

const KEYS = ['orders', 'completed', 'compensated', 'stuck', 'violations', 'p50Ms', 'p99Ms', 'sagasPerSecond']

const scratch = mkdtempSync(join(tmpdir(), 'kasaga-demo-test-'))
const folder = (name: string) => join(scratch, name)
const demoArgs = (dir: string, seed = 7) =>
  ['demo', '--orders', String(ORDERS), '--seed', String(seed), '--json', '--data-dir', dir] as const

afterEach(killLeftovers)
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }))

function summaryOf({ end, stdout, stderr }: Ending): Summary {
  expect(stderr).not.toMatch(/error|warn/i)
  expect(end).toBe(0)
  return JSON.parse(stdout)
}

const endsOf = ({ orders, completed, compensated, stuck, violations }: Summary) => ({
  orders,
  completed,
  compensated,
  stuck,
  violations,
})

/** The run that everything else is compared with; its folder is used on by the tests below. */
let undisturbed: { readonly first: Ending; readonly ends: ReturnType<typeof endsOf>; readonly tookMs: number }

beforeAll(async () => {
  const began = performance.now()
  const first = await runKasaga(demoArgs(folder('a')))
  undisturbed = { first, ends: endsOf(summaryOf(first)), tookMs: performance.now() - began }
})

test('standard output is one line of JSON with the documented keys', async () => {
  const { stdout } = undisturbed.first
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(Object.keys(JSON.parse(stdout))).toEqual(KEYS)
  expect(undisturbed.ends).toMatchObject({ orders: ORDERS, stuck: 0, violations: 0 })
  expect(undisturbed.ends.completed + undisturbed.ends.compensated).toBe(ORDERS)
})

test('the same orders again add none; other ones are added', async () => {
  const again = summaryOf(await runKasaga(demoArgs(folder('a'))))
  expect(endsOf(again)).toEqual(undisturbed.ends)
  // Counted over all that is in the folder, and the pause between the runs is no work.
  expect(again.sagasPerSecond).toBe(summaryOf(undisturbed.first).sagasPerSecond)
  const more = summaryOf(await runKasaga(demoArgs(folder('a'), 8)))
  expect(more).toMatchObject({ orders: 2 * ORDERS, stuck: 0, violations: 0 })
  expect(more.completed).toBeGreaterThan(undisturbed.ends.completed)
})

describe(`kill -9, ${KILLS} times (KASAGA_DEMO_KILL_SEED=${KILL_SEED})`, () => {
  const random = seededRandom(KILL_SEED)

  test('loses nothing, whenever it comes', { timeout: 120_000 + KILLS * 30_000 }, async () => {
    for (let kill = 0; kill < KILLS; kill += KILLS_A_FOLDER) {
      const dir = folder(`kill-${kill}`)
      for (let i = kill; i < Math.min(KILLS, kill + KILLS_A_FOLDER); i++) {
        // The run is cut into as many parts as there are kills, so that each phase is met.
        const afterMs = Math.round(((i + random.next()) / KILLS) * undisturbed.tookMs)
        const run = startKasaga(demoArgs(dir))
        const ended = await Promise.race([delay(afterMs).then(() => false), run.ended().then(() => true)])
        run.kill('SIGKILL')
        await run.ended()
        const phase = run.stderr.trim().split('\n').at(-1)
        console.log(`killed after ${afterMs} ms${ended ? ', at its end' : ''}: ${phase}`)
      }
      const { end, stdout } = await runKasaga(demoArgs(dir))
      expect({ end, ends: endsOf(JSON.parse(stdout)) }).toEqual({ end: 0, ends: undisturbed.ends })
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

describe('Ctrl-C', () => {
  const within = async (ended: Promise<Ending>) => {
    const began = performance.now()
    const ending = await ended
    expect(performance.now() - began).toBeLessThan(SIGINT_MS_MAX)
    return ending
  }

  test.each([
    ['as it starts', 250],
    ['while the views open', 1_000],
  ])('%s leaves no folder behind', async (_, afterMs) => {
    const tmp = mkdtempSync(join(scratch, 'tmp-'))
    const run = startKasaga(['demo', '--orders', '100000', '--json'], tmp)
    await Promise.race([delay(afterMs), run.ended()])
    run.kill('SIGINT')
    const { end, stdout } = await within(run.ended())
    // Before it listens, a signal ends it as it ends every program.
    expect([130, 'SIGINT']).toContain(end)
    expect(stdout).toBe('')
    expect(readdirSync(tmp)).toEqual([])
  })

  test('in the middle of its orders loses none of them', async () => {
    const dir = folder('interrupted')
    const run = startKasaga([...demoArgs(dir), '--in-flight', '20'])
    await run.says('stderr', /orders published/)
    run.kill('SIGINT')
    expect((await within(run.ended())).end).toBe(130)
    expect(endsOf(summaryOf(await runKasaga(demoArgs(dir))))).toEqual(undisturbed.ends)
  })
})

describe('says in one sentence what is wrong, and ends with 2', () => {
  const bad = join(scratch, 'bad.ndjson')
  writeFileSync(bad, '\n{"id":"order-1","country":"DE"}\n')
  const noJson = join(scratch, 'no-json.ndjson')
  writeFileSync(noJson, 'an order\n')

  test.each([
    [['--orders', '0'], /--orders <n>.*whole number from 1/],
    [['--seed', 'x'], /--seed <n>.*whole number from 0/],
    [['--kafka', '127.0.0.1:1'], /--kafka needs --database-url/],
    [['--orders-file', join(scratch, 'missing')], /the orders in .*missing cannot be read: ENOENT/],
    [['--orders-file', bad], /line 2 of .*bad\.ndjson is no order: card: /],
    [['--orders-file', noJson], /line 1 of .*no-json\.ndjson is not JSON/],
    [['--orders-file', bad, '--orders', '4'], /'--orders-file <path>' cannot be used with option '--orders <n>'/],
    [['--unknown'], /unknown option '--unknown'/],
    [['--data-dir', bad], /data directory .*bad\.ndjson cannot be made/],
  ])('demo %j', async (args, why) => {
    const { end, stdout, stderr } = await runKasaga(['demo', ...args], scratch)
    const said = stderr.split('\n').filter((line) => line.startsWith('error: '))
    expect(said).toEqual([expect.stringMatching(why)])
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect({ end, stdout }).toEqual({ end: 2, stdout: '' })
  })

  test('verify of a folder without data, which is not made', async () => {
    const { end, stderr } = await runKasaga(['verify', '--data-dir', folder('nothing')])
    expect({ end, stderr }).toEqual({ end: 2, stderr: expect.stringContaining(`no data in ${folder('nothing')}`) })
    expect(existsSync(folder('nothing'))).toBe(false)
  })

  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    try {
      const { end, stderr } = await runKasaga(['demo', '--port', port, '--json'], scratch)
      expect({ end, stderr }).toEqual({ end: 2, stderr: expect.stringContaining(`cannot listen on 127.0.0.1:${port}`) })
      expect(stderr).toContain('Choose another --port')
    } finally {
      server.close()
    }
  })
})

test('stays up when told to, answers, keeps others out of its folder, and ends with Ctrl-C', async () => {
  const dir = folder('kept')
  const run = startKasaga([...demoArgs(dir), '--keep-running'])
  await run.says('stderr', /The API stays up/)
  expect(endsOf(JSON.parse(run.stdout))).toEqual(undisturbed.ends)
  const api = /API +(http:\S+)\/v1\/sagas/.exec(run.stderr)?.[1] ?? ''
  const read = async (path: string) => (await fetch(`${api}${path}`)).text()
  expect(JSON.parse(await read('/openapi.json'))).toHaveProperty('openapi')
  expect(await read('/metrics')).toMatch(/^kasaga_batches_total/m)
  expect(JSON.parse(await read('/v1/sagas?limit=3')).sagas).toHaveLength(3)

  const asking = ['--url', api, '--json']
  const ask = async (...args: string[]) => JSON.parse((await runKasaga([...args, ...asking])).stdout)
  const [listed, shown, told, second] = await Promise.all([
    ask('list', '--status', 'compensated', '--limit', '200'),
    ask('show', 'order-7-1'),
    ask('history', 'order-7-1'),
    runKasaga(demoArgs(dir)),
  ])
  expect(listed.sagas).toHaveLength(Math.min(200, undisturbed.ends.compensated))
  expect(shown).toMatchObject({ id: 'order-7-1', shown: expect.stringMatching(/^comp/) })
  expect(told.events[0]).toMatchObject({ seq: 1 })
  expect(second).toMatchObject({ end: 2, stdout: '' })
  expect(second.stderr).toContain(`${dir} is in use by another process`)

  run.kill('SIGINT')
  expect((await run.ended()).end).toBe(0)
})

describe('verify', () => {
  const verify = (dir: string) => runKasaga(['verify', '--at-rest', '--json', '--data-dir', dir])
  const idsOf = ({ stdout }: Ending): string[] =>
    JSON.parse(stdout).violations.map(({ invariant }: { invariant: string }) => invariant)

  test('finds nothing in a folder that was used well', async () => {
    expect((await verify(folder('a'))).end).toBe(0)
  })

  test('finds a refund that is gone, and a view row that is not what the log says', async () => {
    const db = new DatabaseSync(join(folder('a'), 'payment.db'))
    const { changes } = db.prepare('delete from refunds where rowid in (select rowid from refunds limit 1)').run()
    db.close()
    expect(changes).toBe(1)
    const refund = await verify(folder('a'))
    expect(refund.end).toBe(1)
    expect(new Set(idsOf(refund))).toEqual(new Set(['S8']))

    const views = await openPgliteViewStore({ folder: join(folder('a'), 'views'), log: pinoLog({ level: 'error' }) })
    const tampered = await sql`update kasaga.sagas set status = 'stuck' where saga_id = 'order-7-1'`.execute(views.db)
    expect(tampered.numAffectedRows).toBe(1n)
    await views.close()
    const both = await verify(folder('a'))
    expect(both.end).toBe(1)
    expect(new Set(idsOf(both)), both.stdout).toEqual(new Set(['S8', 'S16']))
  })
})
