/**
 * A folder that is started in while its disk is full, and one whose disk has no room for a large value: each is told, nothing is
 * lost, and it goes on once there is room.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { generateOrders } from '../../services/orders/order-generator.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { killLeftovers, type Running, runKasaga, startKasaga } from '../support/demo-process.ts'
import { describeOnSmallDisk, type SmallDisk } from '../support/disk/small-disk.ts'
import { endsImpliedBy } from '../support/kafka-home/shop.ts'

const DISK_BYTES = 112_000_000
const LARGE_UNTIL_ROOM = fileURLToPath(new URL('../support/disk/large-until-room.ts', import.meta.url))
const ORDERS = 20
const WITHIN = { timeout: 180_000, interval: 100 }

afterEach(killLeftovers)

const dev = (disk: SmallDisk) => ['dev', '--data-dir', `${disk.path}/data`, '--port', '0']

async function running(disk: SmallDisk): Promise<{ readonly run: Running; readonly url: string }> {
  const run = startKasaga(dev(disk), undefined, disk)
  await run.says('stdout', /Ctrl-C ends it/)
  const url = /API +(http:\S+)\/v1/.exec(run.stdout)?.[1]
  if (url === undefined) throw new Error(`it does not run: ${run.stderr}`)
  return { run, url }
}

async function stopped({ run }: { readonly run: Running }): Promise<void> {
  run.kill('SIGTERM')
  expect((await run.ended()).end).toBe(0)
}

async function post(url: string, path: string, body: object): Promise<{ status: number; code: string | undefined }> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, code: ((await answer.json()) as { code?: string }).code }
}

const countsOf = async (url: string) => ((await (await fetch(`${url}/v1/counts`)).json()) as { counts: object }).counts

await describeOnSmallDisk('a disk that is full at the start', DISK_BYTES, (disk) => {
  test('is told in one line, and what was there is there once it has room', { timeout: 900_000 }, async () => {
    const orders = [...generateOrders(ORDERS, 'early', seededRandom(5))]
    const counts = { running: 0, compensating: 0, stuck: 0, paused: 0, failed: 0, ...endsImpliedBy(orders) }
    const first = await running(disk)
    for (const order of orders) {
      const started = { definition: fulfilOrder.name, id: order.id, input: order }
      expect(await post(first.url, '/v1/sagas', started)).toMatchObject({ status: 202 })
    }
    await expect.poll(() => countsOf(first.url), WITHIN).toEqual(counts)
    await stopped(first)

    disk.fill(0)
    const refused = await runKasaga(dev(disk), undefined, disk)
    expect(refused).toMatchObject({ end: 2, stdout: '' })
    expect(refused.stderr).toMatch(/^error: .*disk is full\nTry again\n$/)

    disk.free()
    const second = await running(disk)
    await expect.poll(() => countsOf(second.url), WITHIN).toEqual(counts)
    await stopped(second)
    const verified = await runKasaga(['verify', '--data-dir', `${disk.path}/data`, '--at-rest'], undefined, disk)
    expect(verified).toMatchObject({ end: 0, stdout: expect.stringContaining('no violation found') })
  })

  test('and a large value that it has no room for is refused, while others are taken, until it has', {
    timeout: 300_000,
  }, async () => {
    const [command = '', ...words] = [...disk.below, process.execPath, LARGE_UNTIL_ROOM, disk.path]
    const { stdout } = await promisify(execFile)(command, words, { timeout: 240_000 })
    expect(JSON.parse(stdout)).toEqual({
      appends: ['appended', 'refused payload-store-full', 'appended', 'appended'],
      read: [`a ${1_500_000}`, 'c 10', `d ${1_500_000}`],
    })
  })
})
