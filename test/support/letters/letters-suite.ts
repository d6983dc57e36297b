/** Dead letters as an operator deals with them, from the list to the mended order, on a whole installation on whichever home. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Home } from '../../../services/home.ts'
import { type Everything, startEverything } from '../../../services/one-process/main.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { httpClient } from '../../../shared/client/http-client.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { cliOf } from '../cli-runner.ts'

export interface LettersHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

const WAIT_MS = 60_000
const ORDERS = 6

export function lettersSuite(open: () => Promise<LettersHome>): void {
  let opened: LettersHome
  let everything: Everything
  let url = ''
  const orders = [...generateOrders(ORDERS, 'letter', seededRandom(3))]

  beforeAll(async () => {
    opened = await open()
    everything = await startEverything(opened.home, opened.prefix)
    const { gateway } = await everything.open
    url = (await gateway.listen({ port: 0 })).url
  })
  afterAll(async () => {
    await everything?.stop()
    await opened?.close()
  })

  const kasaga = cliOf(() => url)
  const json = async (...args: string[]) => {
    const said = await kasaga([...args, '--json'])
    if (said.out === '') throw new Error(said.err)
    return JSON.parse(said.out)
  }

  /** A start whose value is no order. */
  async function startBadly(id: string, value: unknown): Promise<void> {
    const { broker } = opened.home
    const { commands: topic } = everything.topics
    const headers = { ce_type: 'kasaga.start.v1', ce_id: `r-${id}`, ce_sagaid: id, ce_sagatype: 'fulfil-order' }
    const record = { key: id, value: JSON.stringify(value), headers: Object.entries(headers) }
    await broker.append([{ topic, partition: partitionOf(id, await broker.partitions(topic)), records: [record] }])
  }

  async function ended(id: string): Promise<void> {
    const client = httpClient({ url })
    const saga = () => client.show(id).catch(() => undefined)
    await vi.waitUntil(async () => (await saga())?.endedAt ?? null, { timeout: WAIT_MS, interval: 50 })
  }

  test('orders that came damaged are one line of the list, and each is mended and ends', async () => {
    for (const order of orders) await startBadly(order.id, { ...order, cents: String(order.cents) })
    const list = () => json('dlq', 'list', '--dead-for', 'invalid-input')
    await vi.waitUntil(async () => (await list()).total === ORDERS, { timeout: WAIT_MS, interval: 50 })
    const { groups, letters } = await list()
    expect(groups).toMatchObject([{ count: ORDERS, reason: 'invalid-input', topic: everything.topics.commands }])
    for (const { id, saga } of letters) {
      const { check, decoded } = await json('dlq', 'show', id)
      expect(check).toMatchObject({ verdict: 'refused', errors: [{ path: 'cents' }] })
      const order = orders.find((one) => one.id === saga)
      const readFile = async () => JSON.stringify({ value: { ...decoded.json, cents: order?.cents } })
      expect(await kasaga(['dlq', 'validate', id, '--file', 'mended.json'], { readFile })).toMatchObject({ code: 0 })
      const edit = ['dlq', 'edit', id, '--file', 'mended.json', '--reason', 'the sum was text']
      expect(await kasaga(edit, { readFile })).toMatchObject({ code: 0, err: '' })
      await ended(saga)
      expect(await kasaga(edit, { readFile })).toMatchObject({
        code: 1,
        err: expect.stringContaining('put it back at'),
      })
    }
    expect((await list()).total).toBe(0)
    const done = await json('dlq', 'list', '--dead-for', 'invalid-input', '--redriven')
    expect(done.letters).toHaveLength(ORDERS)
    for (const { redriven } of done.letters) expect(redriven).toMatchObject({ edited: { changed: ['value'] } })
  })

  test('all that failed in one way are put back by their fingerprint, each once, and fail again as new letters', async () => {
    const ids = Array.from({ length: ORDERS }, (_, i) => `nobody-${i}`)
    for (const id of ids) await startBadly(id, 'nothing')
    const list = () => json('dlq', 'list', '--dead-for', 'invalid-input')
    await vi.waitUntil(async () => (await list()).total === ORDERS, { timeout: WAIT_MS, interval: 50 })
    const { groups } = await list()
    expect(groups).toHaveLength(1)
    const meant = ['dlq', 'redrive', '--fingerprint', groups[0].fingerprint]
    expect((await json(...meant, '--dry-run')).ids).toHaveLength(ORDERS)
    const { redriven, refused, left } = await json(...meant, '--reason', 'to see', '--rate', '1000')
    expect([redriven.length, refused.length, left]).toEqual([ORDERS, 0, 0])
    await vi.waitUntil(async () => (await list()).total === ORDERS, { timeout: WAIT_MS, interval: 50 })
    expect((await list()).letters.map(({ redrives }: { redrives: number }) => redrives)).toEqual(Array(ORDERS).fill(1))
  })
}
