/** Requests that nobody should make, by the ten thousand: each is answered, none from the inside, and orders go on between them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateOrders } from '../../services/orders/order-generator.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { operationsOf } from '../support/fuzz/api-operations.ts'
import { Dice } from '../support/fuzz/dice.ts'
import { FUZZ_MS_MAX, FUZZ_SEED, fuzzSize } from '../support/fuzz/fuzz-size.ts'
import { FuzzedGateway, startRequest } from '../support/fuzz/fuzzed-gateway.ts'
import { heldBytes } from '../support/fuzz/heap.ts'
import { type HttpCase, httpCase } from '../support/fuzz/http-cases.ts'
import { faultOf } from '../support/fuzz/judge-answer.ts'
import { rawCase } from '../support/fuzz/raw-cases.ts'
import { KeptConnection, sendPieces } from '../support/fuzz/wire-http.ts'

const REQUESTS = fuzzSize(42_000)
const RAW = fuzzSize(8_000)
const ORDERS = 60
const CONNECTIONS = 4
const PIPELINED_MAX = 16
/** A quarter of them, until everything that is made once has been made. */
const WARM_SHARE = 0.25
const GROWTH_MAX = 1.2

const VICTIMS = Array.from({ length: 20 }, (_, i) => `victim-${i}`)
/** None of these is what the good orders live on: their ids, and the shop's participants. */
const NAMES = {
  id: [...VICTIMS, 'nobody'],
  saga: VICTIMS,
  fork: ['fork-1', 'fork-2'],
  definition: ['fulfil-order', 'no-such'],
  step: ['stock', 'charge', 'ship', 'no-such'],
  name: ['nobody', 'go', 'x-1'],
  resource: ['a', 'stock:1'],
  limit: ['1', '7', '42'],
}

let system: FuzzedGateway
beforeAll(async () => {
  system = await FuzzedGateway.open()
})
afterAll(() => system?.close())

/** Sends some in one go; those that the server left unanswered, because it closed after the one before, again. */
async function ask(connection: KeptConnection, cases: readonly HttpCase[], faults: string[]): Promise<void> {
  for (let from = 0; from < cases.length; ) {
    const part = cases.slice(from)
    const answers = await connection.exchange(part.map(({ request }) => request))
    if (answers.length === 0) throw new Error(`left without an answer: ${JSON.stringify(part[0]?.request)}`)
    answers.forEach((answer, i) => {
      const one = part[i]
      const fault = one && faultOf(one, answer)
      if (one && fault) faults.push(`${fault}: ${told(one)} -> ${answer.status} ${answer.body.slice(0, 300)}`)
    })
    from += answers.length
  }
}

function told({ request: { method, target, headers, body } }: HttpCase): string {
  return `${method} ${target} ${JSON.stringify(headers)} ${body?.toString('latin1').slice(0, 400) ?? ''}`
}

async function askMany(count: number, seed: number): Promise<string[]> {
  const all = operationsOf(system.gateway.app.swagger())
  // It would act on what the good orders live on: whatever a filter finds.
  const operations = all.filter(({ method, path }) => method !== 'POST' || path !== '/v1/bulk')
  const faults: string[] = []
  const connect = async (lane: number) => {
    const dice = new Dice(seed + lane)
    const connection = new KeptConnection(system.port)
    for (let sent = 0; sent < count / CONNECTIONS && faults.length < 10; ) {
      const cases = Array.from({ length: 1 + dice.below(PIPELINED_MAX) }, () => httpCase(dice, operations, NAMES))
      await ask(connection, cases, faults)
      sent += cases.length
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, lane) => connect(lane)))
  return faults
}

async function startAll(prefix: string, count: number) {
  const orders = [...generateOrders(count, prefix, seededRandom(FUZZ_SEED))]
  const connection = new KeptConnection(system.port)
  for (const order of orders) {
    const [answer] = await connection.exchange([startRequest(order)])
    expect(answer?.status, answer?.body).toBe(202)
  }
  connection.close()
  return orders
}

describe(`seed ${FUZZ_SEED} (KASAGA_FUZZ_SEED)`, () => {
  test(`${REQUESTS} requests made of the API's own document, most with something wrong`, {
    timeout: FUZZ_MS_MAX,
  }, async () => {
    await startAll('victim', VICTIMS.length)
    const began = process.cpuUsage()
    expect(await askMany(REQUESTS * WARM_SHARE, FUZZ_SEED)).toEqual([])
    const warm = await heldBytes()
    const [faults, orders] = await Promise.all([
      askMany(REQUESTS * (1 - WARM_SHARE), FUZZ_SEED + 1_000),
      startAll('good', ORDERS),
    ])
    expect(faults).toEqual([])
    await system.allEnd(orders)
    const held = await heldBytes()
    const { user, system: inSystem } = process.cpuUsage(began)
    const seconds = ((user + inSystem) / 1e6).toFixed(1)
    console.log(`${REQUESTS} requests, ${seconds} s of work; ${warm >> 20} MiB held, then ${held >> 20} MiB`)
    expect(held).toBeLessThan(warm * GROWTH_MAX)
    expect(system.errors).toEqual([])
  })

  test(`${RAW} connections of bytes that are no request, or half of one`, { timeout: FUZZ_MS_MAX }, async () => {
    const dice = new Dice(FUZZ_SEED)
    const statuses = new Map<number, number>()
    const before = await heldBytes()
    const lane = async () => {
      for (let i = 0; i < RAW / CONNECTIONS; i++) {
        const { pieces, parting } = rawCase(dice)
        const answers = await sendPieces(system.port, pieces, parting)
        const bad = answers.find(({ status }) => status >= 500)
        expect(bad, Buffer.concat(pieces).toString('latin1').slice(0, 500)).toBeUndefined()
        for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const [orders] = await Promise.all([startAll('amid', ORDERS), ...Array.from({ length: CONNECTIONS }, lane)])
    await system.allEnd(orders)
    console.log(`answered: ${[...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')}`)
    expect(await heldBytes()).toBeLessThan(before * GROWTH_MAX)
    expect(system.errors).toEqual([])
  })

  test('nothing of it did what it should not: the auditor finds the log, the views and the books in order', async () => {
    const report = await system.audit()
    expect(report.violations).toEqual([])
  })
})
