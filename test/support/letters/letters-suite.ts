/** Dead letters as an operator deals with them, from the list to the mended order, on a whole installation on whichever home. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Home } from '../../../services/home.ts'
import { type Everything, startEverything } from '../../../services/one-process/main.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { httpClient } from '../../../shared/client/http-client.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { cliOf, type Kasaga } from '../cli-runner.ts'

export interface LettersHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

const WAIT_MS = 60_000
const ORDERS = 6

export function lettersSuite(open: () => Promise<LettersHome>): void {
  let desk: Desk
  beforeAll(async () => {
    desk = await Desk.open(await open())
  })
  afterAll(() => desk?.close())

  test('orders that came damaged are one line of the list, and each is mended and ends', () => mendedOneByOne(desk))
  test('all that failed in one way are put back by their fingerprint, each once, and fail again as new letters', () =>
    putBackTogether(desk))
}

/** An installation, and an operator who sits before it. */
class Desk {
  readonly topics: Everything['topics']
  readonly kasaga: Kasaga
  readonly #opened: LettersHome
  readonly #everything: Everything
  readonly #url: string

  constructor(opened: LettersHome, everything: Everything, url: string) {
    this.#opened = opened
    this.#everything = everything
    this.#url = url
    this.topics = everything.topics
    this.kasaga = cliOf(() => url)
  }

  static async open(opened: LettersHome): Promise<Desk> {
    const everything = await startEverything(opened.home, opened.prefix)
    const { gateway } = await everything.open
    const { url } = await gateway.listen({ port: 0 })
    return new Desk(opened, everything, url)
  }

  async close(): Promise<void> {
    await this.#everything.stop()
    await this.#opened.close()
  }

  async json(...args: string[]) {
    const { out, err } = await this.kasaga([...args, '--json'])
    if (out === '') throw new Error(err)
    return JSON.parse(out)
  }

  /** Those that were refused for what they hold, once there are so many. */
  async damaged(count: number) {
    const list = () => this.json('dlq', 'list', '--dead-for', 'invalid-input')
    await vi.waitUntil(async () => (await list()).total === count, { timeout: WAIT_MS, interval: 50 })
    return list()
  }

  /** The same, once so many are there that were put back before. */
  async failedAgain(count: number) {
    const again = async () => {
      const page = await this.json('dlq', 'list', '--dead-for', 'invalid-input')
      return page.letters.filter(({ redrives }: { redrives: number }) => redrives > 0).length
    }
    await vi.waitUntil(async () => (await again()) === count, { timeout: WAIT_MS, interval: 50 })
    return this.damaged(count)
  }

  /** A start whose value is no order. */
  async startBadly(id: string, value: unknown): Promise<void> {
    const { broker } = this.#opened.home
    const { commands: topic } = this.topics
    const headers = { ce_type: 'kasaga.start.v1', ce_id: `r-${id}`, ce_sagaid: id, ce_sagatype: 'fulfil-order' }
    const record = { key: id, value: JSON.stringify(value), headers: Object.entries(headers) }
    await broker.append([{ topic, partition: partitionOf(id, await broker.partitions(topic)), records: [record] }])
  }

  async ended(id: string): Promise<void> {
    const client = httpClient({ url: this.#url })
    const saga = () => client.show(id).catch(() => undefined)
    await vi.waitUntil(async () => (await saga())?.endedAt ?? null, { timeout: WAIT_MS, interval: 50 })
  }
}

async function mendedOneByOne(desk: Desk): Promise<void> {
  const orders = [...generateOrders(ORDERS, 'letter', seededRandom(3))]
  for (const order of orders) await desk.startBadly(order.id, { ...order, cents: String(order.cents) })
  const { groups, letters } = await desk.damaged(ORDERS)
  expect(groups).toMatchObject([{ count: ORDERS, reason: 'invalid-input', topic: desk.topics.commands }])
  for (const { id, saga } of letters) {
    const { check, decoded } = await desk.json('dlq', 'show', id)
    expect(check).toMatchObject({ verdict: 'refused', errors: [{ path: 'cents' }] })
    const order = orders.find((one) => one.id === saga)
    const readFile = async () => JSON.stringify({ value: { ...decoded.json, cents: order?.cents } })
    expect(await desk.kasaga(['dlq', 'validate', id, '--file', 'mended.json'], { readFile })).toMatchObject({ code: 0 })
    const edit = ['dlq', 'edit', id, '--file', 'mended.json', '--reason', 'the sum was text']
    expect(await desk.kasaga(edit, { readFile })).toMatchObject({ code: 0, err: '' })
    await desk.ended(saga)
    expect(await desk.kasaga(edit, { readFile })).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('put it back at') },
    })
  }
  await desk.damaged(0)
  const done = await desk.json('dlq', 'list', '--dead-for', 'invalid-input', '--redriven')
  expect(done.letters).toHaveLength(ORDERS)
  for (const { redriven } of done.letters) expect(redriven).toMatchObject({ edited: { changed: ['value'] } })
}

async function putBackTogether(desk: Desk): Promise<void> {
  for (let i = 0; i < ORDERS; i++) await desk.startBadly(`nobody-${i}`, 'nothing')
  const { groups } = await desk.damaged(ORDERS)
  expect(groups).toHaveLength(1)
  const meant = ['dlq', 'redrive', '--fingerprint', groups[0].fingerprint]
  expect((await desk.json(...meant, '--dry-run')).ids).toHaveLength(ORDERS)
  const { redriven, refused, left } = await desk.json(...meant, '--reason', 'to see', '--rate', '1000')
  expect([redriven.length, refused.length, left]).toEqual([ORDERS, 0, 0])
  const { letters } = await desk.failedAgain(ORDERS)
  expect(letters.map(({ redrives }: { redrives: number }) => redrives)).toEqual(Array(ORDERS).fill(1))
}
