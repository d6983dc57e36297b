/** Two gateways on a real Kafka drive bulk acts as one: only one of them asks, and the other goes on when that one leaves. */
import { expect, test, vi } from 'vitest'
import { BulkBook } from '../../services/gateway/bulk/bulk-book.ts'
import { BulkDriver } from '../../services/gateway/bulk/bulk-driver.ts'
import { factRecord } from '../../services/gateway/bulk/bulk-record.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { rowsOf, stuck } from '../support/bulk-world.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const SAGAS = 600
const WAIT_MS = 60_000

await describeReal('bulk acts on Kafka', ['kafka'], ({ kafka }) => {
  test('are driven by one of two gateways, and by the other when that one leaves', async () => {
    const prefix = `bulk-${systemIds.next()}`
    const topic = `${prefix}.bulk`
    const sagas = Array.from({ length: SAGAS }, (_, i) => stuck(`s-${String(i).padStart(4, '0')}`, i))
    const sent: { readonly by: number; readonly saga: string; readonly requestId: string }[] = []
    const brokers = await Promise.all([openTestKafka(kafka), openTestKafka(kafka)])
    const [own] = brokers
    const specs = topicSpecs(prefix, { partitions: 1, participantPartitions: 1 }, [])
    await own.createTopics(specs.filter(({ name }) => name === topic))
    const drivers = brokers.map((broker, by) => {
      const driver = new BulkDriver({
        ...{ broker, topic, prefix, clock: systemClock, ids: systemIds, log: noLog, metrics: noMetrics },
        reads: rowsOf(() => sagas),
        carryOut: async ({ sagaId, requestId }) => void sent.push({ by, saga: sagaId, requestId }),
      })
      driver.start()
      return driver
    })
    try {
      const at = Date.now()
      const why = { actor: 'ann', reason: 'why', at }
      const asked = { kind: 'asked', act: { kind: 'retry' }, filter: { status: 'stuck' }, rate: 50, ...why } as const
      await own.append([{ topic, partition: 0, records: [factRecord('bulk-a', asked, at)] }])
      await vi.waitUntil(() => sent.length >= 20, { timeout: WAIT_MS, interval: 20 })
      // Which one it is may change once more while the second comes into the group.
      const first = await vi.waitUntil(() => drivers.find(({ drives }) => drives), { timeout: WAIT_MS })
      await first.stop()
      const book = new BulkBook({ broker: own, log: noLog, topic })
      const ended = async () => (await book.find('bulk-a'))?.ended
      const end = await vi.waitUntil(ended, { timeout: WAIT_MS, interval: 50 })
      expect(end).toMatchObject({ as: 'done', sagas: SAGAS, done: SAGAS, refused: {} })
      expect(sent.at(-1)?.by).toBe(1 - drivers.indexOf(first))
      // Never two at the same time, and who left had noted what it had asked: each in its order, and once.
      expect(sent.map(({ requestId }) => requestId)).toEqual(sagas.map(({ id }) => `bulk-a/${id}`))
    } finally {
      await Promise.all(drivers.map((driver) => driver.stop()))
      await Promise.all(brokers.map((broker) => broker.close()))
    }
  })
})
