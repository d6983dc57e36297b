/** Bytes that are no request, or half of one, or two at once: what only a socket can send. */
import type { Dice } from './dice.ts'
import type { Parting } from './wire-http.ts'

export interface RawCase {
  readonly pieces: readonly Buffer[]
  readonly parting: Parting
}

const HOST = 'host: localhost\r\n'
const JSON_TYPE = 'content-type: application/json\r\n'
const BODY = '{"definition":"fulfil-order","id":"raw-1","input":{}}'
const START = `POST /v1/sagas HTTP/1.1\r\n${HOST}${JSON_TYPE}`

type Make = (dice: Dice) => string | Buffer

const chunked = (chunks: string) => `${START}transfer-encoding: chunked\r\n\r\n${chunks}`

const MAKERS: readonly Make[] = [
  (dice) => dice.bytes(1 + dice.below(400)),
  () => Buffer.from('16030100c8010000c40303', 'hex'),
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'GET /\r\n\r\n',
  (dice) => `GET / HTTP/${dice.pick(['0.9', '1.0', '1.2', '9.9', '1.1.1', ''])}\r\n${HOST}\r\n`,
  (dice) => `${dice.pick(['', 'GET', 'get', 'G ET', 'FOO', 'X'.repeat(5_000)])} / HTTP/1.1\r\n${HOST}\r\n`,
  (dice) =>
    `GET ${dice.pick(['*', '//', 'http://localhost/healthz', '/\0', '/a b', `/${'a'.repeat(20_000)}`, '/%', '/?%zz=%'])} HTTP/1.1\r\n${HOST}\r\n`,
  () => 'GET /healthz HTTP/1.1\r\n\r\n',
  () => `GET /healthz HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  (dice) => `GET /healthz HTTP/1.1\r\n${HOST}x: ${'y'.repeat(10_000 + dice.below(40_000))}\r\n\r\n`,
  (dice) =>
    `GET /healthz HTTP/1.1\r\n${HOST}${Array.from({ length: 200 + dice.below(3_000) }, (_, i) => `x-${i}: y\r\n`).join('')}\r\n`,
  (dice) =>
    `GET /healthz HTTP/1.1\r\n${HOST}${dice.pick(['x\r\n', ': y\r\n', 'x : y\r\n', 'x: \0\r\n', ' folded\r\n', 'x: y\n z\r\n', 'é: y\r\n', 'x: é\r\n'])}\r\n`,
  (dice) =>
    `${START}content-length: ${dice.pick(['-1', 'x', '1e3', '99999999999999999999', '0x10', '+5', '1, 2', ''])}\r\n\r\n${BODY}`,
  (dice) => `${START}content-length: ${BODY.length}\r\ncontent-length: ${BODY.length + dice.below(2)}\r\n\r\n${BODY}`,
  () =>
    `${START}content-length: ${BODY.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`,
  (dice) =>
    `${START}transfer-encoding: ${dice.pick(['gzip', 'chunked, identity', 'xchunked', ' chunked '])}\r\n\r\n0\r\n\r\n`,
  (dice) =>
    chunked(
      dice.pick([
        'zz\r\n',
        '5\r\n{}',
        'fffffffff\r\n{',
        '-1\r\n{}\r\n0\r\n\r\n',
        '2;ext=1\r\n{}\r\n0\r\n\r\n',
        '2\r\n{}0\r\n\r\n',
        '0\r\nx: y\r\n\r\n',
      ]),
    ),
  () => chunked(`${[...BODY].map((char) => `1\r\n${char}\r\n`).join('')}0\r\n\r\n`),
  () => `${START}content-length: ${BODY.length}\r\nexpect: 100-continue\r\n\r\n${BODY}`,
  () => `GET /v1/sagas HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: eA==\r\n\r\n`,
  () => `GET /healthz HTTP/1.1\r\n${HOST}expect: 200-maybe\r\n\r\n`,
  () => 'CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\n\r\n',
  (dice) => `GET /healthz HTTP/1.1\r\n${HOST}\r\n`.repeat(2 + dice.below(30)),
  (dice) =>
    `${START}content-length: ${BODY.length}\r\n\r\n${BODY}${dice.pick(['x', '\r\n\r\n', BODY])}GET /healthz HTTP/1.1\r\n${HOST}\r\n`,
  () => `${START}content-length: 2000000\r\n\r\n${'a'.repeat(100_000)}`,
]

/** One case: said whole, cut short, in pieces, or with some bytes flipped. */
export function rawCase(dice: Dice): RawCase {
  const made = dice.pick(MAKERS)(dice)
  const whole = Buffer.from(typeof made === 'string' ? Buffer.from(made, 'latin1') : made)
  if (dice.chance(0.2))
    for (let flips = 1 + dice.below(4); flips > 0; flips--) whole[dice.below(whole.length)] = dice.below(256)
  const said = dice.chance(0.3) ? whole.subarray(0, 1 + dice.below(whole.length)) : whole
  const cuts = dice.chance(0.3) ? [dice.below(said.length), dice.below(said.length)].sort((a, b) => a - b) : []
  const borders = [0, ...cuts, said.length]
  const pieces = borders.slice(1).map((end, i) => said.subarray(borders[i], end))
  return { pieces, parting: dice.chance(0.1) ? 'hang-up' : 'end' }
}
