/** The gateway's edges: bodies that are no good, headers, rates, foreign pages, listening, and what operators read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gateway } from '../../services/gateway/gateway.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Asker, expectProblem, JSON_TYPE, startOf } from '../support/gateway-asker.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let gateway: Gateway
let asker: Asker

beforeAll(async () => {
  rig = await openSystem()
  gateway = await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } })
  asker = new Asker(gateway)
  await asker.settled('order-1')
})
afterAll(() => rig?.close())

describe('bodies', () => {
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
  test.each([
    ['5,000 levels deep', `{"id":"x","definition":"fulfil","input":${deep}}`, 400, 'too-deep'],
    ['2 MB', `{"id":"x","definition":"fulfil","input":"${'a'.repeat(2_000_000)}"}`, 413, 'too-large'],
    [
      'of too many keys',
      JSON.stringify({
        id: 'x',
        definition: 'fulfil',
        input: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 1])),
      }),
      400,
      'too-many-keys',
    ],
    ['with an unknown field', JSON.stringify({ ...startOf('x'), urgency: 1 }), 400, 'invalid-request'],
    ['with a bad id', JSON.stringify(startOf('no spaces')), 400, 'invalid-request'],
    ['with an id of 201 characters', JSON.stringify(startOf('x'.repeat(201))), 400, 'invalid-request'],
    [
      'with a huge integer',
      '{"id":"x","definition":"fulfil","input":{"id":"x","cents":9007199254740993}}',
      400,
      'unsafe-integer',
    ],
    ['with __proto__', '{"id":"x","definition":"fulfil","input":{"__proto__":{"admin":true}}}', 400, 'forbidden-key'],
    [
      'with an escaped __proto__',
      '{"id":"x","definition":"fulfil","input":{"\\u005f_proto__":{}}}',
      400,
      'forbidden-key',
    ],
    ['that are not JSON', '{"id":', 400, 'not-json'],
    ['that are empty', '', 400, 'not-json'],
    ['that are an array', '[]', 400, 'invalid-request'],
  ])('%s are refused', async (_, body, status, code) => {
    expectProblem(await asker.post('/v1/sagas', body), status, code)
  })

  test('of another type are refused', async () => {
    const response = await asker.post('/v1/sagas', JSON.stringify(startOf('x')), { 'content-type': 'text/plain' })
    expectProblem(response, 415, 'unsupported-media-type')
  })

  test('that are not UTF-8 are refused', async () => {
    const payload = Buffer.from([0x7b, 0xff, 0x7d])
    const response = await gateway.app.inject({ method: 'POST', url: '/v1/sagas', payload, headers: JSON_TYPE })
    expectProblem(response, 400, 'not-utf8')
  })
})

describe('every answer', () => {
  test.each(['/', '/v1/sagas', '/v1/sagas/nobody', '/nowhere'])('of %s carries the security headers', async (url) => {
    const { headers } = await asker.get(url)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers['x-powered-by']).toBeUndefined()
  })

  test('under another host name, or a change from another site, is a refusal', async () => {
    expectProblem(await asker.get('/v1/sagas', { host: 'evil.example' }), 403, 'foreign-host')
    expectProblem(await asker.post('/v1/sagas', startOf('x'), { 'sec-fetch-site': 'cross-site' }), 403, 'foreign-site')
    for (const origin of ['http://evil.example', 'null', 'https://localhost:80'])
      expectProblem(await asker.post('/v1/sagas', startOf('x'), { origin }), 403, 'foreign-site')
    const own = await asker.post('/v1/sagas', startOf('own-origin'), {
      origin: 'http://localhost:80',
      host: 'localhost:80',
    })
    expect(own.statusCode).toBe(202)
    expect((await asker.get('/v1/sagas', { host: '[::1]:7070' })).statusCode).toBe(200)
  })

  test('past the rate is 429 with the time to wait; reads and changes are counted apart', async () => {
    const strict = await rig.gateway({ limits: { startsPerMinute: 2, readsPerMinute: 3, anonymousPerMinute: 1 } })
    const ask = (remoteAddress: string) => strict.app.inject({ method: 'GET', url: '/v1/counts', remoteAddress })
    const codes = []
    for (let i = 0; i < 4; i++) codes.push((await ask('127.0.0.1')).statusCode)
    expect(codes).toEqual([200, 200, 200, 429])
    const payload = JSON.stringify(startOf('order-1'))
    const change = await strict.app.inject({ method: 'POST', url: '/v1/sagas', payload, headers: JSON_TYPE })
    expect(change.statusCode).toBe(200)
    await ask('10.1.2.3')
    const refused = await ask('10.1.2.3')
    expectProblem(refused, 429, 'too-many-requests')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('for those who run it', () => {
  test('alive, ready, metrics, the page', async () => {
    expect((await asker.get('/healthz')).json()).toEqual({ alive: true })
    const ready = await asker.get('/readyz')
    expect(ready.json()).toMatchObject({ ready: true })
    expect(ready.json().views.length).toBeGreaterThan(0)
    const metrics = await asker.get('/metrics')
    expect(metrics.body).toMatch(/kasaga_http_requests_total\{method="GET",route="\/healthz",status="200"\} \d/)
    expect(metrics.body).toMatch(/kasaga_events_total \d/)
    expect(metrics.body).not.toContain('kasaga_undocumented_metrics_total')
    const page = await asker.get('/')
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.body).toMatch(/completed<\/th><td>[1-9]/)
    expect(page.body).not.toMatch(/<script|style=/)
    expect((await asker.get('/style.css')).headers['content-type']).toContain('text/css')
  })

  test('not ready, and no stack, when the views do not answer', async () => {
    const dead = new Proxy(rig.views.db, {
      get: () => () => {
        throw new Error('connect ECONNREFUSED views.internal:5432')
      },
    })
    const lame = await rig.gateway({ views: { db: dead, close: async () => {} } })
    const ready = await lame.app.inject({ method: 'GET', url: '/readyz' })
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toEqual({ ready: false, reasons: ['the views do not answer'], views: [] })
    const read = await lame.app.inject({ method: 'GET', url: '/v1/sagas/order-1' })
    expectProblem(read, 503, 'unavailable')
    expect(read.body).not.toContain('views.internal')
  })

  test('the OpenAPI document has every route', async () => {
    const document = (await asker.get('/openapi.json')).json()
    expect(document.openapi).toMatch(/^3\.1/)
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/readyz',
      '/v1/audit',
      '/v1/bulk',
      '/v1/bulk/preview',
      '/v1/bulk/{id}',
      '/v1/bulk/{id}/abort',
      '/v1/counts',
      '/v1/dead-letters',
      '/v1/dead-letters/ids',
      '/v1/dead-letters/redrive',
      '/v1/dead-letters/{id}',
      '/v1/dead-letters/{id}/edit',
      '/v1/dead-letters/{id}/validate',
      '/v1/definitions',
      '/v1/incidents',
      '/v1/incidents/{fingerprint}',
      '/v1/lag',
      '/v1/locks',
      '/v1/locks/{resource}',
      '/v1/locks/{resource}/free',
      '/v1/participants',
      '/v1/participants/{name}',
      '/v1/participants/{name}/limits',
      '/v1/sagas',
      '/v1/sagas/by-key/{definition}/{key}/signals/{name}',
      '/v1/sagas/{id}',
      '/v1/sagas/{id}/cancel',
      '/v1/sagas/{id}/commands',
      '/v1/sagas/{id}/edit',
      '/v1/sagas/{id}/explain',
      '/v1/sagas/{id}/fork',
      '/v1/sagas/{id}/history',
      '/v1/sagas/{id}/kill',
      '/v1/sagas/{id}/migrate',
      '/v1/sagas/{id}/pause',
      '/v1/sagas/{id}/resolve',
      '/v1/sagas/{id}/resume',
      '/v1/sagas/{id}/retry',
      '/v1/sagas/{id}/signals/{name}',
      '/v1/sagas/{id}/skip',
      '/v1/timers',
    ])
    const body = document.paths['/v1/sagas'].post.requestBody.content['application/json'].schema
    expect(body).toMatchObject({ type: 'object', additionalProperties: false })
    expect(Object.keys(document.paths['/v1/sagas'].post.responses).sort()).toEqual(['200', '202', '400', '409', '422'])
  })
})

describe('listening', () => {
  test('on a free port, and closing answers what waits', async () => {
    const own = await rig.gateway()
    const { url, port } = await own.listen({ port: 0 })
    expect(port).toBeGreaterThan(0)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const waiting = fetch(`${url}/v1/sagas/order-1?atLeast=0:999999&timeoutMs=9000`)
    await new Promise((resolve) => setTimeout(resolve, 80))
    const from = Date.now()
    await own.close()
    expect((await waiting).status).toBe(504)
    expect(Date.now() - from).toBeLessThan(3_000)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  test('where others reach it is refused without authentication', async () => {
    const own = await rig.gateway()
    await expect(own.listen({ port: 0, host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'authentication-missing',
      message: expect.stringContaining('KASAGA_INSECURE_ALLOW_ANONYMOUS=1'),
    })
  })

  test('where others reach it, when told so, warns', async () => {
    const warnings: string[] = []
    const log = { ...noLog, warn: (message: string) => warnings.push(message) }
    const own = await rig.gateway({ insecureAllowAnonymous: true, log })
    const { port } = await own.listen({ port: 0, host: '0.0.0.0' })
    expect(warnings.join()).toContain('open to anyone')
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    await own.close()
  })

  test('on an address in use says so', async () => {
    const [one, two] = [await rig.gateway(), await rig.gateway()]
    const { port } = await one.listen({ port: 0 })
    await expect(two.listen({ port })).rejects.toMatchObject({ code: 'address-unusable' })
  })
})
