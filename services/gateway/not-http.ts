/**
 * Bytes that are no request: answered once nothing else is due on their connection, which then is closed.
 *
 * Requests may come one behind another without waiting. What is wrong with one of them must not be read as the answer to
 * one before it, which is carried out all the same.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Ids } from '../../shared/ports/clock.ts'
import type { App } from './app.ts'
import { lingerOn } from './linger.ts'
import { Problem, problemBody } from './problem.ts'
import { BARE_HEADERS } from './protection.ts'

interface Connection {
  /** Requests that came and are not answered yet. */
  readonly open: Set<IncomingMessage>
  refuse?: () => void
}

/** One that is not whole will never be: what is wrong stands in its body. */
function isDue({ open }: Connection): boolean {
  return [...open].some(({ complete }) => complete)
}

type Refusal = readonly [status: number, phrase: string, code: string, detail: string]

const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'headers-too-large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'request-timeout', 'the request did not come in time'],
}
const NO_REQUEST: Refusal = [400, 'Bad Request', 'invalid-request', 'that is no HTTP request']

export class NotHttp {
  readonly #ids: Ids
  readonly #connections = new WeakMap<object, Connection>()

  constructor(ids: Ids) {
    this.#ids = ids
  }

  /** Begins to note what is due on each connection. */
  watch(app: App): void {
    app.addHook('onRequest', async ({ raw }) => {
      this.#of(raw.socket).open.add(raw)
    })
    app.addHook('onResponse', async ({ raw }) => {
      const connection = this.#of(raw.socket)
      connection.open.delete(raw)
      if (!isDue(connection)) connection.refuse?.()
    })
  }

  /** Takes what the server's parser would not. */
  readonly refuse = (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const connection = this.#of(socket)
    connection.refuse ??= () => {
      socket.write(this.#answer(REFUSALS[error.code ?? ''] ?? NO_REQUEST))
      lingerOn(socket)
    }
    if (!isDue(connection)) connection.refuse()
  }

  #of(socket: object): Connection {
    const known = this.#connections.get(socket) ?? { open: new Set() }
    this.#connections.set(socket, known)
    return known
  }

  #answer([status, phrase, code, detail]: Refusal): string {
    const body = JSON.stringify(problemBody(new Problem(status, code, detail), this.#ids.next()))
    const headers = {
      ...BARE_HEADERS,
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`
  }
}
