/** Live sagas are moved to the next version of their definition, one over HTTP and many by the command line, in a whole installation. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { audit } from '../../services/auditor/audit.ts'
import { migrateCommand } from '../../services/cli/commands/migrate.ts'
import { definitionsIn } from '../../services/cli/definitions-in.ts'
import { migrationOf } from '../../services/migrations/home.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { saga, signal } from '../../shared/saga/builder.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { cliOf } from '../support/cli-runner.ts'
import { bank, stock } from '../support/fulfil.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

const Order = z.object({ id: z.string(), cents: z.int() })
const go = signal('go', z.json())

const first = saga('moving', { version: 1, input: Order })
  .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  .undo(bank.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
  .waitFor('go', go)
  .end()

/** It reserves as well, and calls its first step by another name. */
const second = saga('moving', { version: 2, input: Order })
  .migratesFrom(first, undefined, { renames: { charge: 'pay' } })
  .step('pay', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  .undo(bank.refund, ({ input, pay }) => ({ orderId: input.id, chargeId: pay?.chargeId }))
  .waitFor('go', go)
  .step('reserve', stock.reserve, ({ input }) => ({ orderId: input.id }))
  .undo(stock.release, ({ input }) => ({ orderId: input.id }))
  .end()

/** It forgets to give the money back. */
const third = saga('moving', { version: 3, input: Order })
  .migratesFrom(1)
  .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  .keep()
  .waitFor('go', go)
  .end()

let rig: SystemRig
let url = ''
const topics = kasagaTopics('kasaga')

beforeAll(async () => {
  rig = await openSystem([first, second, third])
  url = (await (await rig.gateway()).listen({ port: 0 })).url
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)
const migrate = migrateCommand(async ({ definition, options }, work) => {
  const settings = { ...options, definition, definitions: rig.definitions, reason: options.reason ?? '' }
  const home = { broker: rig.broker, clock: systemClock, ids: systemIds }
  return work(await migrationOf(home, { ...settings, waitMsMax: options.timeout }))
})
const move = (...args: string[]) => kasaga(['migrate', 'moving', ...args], {}, [migrate])

const client = () => httpClient({ url })
const shown = async (id: string, what: object) =>
  expect.poll(() => client().show(id), { timeout: 10_000 }).toMatchObject(what)

/** Started on the first version, and waiting for its signal. */
async function waiting(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await client().start({ definition: 'moving', version: 1, id, input: { id, cents: 5 } })
  for (const id of ids) await shown(id, { version: 1, shown: 'waiting' })
}

test('one saga is moved over HTTP, and goes on by its new plan', async () => {
  await waiting('moved-1')
  await client().migrate('moved-1', { toVersion: 2, reason: 'so', actor: 'ann' })
  await shown('moved-1', { version: 2 })
  await client().signal('moved-1', 'go', { payload: 1 })
  await shown('moved-1', { version: 2, status: 'completed' })
  const { steps } = await client().show('moved-1')
  expect(steps.map(({ step, status }) => [step, status])).toContainEqual(['reserve', 'succeeded'])
})

test('a renamed step is undone as its participant knows it', async () => {
  await waiting('moved-2')
  await client().migrate('moved-2', { toVersion: 2, reason: 'so', actor: 'ann' })
  await client().cancel('moved-2', { reason: 'so', actor: 'ann' })
  await shown('moved-2', { version: 2, status: 'compensated' })
})

test('the command line says who could be moved, and moves them', async () => {
  await waiting('moved-3', 'moved-4')
  const look = await move('--from', '1', '--to', '2', '--dry-run')
  expect(look).toMatchObject({ code: 0, err: '' })
  expect(look.out).toMatch(/^moved-3 +running +yes$/m)
  expect(look.out).toContain('2 of version 1 live; 2 could be moved, 0 could not')
  expect(await client().show('moved-3')).toMatchObject({ version: 1 })
  const one = await move('--from', '1', '--to', '2', '--saga', 'moved-3', '--reason', 'v1 is withdrawn', '--json')
  expect(one.code).toBe(0)
  expect(JSON.parse(one.out)).toMatchObject({ live: 1, moved: 1, outcomes: [{ saga: 'moved-3', became: 'moved' }] })
  const rest = await move('--from', '1', '--to', '2', '--reason', 'v1 is withdrawn')
  expect(rest).toMatchObject({ code: 0, err: '' })
  expect(rest.out).toContain('1 of version 1 live; 1 of 1 were moved, 0 could not')
  for (const id of ['moved-3', 'moved-4']) await shown(id, { version: 2 })
})

test('it tells what would be left behind, and what the act came to', async () => {
  await waiting('moved-5')
  const look = await move('--from', '1', '--to', '3', '--dry-run', '--json')
  expect(look).toMatchObject({ code: 1 })
  expect(JSON.parse(look.out)).toMatchObject({
    live: 1,
    ready: 0,
    sagas: [
      { saga: 'moved-5', refused: { reason: 'would-orphan', message: expect.stringContaining('charge is succeeded') } },
    ],
  })
  expect(await move('--from', '1', '--to', '3')).toMatchObject({ code: 2, err: expect.stringContaining('say why') })
  expect((await move('--from', '1', '--to', '9', '--dry-run')).out).toContain('unknown-definition')
  const { ask } = await migrationOf(
    { broker: rig.broker, clock: systemClock, ids: systemIds },
    {
      ...{ prefix: 'kasaga', definition: 'moving', from: 1, to: 3, definitions: rig.definitions },
      ...{ actor: 'ann', reason: 'so', rate: 100, waitMsMax: 10_000 },
    },
  )
  const refused = { saga: 'moved-5', became: 'refused', why: expect.stringContaining('would-orphan: charge') }
  expect(await ask([{ saga: 'moved-5' as never, status: 'running' }])).toEqual([refused])
})

test('what was moved holds before the auditor, with its rows', async () => {
  const views = rig.views
  const report = await audit({ broker: rig.broker, topics, log: noLog, definitions: rig.definitions, views })
  expect(report.violations).toEqual([])
})

test('a module’s definitions are found, however it exports them', () => {
  const names = (module: object) => definitionsIn(module, 'm').all.map(({ version }) => version)
  expect(names({ first, other: [second], more: new Definitions([first, third]), n: 1 })).toEqual([1, 2, 3])
  expect(() => definitionsIn({ n: 1, none: null }, 'm')).toThrow('m exports no definition')
})
