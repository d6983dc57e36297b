/** A whole embedded installation in this process, with a gateway on a port that takes as many requests as it is sent. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { AuditReport } from '../../../services/auditor/report.ts'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { createGateway, type Gateway } from '../../../services/gateway/gateway.ts'
import type { Home } from '../../../services/home.ts'
import { type Everything, startEverything } from '../../../services/one-process/main.ts'
import { definitions } from '../../../services/orders/definitions.ts'
import type { Order } from '../../../services/orders/order.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { sagaById } from '../../../shared/adapters/postgres/view-queries.ts'
import { type Log, noLog } from '../../../shared/ports/telemetry.ts'
import { endsImpliedBy } from '../kafka-home/shop.ts'
import { fastFolder } from './fast-folder.ts'
import type { WireRequest } from './wire-http.ts'

const MANY = 1_000_000_000
const ALL_END_MS = 180_000

export class FuzzedGateway {
  readonly port: number
  readonly gateway: Gateway
  readonly home: Home
  /** What the services said to be wrong inside. */
  readonly errors: string[]
  readonly #everything: Everything
  readonly #directory: string

  private constructor(
    parts: { home: Home; everything: Everything; gateway: Gateway; errors: string[] },
    at: { port: number; directory: string },
  ) {
    this.home = parts.home
    this.gateway = parts.gateway
    this.errors = parts.errors
    this.port = at.port
    this.#everything = parts.everything
    this.#directory = at.directory
  }

  static async open(): Promise<FuzzedGateway> {
    const directory = await mkdtemp(join(fastFolder(), 'kasaga-fuzz-'))
    const errors: string[] = []
    const log: Log = {
      ...noLog,
      error: (message, fields) => errors.push(`${message} ${JSON.stringify(fields)} ${fields?.error}`),
      with: () => log,
    }
    const home = await openEmbeddedHome({ directory, log })
    const everything = await startEverything(home, 'fuzz')
    await everything.open
    const { store: views } = await home.views()
    const limits = { startsPerMinute: MANY, readsPerMinute: MANY }
    const { client, topics } = everything
    const gateway = await createGateway({ ...home, client, topics, definitions, views, claims: undefined, limits })
    const { port } = await gateway.listen({ port: 0 })
    return new FuzzedGateway({ home, everything, gateway, errors }, { port, directory })
  }

  /** What each order implies has come of it. */
  async allEnd(orders: readonly Order[]): Promise<void> {
    const { db } = (await this.home.views()).store
    const left = new Map(orders.map((order) => [order.id, order]))
    const look = async () => {
      for (const [id, order] of left) {
        const wanted = endsImpliedBy([order]).completed === 1 ? 'completed' : 'compensated'
        if ((await sagaById(db, id))?.status !== wanted) break
        left.delete(id)
      }
      return left.size
    }
    await expect.poll(look, { timeout: ALL_END_MS }).toBe(0)
  }

  audit(): Promise<AuditReport> {
    return verifyHome(this.home, { topics: this.#everything.topics, atRest: false, commands: true })
  }

  async close(): Promise<void> {
    await this.gateway.close()
    await this.#everything.stop()
    await this.home.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** The start of an order over HTTP. */
export function startRequest(order: Order): WireRequest {
  const body = Buffer.from(JSON.stringify({ id: order.id, definition: 'fulfil-order', input: order }))
  const headers = [
    ['host', 'localhost'],
    ['content-type', 'application/json'],
  ] as const
  return { method: 'POST', target: '/v1/sagas', headers, body }
}
