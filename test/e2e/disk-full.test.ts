/** An installation in one folder, whose disk fills up under load and gets room again: nothing is restarted, nothing is lost. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import type { Order } from '../../services/orders/order.ts'
import { generateOrders } from '../../services/orders/order-generator.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { killLeftovers, type Running, runKasaga, startKasaga } from '../support/demo-process.ts'
import { describeOnSmallDisk, type SmallDisk } from '../support/disk/small-disk.ts'
import { endsImpliedBy } from '../support/kafka-home/shop.ts'

const DISK_BYTES = 112_000_000
const VIEWS_BYTES = 90_000_000
const VIEWS_UNTIL_FULL = fileURLToPath(new URL('../support/disk/views-until-full.ts', import.meta.url))
/** What is left when most of the disk is taken: the load itself comes to its end. */
const LEFT_BYTES = 1_500_000
const ORDERS_BEFORE = 40
const REFUSALS = 30
const ORDERS_AFTER = 40
const AT_A_TIME = 8
/** Below what the gateway takes from one caller. */
const PAUSE_MS = 300
/** Long enough for everybody to have tried in vain, some of them many times. */
const FULL_MS = 4_000
/** Warnings and errors: each partition and participant, and what they write to, says what holds it up. */
const TOLD_MAX = 60
const WITHIN_MS = 180_000
const READ_AGAIN_MS = 100

afterEach(killLeftovers)

/** Asks over HTTP, as anybody does. */
class Caller {
  readonly acknowledged: Order[] = []
  readonly refused: string[] = []
  readonly unclear: string[] = []
  readonly #url: string
  readonly #orders: Iterator<Order>

  constructor(run: Running, orders: Iterable<Order>) {
    this.#url = /API +(http:\S+)\/v1/.exec(run.stdout)?.[1] ?? ''
    this.#orders = orders[Symbol.iterator]()
  }

  /** Starts orders until it is told that it is enough. */
  async start(enough: () => boolean): Promise<void> {
    const until = Date.now() + WITHIN_MS
    const work = async () => {
      while (!enough()) {
        if (Date.now() > until) throw new Error(`not yet: ${JSON.stringify(this.counts)}`)
        await this.#startOne()
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
  }

  get counts() {
    const { acknowledged, refused, unclear } = this
    return { acknowledged: acknowledged.length, refused: refused.length, unclear: unclear.length }
  }

  async status(path: string): Promise<number> {
    return (await fetch(`${this.#url}${path}`)).status
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.#url}${path}`)).json()) as T
  }

  async #startOne(): Promise<void> {
    const order = this.#orders.next().value as Order
    const answer = await fetch(`${this.#url}/v1/sagas`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ definition: fulfilOrder.name, id: order.id, input: order }),
    })
    const { code } = (await answer.json()) as { code?: string }
    if (answer.status === 202) this.acknowledged.push(order)
    else if (answer.status === 507) {
      expect([code, answer.headers.get('retry-after')]).toEqual(['no-room', '2'])
      this.refused.push(order.id)
    } else if (answer.status !== 429) this.unclear.push(`${answer.status} ${code}`)
  }
}

async function running(disk: SmallDisk): Promise<Running> {
  const run = startKasaga(['dev', '--data-dir', `${disk.path}/data`, '--port', '0'], undefined, {
    below: disk.below,
    env: { KASAGA_LOG_LEVEL: 'info' },
  })
  await run.says('stdout', /Ctrl-C ends it/)
  expect(run.stdout).toMatch(/Ctrl-C ends it/)
  return run
}

/** Messages of what is no everyday line. */
function told(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line)).flatMap(({ level, msg }) => (level >= 40 ? [msg] : []))
}

await describeOnSmallDisk('views on a disk that is full', VIEWS_BYTES, (disk) => {
  test('that has no room for their own log end with it, and another thread goes on once there is room', {
    timeout: 2 * WITHIN_MS,
  }, async () => {
    const [command = '', ...words] = [...disk.below, process.execPath, VIEWS_UNTIL_FULL, disk.path]
    const { stdout } = await promisify(execFile)(command, words, { timeout: WITHIN_MS })
    const { written, failures, found, told } = JSON.parse(stdout)
    expect(failures[0]).toMatch(/No space left/)
    expect(failures).toHaveLength(4)
    expect(written).toBeGreaterThan(0)
    // One that was not answered may be there.
    expect(found).toBeGreaterThanOrEqual(written)
    expect(found).toBeLessThanOrEqual(written + failures.length)
    expect(told).toEqual([
      'the thread of the embedded views has died: starting another',
      'the embedded views answer again',
    ])
  })
})

await describeOnSmallDisk('a disk that is full', DISK_BYTES, (disk) => {
  test('refuses before anything is lost, says so, and goes on by itself when there is room', {
    timeout: 4 * WITHIN_MS,
  }, async () => {
    const run = await running(disk)
    const caller = new Caller(run, generateOrders(100_000, 'full', seededRandom(11)))
    await caller.start(() => caller.acknowledged.length >= ORDERS_BEFORE)
    disk.fill(LEFT_BYTES)
    await caller.start(() => caller.refused.length >= REFUSALS)
    await expect.poll(() => caller.status('/readyz'), { timeout: WITHIN_MS, interval: READ_AGAIN_MS }).toBe(503)
    const fullUntil = Date.now() + FULL_MS
    await caller.start(() => Date.now() > fullUntil)
    expect(caller.unclear).toEqual([])
    expect(await caller.status('/healthz')).toBe(200)
    const before = caller.acknowledged.length
    disk.free()
    await caller.start(() => caller.acknowledged.length >= before + ORDERS_AFTER)
    await expect.poll(() => caller.status('/readyz'), { timeout: WITHIN_MS, interval: READ_AGAIN_MS }).toBe(200)

    const { acknowledged, refused } = caller
    const wanted = { running: 0, compensating: 0, stuck: 0, paused: 0, failed: 0, ...endsImpliedBy(acknowledged) }
    const counts = async () => (await caller.get<{ counts: object }>('/v1/counts')).counts
    await expect.poll(counts, { timeout: WITHIN_MS, interval: READ_AGAIN_MS }).toEqual(wanted)
    for (const { id } of acknowledged) expect([id, await caller.status(`/v1/sagas/${id}`)]).toEqual([id, 200])
    for (const id of refused) expect([id, await caller.status(`/v1/sagas/${id}`)]).toEqual([id, 404])
    run.kill('SIGTERM')
    const { end, stderr } = await run.ended()
    console.info(JSON.stringify({ ...caller.counts, told: told(stderr).length }))
    expect(end).toBe(0)
    expect(told(stderr)).toContain('the log cannot be written: nothing is taken, and all that runs waits until it can')
    expect(told(stderr).length).toBeLessThan(TOLD_MAX)
    const verified = await runKasaga(['verify', '--data-dir', `${disk.path}/data`, '--at-rest'], undefined, disk)
    expect(verified).toMatchObject({ end: 0, stdout: expect.stringContaining('no violation found') })
  })
})
