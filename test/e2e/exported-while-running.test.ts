/** A log that is exported from a real Kafka while sagas run is whole, and audits clean by itself; so does the one at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditReport } from '../../services/auditor/report.ts'
import { exportHome, verifyExport } from '../../services/verify/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Fleet } from '../support/kafka-home/fleet.ts'
import { type Installation, openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const PREFIX = 'exported'
const ORDERS = 600
const ALL_END_MS = 90_000

await describeReal('an export of a log on Kafka', ['kafka', 'postgres'], (servers) => {
  const folder = mkdtempSync(join(tmpdir(), 'kasaga-export-'))
  let installation: Installation & { close(): Promise<void> }
  let fleet: Fleet
  let shop: Shop
  let exports = 0

  beforeAll(async () => {
    installation = await openInstallation(servers, PREFIX)
    fleet = new Fleet(installation)
    shop = await Shop.open(installation)
    await fleet.start('orchestrator', 'orchestrator', 'inventory', 'payment', 'shipping')
  })
  afterAll(async () => {
    await fleet?.end()
    await shop?.close()
    await installation?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function exported(atRest: boolean): Promise<AuditReport> {
    const file = join(folder, `${++exports}.ndjson.gz`)
    await exportHome(shop.home, { file, prefix: PREFIX, commands: true })
    return verifyExport(file, { atRest, commands: true }, noLog)
  }

  test('is clean at any moment, and at rest nothing is left half-way', { timeout: 2 * ALL_END_MS }, async () => {
    const published = shop.publish(ORDERS, 6_000)
    const half: number[] = []
    for (let i = 0; i < 5; i++) {
      const { violations, sagas } = await exported(false)
      expect(violations).toEqual([])
      half.push(sagas.running)
    }
    expect(Math.max(...half)).toBeGreaterThan(0)
    await published
    const ended = async () => {
      const { completed, compensated } = (await exported(false)).sagas
      return completed + compensated
    }
    await expect.poll(ended, { timeout: ALL_END_MS, interval: 1_000 }).toBe(ORDERS)
    const { violations, checked } = await exported(true)
    expect(violations).toEqual([])
    expect(checked.map(({ id }) => id)).toEqual(expect.arrayContaining(['S24', 'S10', 'L1', 'L2', 'L5']))
  })
})
