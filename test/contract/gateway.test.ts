/** The gateway over a whole installation: starting, reading, steering, and each refusal of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OperationalError } from '../../shared/message/errors.ts'
import { Asker, expectProblem, JSON_TYPE, startOf } from '../support/gateway-asker.ts'
import { DEAR, openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let asker: Asker

beforeAll(async () => {
  rig = await openSystem()
  asker = new Asker(await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } }))
})
afterAll(() => rig?.close())

describe('a start', () => {
  test('is taken with its place in the log, and its result can be waited for', async () => {
    const started = await asker.post('/v1/sagas', startOf('order-1'))
    expect(started.statusCode).toBe(202)
    expect(started.json()).toMatchObject({ id: 'order-1', place: { topic: 'kasaga.commands' } })
    const result = await asker.get(started.json().links.result)
    expect(result.json()).toMatchObject({
      id: 'order-1',
      status: 'completed',
      shown: 'completed',
      definition: 'fulfil',
    })
    expect(result.json().steps.map((step: { step: string }) => step.step)).toEqual([
      'stock',
      'charge',
      'ship',
      'notify',
    ])
  })

  test('again with the same input is the same saga, also after the gateway has forgotten', async () => {
    await asker.settled('order-2')
    const again = await asker.post('/v1/sagas', {
      definition: 'fulfil',
      input: { cents: 100, id: 'order-2' },
      id: 'order-2',
    })
    expect(again.statusCode).toBe(200)
    const other = await rig.gateway()
    const payload = JSON.stringify(startOf('order-2'))
    const elsewhere = await other.app.inject({ method: 'POST', url: '/v1/sagas', payload, headers: JSON_TYPE })
    expect(elsewhere.statusCode).toBe(200)
    const conflict = await other.app.inject({
      method: 'POST',
      url: '/v1/sagas',
      payload: JSON.stringify(startOf('order-2', 5)),
      headers: JSON_TYPE,
    })
    expectProblem(conflict, 409, 'start-conflict')
  })

  test('with another input is refused at once, before any view shows the first', async () => {
    const [first, second] = await Promise.all([
      asker.post('/v1/sagas', startOf('order-3', 1)),
      asker.post('/v1/sagas', startOf('order-3', 2)),
    ])
    expect([first.statusCode, second.statusCode].sort()).toEqual([202, 409])
  })

  test('of an unknown definition, or version, is refused', async () => {
    expectProblem(await asker.post('/v1/sagas', { id: 'x', definition: 'nope', input: {} }), 422, 'unknown-definition')
    expectProblem(await asker.post('/v1/sagas', { ...startOf('x'), version: 9 }), 422, 'unknown-definition')
  })

  test('with an input that does not fit says what does not', async () => {
    const body = expectProblem(
      await asker.post('/v1/sagas', { id: 'x', definition: 'fulfil', input: { id: 'x', cents: 'many' } }),
      422,
      'invalid-input',
    )
    expect(body.issues[0].path).toEqual(['cents'])
    expect((await asker.get('/v1/sagas/x')).statusCode).toBe(404)
  })

  test('that the log does not take is not remembered', async () => {
    const down = {
      ...rig.client,
      send: () =>
        Promise.reject(new OperationalError('broker-down', 'host-17 is down', { where: 'kafka', retriable: true })),
    }
    const broken = await rig.gateway({ client: down })
    const request = { method: 'POST', url: '/v1/sagas', headers: JSON_TYPE } as const
    for (const cents of [1, 2]) {
      const response = await broken.app.inject({ ...request, payload: JSON.stringify(startOf('order-4', cents)) })
      expectProblem(response, 503, 'unavailable')
      expect(response.headers['retry-after']).toBeDefined()
      expect(response.body).not.toContain('host-17')
    }
  })

  test.each(['log-full', 'payload-store-full'])(
    'that finds no room (%s) was not stored, and is told when to ask again',
    async (code) => {
      const full = new OperationalError(code, '/data-17 is full', { where: 'disk', retriable: true })
      const broken = await rig.gateway({ client: { ...rig.client, send: () => Promise.reject(full) } })
      const payload = JSON.stringify(startOf('order-5', 1))
      const response = await broken.app.inject({ method: 'POST', url: '/v1/sagas', headers: JSON_TYPE, payload })
      expectProblem(response, 507, 'no-room')
      expect(response.headers['retry-after']).toBeDefined()
      expect(response.body).not.toContain('data-17')
    },
  )
})

describe('reads', () => {
  test('list newest first, by pages, filtered', async () => {
    for (const id of ['list-a', 'list-b', 'list-c']) await asker.settled(id)
    const first = (await asker.get('/v1/sagas?idPrefix=list-&limit=2')).json()
    expect(first.sagas.map((saga: { id: string }) => saga.id)).toEqual(['list-c', 'list-b'])
    const second = (await asker.get(`/v1/sagas?idPrefix=list-&limit=2&after=${encodeURIComponent(first.next)}`)).json()
    expect(second.sagas.map((saga: { id: string }) => saga.id)).toEqual(['list-a'])
    expect(second.next).toBeNull()
    expect((await asker.get('/v1/sagas?idPrefix=list-&status=stuck')).json().sagas).toEqual([])
    expect((await asker.get('/v1/sagas?idPrefix=list-&definition=other')).json().sagas).toEqual([])
  })

  test.each(['limit=201', 'limit=0', 'limit=x', 'status=odd', 'after=1;drop', 'colour=red', 'idPrefix=%25'])(
    'of a list with %s are refused',
    async (query) => {
      expectProblem(await asker.get(`/v1/sagas?${query}`), 400, 'invalid-request')
    },
  )

  test.each(['atLeast=1', 'atLeast=a:b', 'until=never', 'timeoutMs=14001', 'timeoutMs=0'])(
    'of a saga with %s are refused',
    async (query) => {
      expectProblem(await asker.get(`/v1/sagas/order-1?${query}`), 400, 'invalid-request')
    },
  )

  test('of a saga that is not there, or cannot be', async () => {
    expectProblem(await asker.get('/v1/sagas/nobody'), 404, 'unknown-saga')
    expectProblem(await asker.get('/v1/sagas/nobody/history'), 404, 'unknown-saga')
    expectProblem(await asker.get(`/v1/sagas/${encodeURIComponent("x' or 1=1")}`), 400, 'invalid-request')
    expectProblem(await asker.get(`/v1/sagas/${'x'.repeat(700)}`), 414, 'path-too-long')
    expectProblem(await asker.get('/v1/sagas/%zz'), 400, 'invalid-request')
    expectProblem(await asker.get('/v2/sagas'), 404, 'no-such-route')
  })

  test('tell how far behind the view is when it does not come far enough in time', async () => {
    const response = await asker.get('/v1/sagas/order-1?atLeast=0:999999&timeoutMs=60')
    const body = expectProblem(response, 504, 'view-behind')
    expect(body.lag).toMatchObject({ partition: 0, wanted: '999999' })
  })

  test('that wait until the end answer the saga as it is when the time is over', async () => {
    const started = await asker.post('/v1/sagas', startOf('held-1'))
    const { partition, offset } = started.json().place
    const response = await asker.get(`/v1/sagas/held-1?atLeast=${partition}:${offset}&until=ended&timeoutMs=400`)
    rig.behaviour.release()
    expect(response.json()).toMatchObject({ status: 'running', current: { step: 'stock', attempt: 1 } })
  })

  test('of a history give every event its place, by pages', async () => {
    await asker.settled('order-5')
    const all = (await asker.get('/v1/sagas/order-5/history')).json()
    expect(all.events[0]).toMatchObject({ seq: 1, type: 'saga-started', place: { topic: 'kasaga.events' } })
    expect(all.events.map((event: { seq: number }) => event.seq)).toEqual(
      all.events.map((_: unknown, i: number) => i + 1),
    )
    expect(all.events.at(-1).type).toBe('saga-completed')
    const rest = (await asker.get('/v1/sagas/order-5/history?after=2&limit=2')).json()
    expect(rest.events.map((event: { seq: number }) => event.seq)).toEqual([3, 4])
    expect(rest.next).toBe(4)
  })

  test('of counts agree with the list', async () => {
    await asker.settled('dear-1', DEAR)
    const { counts, total } = (await asker.get('/v1/counts')).json()
    const listed = (await asker.get('/v1/sagas?limit=200')).json().sagas
    expect(total).toBe(listed.length)
    expect(counts.compensated).toBe(listed.filter((saga: { status: string }) => saga.status === 'compensated').length)
  })
})

describe('acts', () => {
  test('a saga that the bank declined is compensated, and says why', async () => {
    const saga = await asker.settled('dear-2', DEAR)
    expect(saga).toMatchObject({
      shown: 'compensated',
      cause: { kind: 'rejected', step: 'charge', code: 'card-declined' },
    })
    expectProblem(await asker.post('/v1/sagas/dear-2/cancel', { reason: 'late' }), 409, 'saga-ended')
  })

  test('a stuck saga says where and why, and a retry carries it on', async () => {
    rig.behaviour.carrierIsDown = true
    const stuck = await asker.settled('lost-1')
    expect(stuck).toMatchObject({ status: 'stuck', shown: 'stuck', stuck: { step: 'notify', code: 'no-address' } })
    rig.behaviour.carrierIsDown = false
    const retried = await asker.post('/v1/sagas/lost-1/retry', { reason: 'address found', actor: 'ann' })
    expect(retried.statusCode).toBe(202)
    expect((await asker.get(retried.json().links.result)).json().status).toBe('completed')
    const events = (await asker.get('/v1/sagas/lost-1/history')).json().events
    expect(events.find((event: { type: string }) => event.type === 'retry-requested').data).toMatchObject({
      actor: 'ann',
    })
  })

  test('a cancel turns a running saga back, and is shown as what it was', async () => {
    await asker.post('/v1/sagas', startOf('held-2'))
    const cancelled = await asker.post(
      '/v1/sagas/held-2/cancel',
      { reason: 'changed my mind' },
      { 'idempotency-key': 'act-7' },
    )
    expect(cancelled.json()).toMatchObject({ id: 'held-2', requestId: 'act-7' })
    rig.behaviour.release()
    const saga = (await asker.get(cancelled.json().links.result)).json()
    expect(saga).toMatchObject({ status: 'compensated', shown: 'cancelled', cause: { kind: 'cancelled' } })
  })

  test('a signal is kept once under its request id', async () => {
    rig.behaviour.carrierIsDown = true
    await asker.settled('lost-2')
    const send = () =>
      asker.post('/v1/sagas/lost-2/signals/approved', { payload: { by: 'bo' } }, { 'idempotency-key': 'sig-1' })
    await send()
    const last = await send()
    await asker.get(last.json().links.result)
    const events = (await asker.get('/v1/sagas/lost-2/history')).json().events
    const signals = events.filter((event: { type: string }) => event.type === 'signal-received')
    expect(signals.map((event: { data: unknown }) => event.data)).toEqual([
      { name: 'approved', payload: { by: 'bo' }, requestId: 'sig-1' },
    ])
  })

  test.each([
    ['cancel', { reason: '' }, 400, 'invalid-request'],
    ['cancel', {}, 400, 'invalid-request'],
    ['retry', { reason: 'x', force: true }, 400, 'invalid-request'],
    ['retry', { reason: 'x', actor: 'y'.repeat(201) }, 400, 'invalid-request'],
    ['signals/two%20words', {}, 400, 'invalid-request'],
    ['signals/go', { payload: 1, extra: 2 }, 400, 'invalid-request'],
  ])('%s with %j is refused', async (path, body, status, code) => {
    expectProblem(await asker.post(`/v1/sagas/order-1/${path}`, body), status, code)
  })

  test('on a saga that is not there is refused', async () => {
    expectProblem(await asker.post('/v1/sagas/nobody/cancel', { reason: 'x' }), 404, 'unknown-saga')
    expectProblem(await asker.post('/v1/sagas/nobody/retry', { reason: 'x' }), 404, 'unknown-saga')
    expectProblem(await asker.post('/v1/sagas/nobody/signals/go', {}), 404, 'unknown-saga')
  })

  test('with a request id that is none is refused', async () => {
    const response = await asker.post('/v1/sagas', startOf('order-9'), { 'idempotency-key': 'two words' })
    expectProblem(response, 400, 'invalid-request')
  })
})
