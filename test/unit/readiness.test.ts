/** What `/readyz` says of a process: in its group, at work, and nothing reported since that lasts. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { serveHealth } from '../../services/kafka/health-server.ts'
import { Orchestrator } from '../../services/orchestrator/orchestrator.ts'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import type { Broker, GroupListener } from '../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewWriter } from '../../shared/ports/view-store.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { appending } from '../support/participant-doubles.ts'

const topics = kasagaTopics('kasaga')
const ports = { clock: systemClock, random: systemRandom, ids: systemIds, log: noLog, metrics: noMetrics }
const partitionsChanged = new OperationalError('partitions-changed', 'keys moved', { where: 'test', retriable: false })
const away = new OperationalError('broker-unreachable', 'away', { where: 'test', retriable: true })

let broker: Broker
/** Of the last group that was joined. */
let listener: GroupListener | undefined

beforeEach(async () => {
  const memory = new MemoryLog({ clock: systemClock }).connect()
  broker = {
    ...appending(memory, (batches, append) => append(batches)),
    join(options, heard) {
      listener = heard
      return memory.join(options, heard)
    },
  }
  const names = [topics.commands, topics.replies, topics.events, topics.deadLetters, 'loyalty.commands']
  await broker.createTopics(names.map((name) => ({ name, partitions: 2, retention: 'forever' as const })))
})

afterEach(() => broker.close())

interface Started {
  readonly ready: () => boolean
  readonly reasons: () => readonly string[]
  readonly stop: () => Promise<void>
}

const services: Readonly<Record<string, () => { readonly start: () => Promise<Started> }>> = {
  orchestrator: () => ({
    async start() {
      const definitions = new Definitions([])
      const orchestrator = new Orchestrator({ ...ports, broker, definitions, topics, prefix: 'kasaga' })
      expect([orchestrator.ready, orchestrator.notReady]).toEqual([false, ['it is not in its group']])
      await orchestrator.start()
      return { ready: () => orchestrator.ready, reasons: () => orchestrator.notReady, stop: () => orchestrator.stop() }
    },
  }),
  participant: () => ({
    async start() {
      const loyalty = participant('loyalty', { grant: command({ input: z.object({}) }) })
      const inbox = new MemoryInbox()
      const service = participantService(loyalty, { grant: async () => {} }, { ...ports, broker, inbox })
      expect([service.ready, service.notReady]).toEqual([false, ['it is not in its group']])
      await service.start()
      return { ready: () => service.ready, reasons: () => service.notReady, stop: () => service.stop() }
    },
  }),
  projector: () => ({
    async start() {
      const projector = await startProjector(() => Promise.resolve())
      return { ready: () => projector.ready, reasons: () => projector.notReady, stop: () => projector.close() }
    },
  }),
}

function startProjector(reachable: () => Promise<void>): Promise<Projector> {
  const start = { nextOffset: 0n, nextNumber: 1, commands: 0n, replies: 0n, at: 0 }
  const writer: ViewWriter = {
    prepare: async () => {},
    follow: async (topic) => topic,
    reset: async () => {},
    apply: async () => 'applied',
    checkpoints: async (projections, partitions) => {
      await reachable()
      return projections.flatMap(({ name, version }) =>
        partitions.map((partition) => ({ ...start, projection: name, version, partition })),
      )
    },
  }
  return Projector.start({
    ...ports,
    broker,
    writer,
    projections: [sagasProjection],
    topic: topics.events,
    group: 'kasaga.projector.views',
    onShorterLog: 'refuse',
    limits: { retryDelayMinMs: 1, retryDelayMaxMs: 5 },
  })
}

describe.each(Object.entries(services))('%s', (_, make) => {
  test('is ready at work, not before and not after', async () => {
    const service = await make().start()
    onTestFinished(() => service.stop())
    await expect.poll(service.ready).toBe(true)
    await service.stop()
    expect(service.ready()).toBe(false)
  })

  test('is not ready after trouble that lasts, until a partition comes', async () => {
    const service = await make().start()
    onTestFinished(() => service.stop())
    await expect.poll(service.ready).toBe(true)
    listener?.trouble(away)
    expect(service.ready()).toBe(true)
    await Promise.all([0, 1].map((partition) => listener?.revoked(partition)))
    expect(service.ready()).toBe(true)
    listener?.trouble(partitionsChanged)
    expect(service.ready()).toBe(false)
    expect(service.reasons()).toEqual([expect.stringContaining('has reported trouble that lasts')])
    listener?.assigned(1)
    await expect.poll(service.ready).toBe(true)
  })
})

test('a projector whose database is away is not ready until it is back', async () => {
  let isAway = false
  const projector = await startProjector(() => (isAway ? Promise.reject(away) : Promise.resolve()))
  onTestFinished(() => projector.close())
  await expect.poll(() => projector.ready).toBe(true)
  await listener?.revoked(0)
  isAway = true
  listener?.assigned(0)
  expect(projector.notReady).toEqual([expect.stringContaining('partitions that are not followed yet: 1 of')])
  await expect.poll(() => projector.notReady.join()).toContain('the views could not be written')
  isAway = false
  await expect.poll(() => projector.ready).toBe(true)
})

const statusOf = async (port: number, path: string) => (await answerOf(port, path))[0]

function answerOf(port: number, path: string): Promise<readonly [status: number | undefined, body: string]> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false }, async (response) => {
      resolve([response.statusCode, await text(response)])
    })
      .once('error', reject)
      .end()
  })
}

test('health listens on a free port, says which, and asks each time whether the service is ready', async () => {
  let [reasons, live]: [readonly string[], boolean] = [['it is not in its group'], true]
  const parts = { host: '127.0.0.1', registry: new Registry(), notReady: () => reasons, live: () => live }
  const health = await serveHealth({ ...parts, port: 0 })
  onTestFinished(() => health.close())
  expect(health.port).toBeGreaterThan(0)
  expect(await statusOf(health.port, '/healthz')).toBe(200)
  expect(await answerOf(health.port, '/readyz')).toEqual([
    503,
    '{"ready":false,"reasons":["it is not in its group"]}\n',
  ])
  reasons = []
  expect(await answerOf(health.port, '/readyz')).toEqual([200, '{"ready":true,"reasons":[]}\n'])
  live = false
  expect(await statusOf(health.port, '/healthz')).toBe(503)
  expect(await statusOf(health.port, '/metrics')).toBe(200)
  expect(await statusOf(health.port, '/nothing')).toBe(404)
  await expect(serveHealth({ ...parts, port: health.port })).rejects.toMatchObject({
    code: 'address-unusable',
    message: expect.stringContaining('set KASAGA_PORT'),
  })
})
