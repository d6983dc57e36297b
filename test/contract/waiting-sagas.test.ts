/** Sagas that compute, skip, wait for a signal and sleep, over a whole installation. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Asker } from '../support/gateway-asker.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

let rig: SystemRig
let asker: Asker

beforeAll(async () => {
  rig = await openSystem()
  asker = new Asker(await rig.gateway())
})
afterAll(() => rig?.close())

async function start(id: string, cents: number) {
  const started = await asker.post('/v1/sagas', { id, definition: 'approved', input: { id, cents } })
  expect(started.statusCode).toBe(202)
  return started.json()
}

/** What the views say of a saga, once they say what is waited for. */
async function seen(id: string, what: (saga: { shown: string }) => boolean) {
  return expect.poll(async () => (await asker.get(`/v1/sagas/${id}`)).json(), { timeout: 5_000 }).toSatisfy(what)
}

async function statuses(id: string): Promise<Record<string, string>> {
  const { steps } = (await asker.get(`/v1/sagas/${id}`)).json()
  return Object.fromEntries(steps.map((step: { step: string; status: string }) => [step.step, step.status]))
}

const approve = (id: string, requestId: string, payload: unknown = { by: 'ann' }) =>
  asker.post(`/v1/sagas/${id}/signals/approval`, { payload }, { 'idempotency-key': requestId })

test('a dear order waits for its approval, which is shown, and goes on with it', async () => {
  const { links } = await start('dear-1', 500)
  await seen('dear-1', ({ shown }) => shown === 'waiting')
  const waiting = (await asker.get('/v1/sagas/dear-1')).json()
  expect(waiting.current).toMatchObject({ step: 'ok', awaits: 'approval' })
  await approve('dear-1', 'a-1')
  const ended = (await asker.get(links.result)).json()
  expect(ended).toMatchObject({ shown: 'completed' })
  expect(await statuses('dear-1')).toEqual({
    isDear: 'succeeded',
    ok: 'succeeded',
    settle: 'succeeded',
    charge: 'succeeded',
  })
  const { events } = (await asker.get(links.history)).json()
  expect(events.at(-1)).toMatchObject({ type: 'saga-completed', data: { output: { approvedBy: 'ann' } } })
})

test('a cheap one skips the wait', async () => {
  const { links } = await start('cheap-1', 50)
  expect((await asker.get(links.result)).json()).toMatchObject({ shown: 'completed' })
  expect(await statuses('cheap-1')).toMatchObject({ ok: 'skipped', charge: 'succeeded' })
})

test('a cancel while it waits undoes what was done, which is nothing', async () => {
  await start('dear-2', 500)
  await seen('dear-2', ({ shown }) => shown === 'waiting')
  await asker.post('/v1/sagas/dear-2/cancel', { reason: 'changed my mind' })
  await seen('dear-2', ({ shown }) => shown === 'cancelled')
})

test('a signal with a payload that does not fit is a dead letter, and the saga waits on', async () => {
  const { links } = await start('dear-3', 500)
  await seen('dear-3', ({ shown }) => shown === 'waiting')
  await approve('dear-3', 'a-3', { by: 7 })
  await expect
    .poll(async () => (await rig.broker.offsets(TOPICS.deadLetters)).reduce((sum, { end }) => sum + end, 0n))
    .toBe(1n)
  expect((await asker.get('/v1/sagas/dear-3')).json()).toMatchObject({ shown: 'waiting' })
  await approve('dear-3', 'a-4')
  expect((await asker.get(links.result)).json()).toMatchObject({ shown: 'completed' })
})

test('the auditor finds all of it in order, with a saga that waits for ever among them', async () => {
  await start('dear-4', 500)
  await seen('dear-4', ({ shown }) => shown === 'waiting')
  const { broker, views, definitions } = rig
  const atRest = { now: Date.now() }
  const report = await audit({ broker, topics: TOPICS, views, definitions, commands: true, atRest, log: noLog })
  expect(report.violations).toEqual([])
  expect(report.sagas).toMatchObject({ total: 5, completed: 3, compensated: 1, running: 1 })
})
