/** Processes that are older than the log's format end with an exit code of their own, and the log is as it was. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BATCH_TYPE, LOG_FORMAT } from '../../shared/message/batch.ts'
import { H } from '../../shared/message/headers.ts'
import { Fleet, type ServiceName, ServiceProcess } from '../support/kafka-home/fleet.ts'
import { type Installation, openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const EXIT_OUTDATED = 3
const ENDS_WITHIN_MS = 60_000
const PARTITION = 3

await describeReal('processes that are too old', ['kafka', 'postgres'], (servers) => {
  let installation: Installation & { close(): Promise<void> }
  let fleet: Fleet
  let shop: Shop

  beforeAll(async () => {
    installation = await openInstallation(servers, 'outdated')
    fleet = new Fleet(installation)
    shop = await Shop.open(installation)
    const value = JSON.stringify({ format: LOG_FORMAT + 1, engine: '9.0.0' })
    const records = [{ key: null, value, headers: [[H.type, BATCH_TYPE] as const] }]
    await shop.home.broker.append([{ topic: shop.topics.events, partition: PARTITION, records }])
  })
  afterAll(async () => {
    await fleet?.end()
    await shop?.close()
    await installation?.close()
  })

  test.each<ServiceName>(['orchestrator', 'projector'])('%s', async (name) => {
    const service = new ServiceProcess(name, installation)
    fleet.all.push(service)
    const line = await service.said('this version is older than the log: stopping', ENDS_WITHIN_MS)
    expect(line?.error).toContain(`partition ${PARTITION} of outdated.events is of log format ${LOG_FORMAT + 1}`)
    await expect.poll(() => service.alive, { timeout: ENDS_WITHIN_MS }).toBe(false)
    expect(await service.end('SIGTERM')).toBe(EXIT_OUTDATED)
    const offsets = await shop.home.broker.offsets(shop.topics.events)
    expect(offsets.find(({ partition }) => partition === PARTITION)?.end).toBe(1n)
  })
})
