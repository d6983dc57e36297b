/** Blocks, children, approvals, undos by hand and kills over a whole installation, as the gateway shows and steers them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { sagaIdOfKey } from '../../shared/message/ids.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Asker, expectProblem } from '../support/gateway-asker.ts'
import { leg, manual, tour, twins } from '../support/shapes.ts'
import { DEAR, openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

let rig: SystemRig
let asker: Asker

beforeAll(async () => {
  rig = await openSystem([leg, tour, manual, twins])
  asker = new Asker(await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } }))
})
afterAll(() => rig?.close())
beforeEach(() => {
  rig.behaviour.carrierIsDown = true
})

async function start(definition: string, id: string, cents = 100, more: object = {}) {
  const started = await asker.post('/v1/sagas', { id, definition, input: { id, cents }, ...more })
  expect(started.statusCode).toBe(202)
  return started.json().links
}

const show = async (id: string) => (await asker.get(`/v1/sagas/${id}`)).json()

/** What the views say of a saga once they say what is waited for. */
async function shown(id: string, status: string) {
  await expect.poll(async () => (await show(id)).shown, { timeout: 5_000 }).toBe(status)
  return show(id)
}

const answer = (id: string, word: string, more: object = { actor: 'ann', roles: ['boss'] }) =>
  asker.post(`/v1/sagas/${id}/signals/release`, { payload: { answer: word }, ...more })

interface Step {
  readonly step: string
  readonly direction: string
  readonly status: string
  readonly block: string | null
  readonly child: string | null
}

const stepsOf = (saga: { steps: readonly Step[] }) =>
  new Map(saga.steps.map((step) => [`${step.direction === 'forward' ? '' : 'undo '}${step.step}`, step]))

describe('a saga with a priority', () => {
  test('shows it, gives it to its child, and is found by it', async () => {
    const { result } = await start('tour', 'tour-first', 100, { priority: 9 })
    await shown('tour-first', 'waiting')
    await answer('tour-first', 'yes')
    const saga = (await asker.get(result)).json()
    expect(saga).toMatchObject({ status: 'completed', priority: 9 })
    const childId = stepsOf(saga).get('parts[goods].leg')?.child ?? 'none'
    expect(await show(childId)).toMatchObject({ priority: 9, parent: { saga: 'tour-first' } })
    const { sagas } = (await asker.get('/v1/sagas?priority=9')).json()
    expect(sagas.map(({ id }: { id: string }) => id).sort()).toEqual(['tour-first', childId].sort())
    expectProblem(await asker.get('/v1/sagas?priority=10'), 400, 'invalid-request')
  })

  test('has the usual one where nothing is said, and none that there is not', async () => {
    await start('tour', 'tour-usual')
    await shown('tour-usual', 'waiting')
    expect(await show('tour-usual')).toMatchObject({ priority: 5 })
    const input = { id: 'tour-none', cents: 1 }
    for (const priority of [10, -1, 0.5, '9']) {
      const answer = await asker.post('/v1/sagas', { id: 'tour-none', definition: 'tour', input, priority })
      expectProblem(answer, 400, 'invalid-request')
    }
  })
})

describe('a saga with parts at once', () => {
  test('shows its block, its branches’ steps by their paths, and its child, which names its parent', async () => {
    const { result } = await start('tour', 'tour-1')
    await shown('tour-1', 'waiting')
    await answer('tour-1', 'yes')
    const saga = (await asker.get(result)).json()
    expect(saga).toMatchObject({ status: 'completed', parent: null, incident: null, parked: [] })
    const steps = stepsOf(saga)
    expect(steps.get('parts')).toMatchObject({ status: 'succeeded', block: 'parallel' })
    expect(steps.get('parts[money].charge')).toMatchObject({ status: 'succeeded', child: null })
    const childId = steps.get('parts[goods].leg')?.child ?? 'none'
    expect(await show(childId)).toMatchObject({
      definition: 'leg',
      status: 'completed',
      parent: { saga: 'tour-1', step: 'parts[goods].leg' },
    })
  })

  test('takes no answer from one who has not the role, nor one that is none', async () => {
    await start('tour', 'tour-2')
    await shown('tour-2', 'waiting')
    await answer('tour-2', 'yes', { actor: 'bo', roles: ['clerk'] })
    await answer('tour-2', 'yes', {})
    await answer('tour-2', 'perhaps')
    const { links } = (await answer('tour-2', 'no')).json()
    const saga = (await asker.get(links.result)).json()
    expect(saga).toMatchObject({ shown: 'compensated', cause: { step: 'release' } })
    const { events } = (await asker.get('/v1/sagas/tour-2/history')).json()
    const answers = events.filter((event: { type: string }) => event.type === 'signal-received')
    expect(answers).toHaveLength(1)
    const steps = stepsOf(saga)
    expect(steps.get('undo parts[money].charge')).toMatchObject({ status: 'succeeded' })
    const child = await shown(steps.get('parts[goods].leg')?.child ?? 'none', 'compensated')
    expect(child).toMatchObject({ cause: { kind: 'parent' }, endedAt: expect.any(String) })
  })

  test('turns back whole when one of them is refused', async () => {
    const { result } = await start('tour', 'tour-3', DEAR)
    const saga = (await asker.get(result)).json()
    expect(saga).toMatchObject({ status: 'compensated', cause: { step: 'parts[money].charge', code: 'card-declined' } })
    expect(stepsOf(saga).get('parts')).toMatchObject({ status: 'left' })
  })

  test('with two steps parked is stuck until both go on', async () => {
    const { result } = await start('twins', 'lost-twins')
    await expect.poll(async () => (await show('lost-twins')).parked.length, { timeout: 5_000 }).toBe(2)
    const stuck = (await asker.get(result)).json()
    expect(stuck).toMatchObject({ status: 'stuck', stuck: { code: 'no-address' } })
    const parked = stuck.parked.map(({ step }: Step) => step).sort()
    expect(parked).toEqual(['tell[receiver].notify', 'tell[sender].notify'])
    rig.behaviour.carrierIsDown = false
    const retried = await asker.post('/v1/sagas/lost-twins/retry', { reason: 'address found', actor: 'ann' })
    expect((await asker.get(retried.json().links.result)).json()).toMatchObject({ status: 'completed', parked: [] })
  })
})

describe('acts about single steps', () => {
  test('try one step again, take another as done, and the saga ends', async () => {
    rig.behaviour.carrierIsDown = true
    await start('twins', 'lost-mended')
    await expect.poll(async () => (await show('lost-mended')).parked.length, { timeout: 5_000 }).toBe(2)
    const act = (kind: string, body: object) =>
      asker.post(`/v1/sagas/lost-mended/${kind}`, { reason: 'so', actor: 'ann', ...body })
    const early = await act('resolve', { step: 'tell[sender].notify', as: 'failed' })
    expect(early.statusCode).toBe(202)
    const skipped = await act('skip', { step: 'tell[sender].notify', output: null })
    const left = (await asker.get(skipped.json().links.result)).json()
    expect(left.parked.map(({ step }: Step) => step)).toEqual(['tell[receiver].notify'])
    expect(stepsOf(left).get('tell[sender].notify')).toMatchObject({ status: 'resolved' })
    rig.behaviour.carrierIsDown = false
    const retried = await act('retry', { step: 'tell[receiver].notify' })
    expect((await asker.get(retried.json().links.result)).json()).toMatchObject({ status: 'completed', parked: [] })
  })
})

describe('a pause', () => {
  test('takes a signal, and goes on from it on resume', async () => {
    await start('manual', 'manual-paused')
    await shown('manual-paused', 'waiting')
    const paused = await asker.post('/v1/sagas/manual-paused/pause', { reason: 'so', actor: 'ann', timers: 'run' })
    expect((await asker.get(paused.json().links.result)).json()).toMatchObject({ status: 'paused', shown: 'paused' })
    expect((await asker.get('/v1/sagas?status=paused')).json().sagas).toHaveLength(1)
    expect((await asker.get('/v1/counts')).json().counts.paused).toBe(1)
    await answer('manual-paused', 'yes')
    const resumed = await asker.post('/v1/sagas/manual-paused/resume', { reason: 'so', actor: 'ann' })
    expect((await asker.get(resumed.json().links.result)).json()).toMatchObject({ status: 'completed' })
  })
})

describe('an undo by hand', () => {
  test('waits for a person to say that it is done', async () => {
    await start('manual', 'manual-1')
    await shown('manual-1', 'waiting')
    const { links } = (await answer('manual-1', 'no')).json()
    const stuck = (await asker.get(links.result)).json()
    expect(stuck).toMatchObject({ status: 'stuck', stuck: { step: 'charge', code: 'undo-by-hand' } })
    const other = await asker.post('/v1/sagas/manual-1/resolve', { step: 'nothing', reason: 'x', actor: 'ann' })
    expect(other.statusCode).toBe(202)
    const resolved = await asker.post('/v1/sagas/manual-1/resolve', {
      step: 'charge',
      reason: 'refunded',
      actor: 'ann',
    })
    const saga = (await asker.get(resolved.json().links.result)).json()
    expect(saga).toMatchObject({ status: 'compensated', stuck: null })
    expect(stepsOf(saga).get('undo charge')).toMatchObject({ status: 'resolved' })
  })
})

describe('a kill', () => {
  test('ends a saga as it is, is shown as what it is, and is counted', async () => {
    await start('manual', 'manual-2')
    await shown('manual-2', 'waiting')
    const killed = await asker.post('/v1/sagas/manual-2/kill', { reason: 'nobody will ever answer', actor: 'ann' })
    const saga = (await asker.get(killed.json().links.result)).json()
    expect(saga).toMatchObject({
      status: 'failed',
      shown: 'failed',
      incident: { kind: 'killed', actor: 'ann', reason: 'nobody will ever answer' },
      endedAt: expect.any(String),
    })
    expect(stepsOf(saga).get('release')).toMatchObject({ status: 'left' })
    expect((await asker.get('/v1/sagas?status=failed')).json().sagas).toHaveLength(1)
    expect((await asker.get('/v1/counts')).json().counts.failed).toBe(1)
    expect((await asker.get('/metrics')).body).toMatch(/^kasaga_sagas_killed_total 1$/m)
    expectProblem(await asker.post('/v1/sagas/manual-2/kill', { reason: 'again' }), 409, 'saga-ended')
  })

  test.each([
    ['kill', { reason: ' ' }],
    ['kill', {}],
    ['resolve', { reason: 'x' }],
    ['resolve', { reason: 'x', step: 'two words' }],
    ['resolve', { reason: 'x', step: 'charge', as: 'perhaps' }],
    ['retry', { reason: 'x', step: 'two words' }],
    ['skip', { reason: 'x' }],
    ['pause', { reason: 'x', timers: 'stop' }],
    ['resume', {}],
    ['skip', { reason: 'x', step: 'charge', notDone: 'no' }],
    ['edit', { reason: 'x', payload: 1 }],
    ['signals/release', { roles: ['two words'] }],
    ['signals/release', { roles: Array(21).fill('r') }],
  ])('%s with %j is refused', async (path, body) => {
    expectProblem(await asker.post(`/v1/sagas/manual-3/${path}`, body), 400, 'invalid-request')
  })
})

describe('a fork', () => {
  const act = { reason: 'once more', actor: 'ann' }

  test('goes on from a step with what its origin did, and shows where it comes from', async () => {
    await start('tour', 'forked-1')
    await shown('forked-1', 'waiting')
    const forked = await asker.post('/v1/sagas/forked-1/fork', { ...act, step: 'release', fork: 'fork-1' })
    expect(forked.statusCode).toBe(202)
    expect(forked.json()).toMatchObject({ id: 'forked-1', fork: 'fork-1', links: { self: '/v1/sagas/fork-1' } })
    await expect.poll(async () => (await show('fork-1')).shown, { timeout: 5_000 }).toBe('waiting')
    const fork = await show('fork-1')
    expect(fork).toMatchObject({ origin: { saga: 'forked-1', step: 'release' }, parent: null, version: 1 })
    expect(stepsOf(fork).get('parts')).toMatchObject({ status: 'given' })
    // It turns back alone: what its origin charged is its origin's.
    await answer('fork-1', 'no')
    await shown('fork-1', 'compensated')
    expect([...stepsOf(await show('fork-1')).keys()]).toEqual(['parts', 'release'])
    await answer('forked-1', 'yes')
    await shown('forked-1', 'completed')
    expect((await show('forked-1')).origin).toBeNull()
  })

  test('has an id of its own where none is given: the same for the same request', async () => {
    await start('manual', 'forked-2')
    await shown('forked-2', 'waiting')
    const ask = () => asker.post('/v1/sagas/forked-2/fork', { ...act, step: 'charge' }, { 'idempotency-key': 'once' })
    const first = (await ask()).json()
    expect(first.fork).toMatch(/^fork-[0-9a-f]{32}$/)
    await shown(first.fork, 'waiting')
    expect((await ask()).json().fork).toBe(first.fork)
  })

  test('of a saga that is not there, or under an id that is taken, is refused', async () => {
    await start('manual', 'forked-3')
    await shown('forked-3', 'waiting')
    const body = { ...act, step: 'charge' }
    expectProblem(await asker.post('/v1/sagas/nobody/fork', body), 404, 'unknown-saga')
    expectProblem(await asker.post('/v1/sagas/forked-3/fork', { ...body, fork: 'forked-3' }), 409, 'start-conflict')
    expectProblem(await asker.post('/v1/sagas/forked-3/fork', { ...body, step: 'a[0].b' }), 400, 'invalid-request')
  })
})

describe('a business key', () => {
  test('stands for the saga’s id, at its start and for its signals', async () => {
    const key = 'order 4711/ä'
    const input = { id: 'x', cents: 1 }
    const started = await asker.post('/v1/sagas', { key, definition: 'manual', input })
    expect(started.json().id).toBe(sagaIdOfKey('manual', key))
    expect((await asker.post('/v1/sagas', { key, definition: 'manual', input })).statusCode).toBeLessThan(300)
    await shown(started.json().id, 'waiting')
    const url = `/v1/sagas/by-key/manual/${encodeURIComponent(key)}/signals/release`
    const said = await asker.post(url, { payload: { answer: 'yes' }, actor: 'ann', roles: ['boss'] })
    expect(said.json().id).toBe(started.json().id)
    expect((await asker.get(said.json().links.result)).json()).toMatchObject({ status: 'completed' })
  })

  test('that makes no id, or comes with one, is refused', async () => {
    const body = { definition: 'manual', input: { id: 'x', cents: 1 } }
    expectProblem(await asker.post('/v1/sagas', { ...body, key: 'ä'.repeat(60) }), 400, 'invalid-request')
    expectProblem(await asker.post('/v1/sagas', { ...body, key: 'k', id: 'i' }), 400, 'invalid-request')
    expectProblem(await asker.post('/v1/sagas', body), 400, 'invalid-request')
    expectProblem(await asker.post('/v1/sagas/by-key/manual/nobody/signals/go', {}), 404, 'unknown-saga')
  })
})

test('the auditor finds all of it in order, and the views as the log says', async () => {
  const { broker, views, definitions } = rig
  const report = await audit({ broker, topics: TOPICS, views, definitions, commands: true, log: noLog })
  expect(report.violations).toEqual([])
})
