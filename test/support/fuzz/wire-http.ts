/** HTTP as bytes on a socket: what is sent is exactly what was written, and what comes back is read by rules of its own. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface WireAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}

const ANSWER_MS_MAX = 60_000
const HEAD_END = '\r\n\r\n'

/** The bytes of a request, its length told unless the headers tell it. */
export function requestBytes({ method, target, headers, body }: WireRequest): Buffer {
  const own = body === undefined ? headers : [...headers, ['content-length', String(body.length)] as const]
  const head = `${method} ${target} HTTP/1.1\r\n${own.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])
}

interface Head {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
}

function headIn(text: string): Head {
  const [line = '', ...lines] = text.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? Number.NaN)
  if (Number.isNaN(status)) throw new Error(`no answer of HTTP/1.1: ${line}`)
  const entries = lines.map((text): [string, string] => [
    text.split(':')[0]?.toLowerCase() ?? '',
    text.replace(/^[^:]*: */, ''),
  ])
  return { status, headers: new Map(entries) }
}

/** Where a body that begins at `start` ends, and it; nothing while it is not whole. */
function bodyAt(
  bytes: Buffer,
  start: number,
  { headers }: Head,
): { readonly end: number; readonly body: string } | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return chunksAt(bytes, start)
  const end = start + Number(headers.get('content-length') ?? 0)
  return end > bytes.length ? undefined : { end, body: bytes.toString('utf8', start, end) }
}

function chunksAt(bytes: Buffer, start: number): { readonly end: number; readonly body: string } | undefined {
  let body = ''
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const length = Number.parseInt(bytes.toString('latin1', at, line), 16)
    const end = line + 2 + length
    if (end + 2 > bytes.length) return undefined
    if (length === 0) return { end: end + 2, body }
    body += bytes.toString('utf8', line + 2, end)
    at = end + 2
  }
}

/** The answers in bytes that came, as many as are whole; `methods`: what was asked, one an answer. */
export function answersIn(bytes: Buffer, methods: readonly string[] = []): WireAnswer[] {
  const answers: WireAnswer[] = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf(HEAD_END, at)
    if (end < 0) return answers
    const head = headIn(bytes.toString('latin1', at, end))
    const { status, headers } = head
    const start = end + HEAD_END.length
    const isBare = methods[answers.length] === 'HEAD' || status === 204 || status === 304 || status < 200
    const found = isBare ? { end: start, body: '' } : bodyAt(bytes, start, head)
    if (!found) return answers
    // That it may go on says nothing of the request itself.
    if (status >= 200) answers.push({ status, headers, body: found.body })
    at = found.end
  }
}

/** A connection that is kept, and made anew when the server has closed it. */
export class KeptConnection {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** Sends the requests in one go. Answers stand in their order; fewer, when the server closed before the rest. */
  async exchange(requests: readonly WireRequest[]): Promise<WireAnswer[]> {
    const socket = await this.#connected()
    const methods = requests.map(({ method }) => method)
    let came = Buffer.alloc(0)
    const done = Promise.withResolvers<void>()
    const give = (bytes: Buffer) => {
      came = Buffer.concat([came, bytes])
      if (answersIn(came, methods).length >= requests.length) done.resolve()
    }
    const late = setTimeout(() => done.reject(new Error(`no answer to ${JSON.stringify(methods)}`)), ANSWER_MS_MAX)
    const ended = () => done.resolve()
    socket.on('data', give).once('close', ended)
    try {
      socket.write(Buffer.concat(requests.map(requestBytes)))
      await done.promise
      const answers = answersIn(came, methods)
      if (answers.some(({ headers }) => headers.get('connection') === 'close')) await this.#drop(socket)
      return answers
    } finally {
      clearTimeout(late)
      socket.off('data', give).off('close', ended)
    }
  }

  close(): void {
    this.#socket?.destroy()
  }

  async #connected(): Promise<Socket> {
    const open = this.#socket
    if (open && !open.destroyed && open.readyState === 'open') return open
    const socket = connect(this.#port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    this.#socket = socket
    return socket
  }

  /** It may still read what it does not answer any more. */
  async #drop(socket: Socket): Promise<void> {
    this.#socket = undefined
    socket.destroy()
  }
}

/** What comes after the last piece: no more is said, nobody is there any more, or the server is waited for. */
export type Parting = 'end' | 'hang-up' | 'wait'

/** Sends pieces on a connection of their own, one after another, and answers what came until it was closed. */
export async function sendPieces(port: number, pieces: readonly Buffer[], parting: Parting): Promise<WireAnswer[]> {
  const socket = connect(port, '127.0.0.1')
  const came: Buffer[] = []
  const closed = Promise.withResolvers<void>()
  socket
    .on('error', () => {})
    .on('data', (bytes) => came.push(bytes))
    .on('close', () => closed.resolve())
  const late = setTimeout(() => socket.destroy(new Error('never closed')), ANSWER_MS_MAX)
  try {
    await Promise.race([once(socket, 'connect'), closed.promise])
    for (const piece of pieces) {
      if (socket.writable) socket.write(piece)
      if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve))
    }
    if (parting === 'hang-up') socket.destroy()
    else if (parting === 'end') socket.end()
    await closed.promise
  } finally {
    clearTimeout(late)
    socket.destroy()
  }
  return answersIn(Buffer.concat(came))
}
