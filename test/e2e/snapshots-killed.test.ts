/**
 * Snapshots on a real Kafka: an orchestrator is killed in the middle of its work, and the next one reads what came after the
 * last snapshot of each partition, and not the log before it. Every order ends, and the auditor finds nothing.
 */
import { expect, test } from 'vitest'
import { Fleet, type LogLine } from '../support/kafka-home/fleet.ts'
import { openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const EVERY = 100
const PARTITIONS = 12
/** Some thousand records a partition. */
const ORDERS = 2_400
const MORE_ORDERS = 300
const ALL_END_MS = 180_000
const TAKEN = 'partition taken over'
const WARN = 40

const taken = (lines: readonly LogLine[]) => lines.filter(({ msg }) => msg === TAKEN)

await describeReal('snapshots on Kafka', ['kafka', 'postgres'], (servers) => {
  test(
    'who takes over from one that was killed reads the end of the log alone',
    async () => {
      const installation = await openInstallation(servers, 'snapshots')
      const fleet = new Fleet(installation)
      const shop = await Shop.open(installation)
      try {
        const settings = { KASAGA_SNAPSHOT_EVERY: String(EVERY) }
        await fleet.start('inventory', 'payment', 'shipping', 'projector')
        const first = await fleet.startWith('orchestrator', settings)
        await shop.publish(ORDERS, 4_000)
        await shop.allEnd(ALL_END_MS)
        const ends = await shop.home.broker.offsets(shop.topics.events)
        const publishing = shop.publish(MORE_ORDERS, 1_000)
        await new Promise((resolve) => setTimeout(resolve, 700))
        await first.end('SIGKILL')
        const next = await fleet.startWith('orchestrator', settings)
        await publishing
        await expect.poll(() => taken(next.lines).length, { timeout: ALL_END_MS }).toBeGreaterThanOrEqual(PARTITIONS)
        await shop.allEnd(ALL_END_MS)
        const read = taken(next.lines).reduce((sum, { records }) => sum + Number(records), 0)
        const whole = ends.reduce((sum, { end }) => sum + Number(end), 0)
        console.info(JSON.stringify({ test: 'kill -9 with snapshots', read, whole }))
        expect(whole).toBeGreaterThan(PARTITIONS * 10 * EVERY)
        expect(read).toBeLessThan(whole / 4)
        expect(fleet.lines(WARN).filter(({ msg }) => msg.includes('snapshot'))).toEqual([])
        const report = await shop.audit()
        expect({ violations: report.violations, dead: report.deadLetters.total }).toEqual({ violations: [], dead: 0 })
      } finally {
        await fleet.end()
        await shop.close()
        await installation.close()
      }
    },
    3 * ALL_END_MS,
  )
})
