/** Sagas that ask for locks, over a whole installation: what is shown of them, and a person who takes one away. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { audit } from '../../services/auditor/audit.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { saga, signal } from '../../shared/saga/builder.ts'
import { cliOf } from '../support/cli-runner.ts'
import { stock } from '../support/fulfil.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

const input = z.object({ sku: z.string() })
/** Holds its lock until it is told to go on. */
const picking = saga('picking', { version: 1, input })
  .lock('shelf', ({ input }) => `sku:${input.sku}`)
  .waitFor('picked', signal('picked', z.object({})))
  .step('take', stock.reserve, ({ shelf }) => ({ orderId: `token ${shelf.token}` }))
  .output(({ shelf }) => shelf)

let rig: SystemRig
let url = ''

beforeAll(async () => {
  rig = await openSystem([picking])
  url = (await (await rig.gateway()).listen({ port: 0 })).url
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)
const start = (id: string, sku: string) => kasaga(['start', 'picking', '--id', id, '--input', JSON.stringify({ sku })])
const picked = (id: string) => kasaga(['signal', id, 'picked', '--payload', '{}'])

async function says(args: readonly string[], words: string | RegExp): Promise<string> {
  await expect.poll(async () => (await kasaga(args)).out, { timeout: 5_000 }).toMatch(words)
  return (await kasaga(args)).out
}

test('a saga that waits for a lock says for which, and who holds it', async () => {
  await start('a', '1')
  await says(['show', 'a'], 'picked')
  await start('b', '1')
  expect(await says(['show', 'b'], 'waits for lock')).toMatch(/waits for lock sku:1, held by a \(/)
  expect(await says(['locks'], /sku:1 .*b \(/)).toMatch(/^sku:1 +1 +a \([^)]+\) +b \([^)]+\)$/m)
  expect(await says(['locks', 'sku:1'], /holds +a/)).toMatch(/^holds +a +shelf +.* +token 1$/m)
  const { steps } = JSON.parse((await kasaga(['show', 'b', '--json'])).out)
  expect(steps[0]).toMatchObject({ step: 'shelf', lock: { resource: 'sku:1', holders: [{ saga: 'a' }] } })
})

test('it goes on when the one before it has ended, under the next token', async () => {
  await picked('a')
  await says(['show', 'a'], 'completed')
  await says(['show', 'b'], 'picked')
  await picked('b')
  await says(['show', 'b'], 'completed')
  const { events } = JSON.parse((await kasaga(['history', 'b', '--json'])).out)
  expect(events.at(-1)).toMatchObject({ type: 'saga-completed', data: { output: { token: 2 }, frees: ['sku:1'] } })
  await expect.poll(async () => (await kasaga(['locks'])).err).toBe('No saga holds a lock or waits for one.\n')
  expect((await kasaga(['locks', 'sku:1'])).out).toContain('nobody holds it, nobody waits')
})

test('a person takes it away, with a reason, and the next saga has it', async () => {
  await start('c', '2')
  await says(['show', 'c'], 'picked')
  await start('d', '2')
  await says(['locks', 'sku:2'], /waits +d/)
  const freed = await kasaga(['locks', 'free', 'sku:2', '--saga', 'c', '--reason', 'it hangs', '--actor', 'ann'])
  expect(freed).toMatchObject({ code: 0, err: '' })
  await says(['locks', 'sku:2'], /holds +d +shelf +.* +token 2/)
  expect((await kasaga(['locks', 'free', 'sku:2', '--saga', 'c', '--reason', ' '])).code).toBe(1)
  expect((await kasaga(['locks', 'free', 'nothing', '--saga', 'c', '--reason', 'x'])).err).toContain(
    'no saga has asked',
  )
  for (const id of ['c', 'd']) {
    await picked(id)
    await says(['show', id], 'completed')
  }
})

test('no saga is started under the id of a lock', async () => {
  const refused = await start('lock:sku:1', '1')
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('does not begin with lock:')
})

test('the auditor finds all of it in order, and all locks free', async () => {
  await expect.poll(async () => (await kasaga(['locks'])).err).toBe('No saga holds a lock or waits for one.\n')
  const { broker, views, definitions } = rig
  const atRest = { now: Date.now() }
  const report = await audit({ broker, topics: TOPICS, views, definitions, commands: true, atRest, log: noLog })
  expect(report.violations).toEqual([])
  expect(report.checked).toContainEqual({ id: 'S25', over: 2, of: 'locks' })
  expect(report.sagas).toMatchObject({ total: 4, completed: 4 })
})
