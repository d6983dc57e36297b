/**
 * A TCP proxy before one port, whose weather can be changed while connections are open.
 *
 * What has come in at one side is delivered in order, once it is due, also when the side that sent it is gone meanwhile:
 * as on a network, an answer that nobody waits for any more still arrives, and so does a request whose sender has died.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

const QUEUED_BYTES_MAX = 4_000_000
const HOST = '127.0.0.1'

/** What happens to one direction of all connections. */
interface Weather {
  /** Everything takes so much longer. */
  delayMs: number
  /** Nothing gets through, until it does. */
  held: boolean
}

/** Bytes, the end of them, or that the side which sent them is gone. */
type What = Buffer | 'end' | 'gone'

interface Step {
  readonly what: What
  readonly dueAt: number
}

/** One direction of one connection. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  readonly #weather: Weather
  readonly #steps: Step[] = []
  #queuedBytes = 0
  #deaf = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, weather: Weather) {
    this.#from = from
    this.#to = to
    this.#weather = weather
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.on('end', () => this.#take('end'))
    from.on('close', () => this.#take('gone'))
    to.on('drain', () => this.#readOn())
  }

  /** Tells the receiver that nothing more comes, and drops what does. */
  halfClose(): void {
    this.#deaf = true
    this.#steps.length = 0
    this.#to.end()
  }

  /** Delivers what is due. */
  pump(): void {
    clearTimeout(this.#timer)
    while (this.#steps.length > 0 && !this.#weather.held) {
      const [first] = this.#steps
      const earlyMs = (first?.dueAt ?? 0) - performance.now()
      if (earlyMs > 0) {
        this.#timer = setTimeout(() => this.pump(), earlyMs)
        return
      }
      this.#steps.shift()
      if (first) this.#deliver(first)
    }
  }

  drop(): void {
    clearTimeout(this.#timer)
    this.#steps.length = 0
    this.#deaf = true
  }

  #take(what: What): void {
    if (this.#deaf && what !== 'gone') return
    this.#steps.push({ what, dueAt: performance.now() + this.#weather.delayMs })
    if (Buffer.isBuffer(what)) {
      this.#queuedBytes += what.length
      if (this.#queuedBytes > QUEUED_BYTES_MAX) this.#from.pause()
    }
    this.pump()
  }

  #deliver({ what }: Step): void {
    if (what === 'gone') this.#to.destroySoon()
    else if (what === 'end') this.#to.end()
    else {
      this.#queuedBytes -= what.length
      if (this.#to.writable && !this.#to.write(what)) this.#from.pause()
      else this.#readOn()
    }
  }

  #readOn(): void {
    if (this.#queuedBytes <= QUEUED_BYTES_MAX) this.#from.resume()
  }
}

interface Connection {
  readonly sockets: readonly [client: Socket, server: Socket]
  readonly requests: Direction
  readonly answers: Direction
}

export type Way = 'requests' | 'answers'

export class TcpProxy {
  readonly #toPort: number
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  readonly #weather: Readonly<Record<Way, Weather>> = {
    requests: { delayMs: 0, held: false },
    answers: { delayMs: 0, held: false },
  }
  #refuses = false

  private constructor(toPort: number) {
    this.#toPort = toPort
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#open(client))
  }

  /** Listens on a free port until it is closed. */
  static async before(toPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(toPort)
    proxy.#server.listen(0, HOST)
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Ends all connections as a router that forgets them, and takes no new ones while `refuses`. Answers how many there were. */
  cut(refuses: boolean): number {
    this.#refuses = refuses
    const cut = [...this.#connections]
    for (const { sockets, requests, answers } of cut) {
      requests.drop()
      answers.drop()
      for (const socket of sockets) socket.resetAndDestroy()
    }
    return cut.length
  }

  /** Takes new connections again. */
  accept(): void {
    this.#refuses = false
  }

  delay(way: Way, delayMs: number): void {
    this.#weather[way].delayMs = delayMs
  }

  hold(way: Way): void {
    this.#weather[way].held = true
  }

  /** Delivers what was held, in order. */
  release(way: Way): void {
    this.#weather[way].held = false
    for (const connection of this.#connections) connection[way].pump()
  }

  /** Ends one direction of every connection, and leaves the other. Answers how many there were. */
  halfClose(way: Way): number {
    for (const connection of this.#connections) connection[way].halfClose()
    return this.#connections.size
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut(true)
    await closed
  }

  #open(client: Socket): void {
    client.on('error', () => {})
    if (this.#refuses) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.#toPort, host: HOST, allowHalfOpen: true, noDelay: true })
    server.on('error', () => {})
    const connection: Connection = {
      sockets: [client, server],
      requests: new Direction(client, server, this.#weather.requests),
      answers: new Direction(server, client, this.#weather.answers),
    }
    this.#connections.add(connection)
    const forget = () => {
      if (client.closed && server.closed) this.#connections.delete(connection)
    }
    client.on('close', forget)
    server.on('close', forget)
  }
}
