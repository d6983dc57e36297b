/** The gateway on a socket: what only bytes can do wrong, and what is answered to it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Log, noLog } from '../../shared/ports/telemetry.ts'
import { answersIn, KeptConnection, requestBytes, sendPieces, type WireRequest } from '../support/fuzz/wire-http.ts'
import { startOf } from '../support/gateway-asker.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let port: number
const errors: string[] = []
const log: Log = { ...noLog, error: (message, { error } = {}) => errors.push(`${message}: ${error}`), with: () => log }

beforeAll(async () => {
  rig = await openSystem()
  const gateway = await rig.gateway({ log })
  port = (await gateway.listen({ port: 0 })).port
})
afterAll(() => rig?.close())

const HOST = ['host', 'localhost'] as const
const get = (target: string, method = 'GET'): WireRequest => ({ method, target, headers: [HOST], body: undefined })
const start = (id: string): WireRequest => ({
  method: 'POST',
  target: '/v1/sagas',
  headers: [HOST, ['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(startOf(id))),
})

async function ask(request: WireRequest) {
  const connection = new KeptConnection(port)
  try {
    const [answer] = await connection.exchange([request])
    if (!answer) throw new Error('no answer')
    return answer
  } finally {
    connection.close()
  }
}

test('what is no request, behind one that is: the first is answered as if it were alone, then the connection ends', async () => {
  const answers = await sendPieces(
    port,
    [Buffer.concat([requestBytes(start('wire-1')), Buffer.from('nonsense\r\n\r\n')])],
    'wait',
  )
  expect(answers.map(({ status }) => status)).toEqual([202, 400])
  expect(JSON.parse(answers[1]?.body ?? '')).toMatchObject({ code: 'invalid-request', id: expect.any(String) })
  expect(answers[1]?.headers.get('content-type')).toBe('application/problem+json')
})

/** Sends requests and junk behind them, and reads no answer before all of it is sent. */
async function readLate(pieces: readonly Buffer[]) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  socket.pause()
  for (const piece of pieces) {
    socket.write(piece)
    await sleep(10)
  }
  const came: Buffer[] = []
  socket.on('data', (bytes) => came.push(bytes)).resume()
  await closed
  return answersIn(Buffer.concat(came)).map(({ status }) => status)
}

const LARGE = Array.from({ length: 20 }, () => requestBytes(get('/openapi.json')))
const JUNK = Array.from({ length: 20 }, () => Buffer.alloc(64 * 1024, 'x'))

test.each([
  ['what is no request', Buffer.from('nonsense\r\n\r\n'), 400],
  ['a body that is too large', requestBytes({ ...start('wire-3'), body: Buffer.alloc(2_000_000) }), 413],
])('answers that are due reach a caller who reads late, behind them %s and more', async (_, last, status) => {
  expect(await readLate([Buffer.concat([...LARGE, last]), ...JUNK])).toEqual([...LARGE.map(() => 200), status])
})

test('what comes behind the last answer of a connection is not carried out', async () => {
  const tooLarge = requestBytes({ ...start('wire-4'), body: Buffer.alloc(300_000) })
  expect(await readLate([tooLarge, requestBytes(start('wire-5'))])).toEqual([413])
  expect((await ask(get('/v1/sagas/wire-5'))).status).toBe(404)
})

test('headers that are too large are refused with a problem', async () => {
  const large = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`
  const [answer] = await sendPieces(port, [Buffer.from(large)], 'wait')
  expect([answer?.status, JSON.parse(answer?.body ?? '').code]).toEqual([431, 'headers-too-large'])
})

test.each([
  ['a path that is no URL', get('/v1/sagas/%zz'), 400, 'invalid-request'],
  ['a part of the path that is too long', get(`/v1/sagas/${'x'.repeat(900)}`), 414, 'path-too-long'],
  ['a method that wants a content type, without one', get('/v1/sagas', 'QUERY'), 415, 'unsupported-media-type'],
  ['a definition that no view can hold', get('/v1/sagas?definition=%00'), 400, 'invalid-request'],
])('%s is the caller’s to mend, under the headers of every answer', async (_, request, status, code) => {
  const { body, headers, ...answer } = await ask(request)
  expect([answer.status, JSON.parse(body).code]).toEqual([status, code])
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('a caller that hangs up in the middle of its body is no error of ours', async () => {
  const whole = requestBytes(start('wire-2'))
  await sendPieces(port, [whole.subarray(0, whole.length - 5)], 'hang-up')
  await sendPieces(port, [whole.subarray(0, whole.length - 5)], 'end')
  expect((await ask(get('/healthz'))).status).toBe(200)
  expect(errors).toEqual([])
})

test('answers are read as they are written: whole, in chunks, and only when they are there', () => {
  const plain = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  const chunked = 'HTTP/1.1 417 No\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'
  const read = (text: string) => answersIn(Buffer.from(text)).map(({ status, body }) => [status, body])
  expect(read(`${plain}${chunked}${plain.slice(0, -1)}`)).toEqual([
    [200, 'ok'],
    [417, 'a'],
  ])
})
