/** Two versions of the engine on one log: side by side where the format is the same; where it is newer, the older one stops. */
import { afterEach, describe, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { Orchestrator } from '../../services/orchestrator/orchestrator.ts'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'
import { sagaClient } from '../../shared/client/saga-client.ts'
import { BatchReader, LOG_FORMAT } from '../../shared/message/batch.ts'
import type { OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewChunk, ViewWriter } from '../../shared/ports/view-store.ts'
import { participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { fabricateLog, order } from '../support/fabricate-log.ts'
import { bank, carrier, fulfil, stock } from '../support/fulfil.ts'
import { asVersion, formatOf } from '../support/other-engine.ts'
import { delivered } from '../support/wire.ts'

const PARTITIONS = 4
const topics = kasagaTopics('kasaga')
const definitions = new Definitions([fulfil])
const ports = { clock: systemClock, random: systemRandom, ids: systemIds, log: noLog, metrics: noMetrics }
const NEWER = { format: LOG_FORMAT + 1, engine: '9.0.0' }
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function orchestrator(broker: Broker): Orchestrator {
  const one = new Orchestrator({ ...ports, broker, definitions, topics, prefix: 'kasaga' })
  closing.push(() => one.stop())
  return one
}

/** A log with participants. Shipping waits until it is let go on. */
async function world() {
  const memory = new MemoryLog({ clock: systemClock })
  const broker = memory.connect()
  closing.push(() => broker.close())
  const sizes = { partitions: PARTITIONS, participantPartitions: 1 }
  await broker.createTopics(topicSpecs('kasaga', sizes, participantsOf(definitions)))
  const shipping = Promise.withResolvers<void>()
  closing.push(async () => shipping.resolve())
  const options = () => ({ ...ports, broker, inbox: new MemoryInbox() })
  const services = [
    participantService(stock, { reserve: async () => ({ parcel: 'p' }), release: async () => null }, options()),
    participantService(bank, { charge: async () => ({ chargeId: 'c' }), refund: async () => null }, options()),
    participantService(
      carrier,
      { ship: () => shipping.promise.then(() => ({ tracking: 't' })), notify: async () => null },
      options(),
    ),
  ]
  for (const service of services) {
    await service.start()
    closing.push(() => service.stop())
  }
  const client = sagaClient({ ...ports, broker, topics, source: '/test' })
  const start = (count: number, from = 0) =>
    Promise.all(
      Array.from({ length: count }, (_, i) => client.start(fulfil, `o-${from + i}`, { id: `o-${from + i}`, cents: 5 })),
    )
  return { memory, broker, start, ship: shipping.resolve }
}

/** The formats of the batches of each partition, in order. */
async function formats(broker: Broker): Promise<number[][]> {
  const all: number[][] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const own: number[] = []
    for await (const records of broker.read(topics.events, partition, 0n))
      for (const record of records) own.push(...[formatOf(record)].filter((format) => format !== undefined))
    all.push(own)
  }
  return all
}

async function audited(broker: Broker) {
  const { violations, sagas } = await audit({ broker, topics, definitions, log: noLog })
  return { violations, ...sagas }
}

test('versions that write the same format work side by side, and take over from one another', async () => {
  const { memory, broker, start, ship } = await world()
  const [one, other] = [
    orchestrator(broker),
    orchestrator(asVersion(memory.connect(), { format: LOG_FORMAT, engine: '0.2.0' })),
  ]
  await one.start()
  await start(10)
  await other.start()
  await start(10, 10)
  await expect.poll(() => one.load.liveSagas + other.load.liveSagas, { timeout: 10_000 }).toBe(20)
  await one.stop()
  ship()
  await expect.poll(async () => (await audited(broker)).completed, { timeout: 10_000 }).toBe(20)
  expect((await audited(broker)).violations).toEqual([])
}, 40_000)

test('an older version that meets a newer format stops and writes nothing, and the newer one loses nothing', async () => {
  const { memory, broker, start, ship } = await world()
  const newerBroker = asVersion(memory.connect(), NEWER)
  const older = orchestrator(broker)
  await older.start()
  await start(20)
  await expect.poll(() => older.load.liveSagas, { timeout: 10_000 }).toBe(20)
  // The newer one takes some partitions over, and goes: the older one is given them back.
  const newer = orchestrator(newerBroker)
  await newer.start()
  await expect.poll(() => newer.ready && newer.load.liveSagas > 0, { timeout: 10_000 }).toBe(true)
  await newer.stop()
  const why: OperationalError = await older.halted
  expect([why.code, why.retriable]).toEqual(['log-format-newer', false])
  expect(why.message).toMatch(
    /offset \d+ of partition \d of kasaga\.events is of log format 2, written by version 9\.0\.0; this version reads up to format 1/,
  )
  expect(older.ready).toBe(false)
  const stood = await formats(broker)
  for (const own of stood) expect(own).toEqual([...own].sort())
  expect(stood.flat()).toContain(NEWER.format)
  // Started again it stops again, and claims nothing.
  const again = orchestrator(broker)
  await again.start()
  expect((await again.halted).code).toBe('log-format-newer')
  const after = await formats(broker)
  after.forEach((own, partition) => {
    if (stood[partition]?.includes(NEWER.format)) expect(own).toEqual(stood[partition])
  })
  const back = orchestrator(newerBroker)
  await back.start()
  ship()
  await expect.poll(async () => (await audited(newerBroker)).completed, { timeout: 10_000 }).toBe(20)
  expect((await audited(newerBroker)).violations).toEqual([])
  await expect(audited(broker)).rejects.toMatchObject({ code: 'log-format-newer' })
}, 40_000)

describe('a header of a newer format', () => {
  const turns = [order('a', 'running'), order('b', 'running')]
  const log = fabricateLog(turns, { chained: true })
  const at = log.findLastIndex(({ key }) => key === null)
  const raised = (value: object) =>
    log.map((record, i) => (i === at ? { ...record, value: Buffer.from(JSON.stringify(value)) } : record))

  test.each([
    ['whose other fields are as they were', { ...JSON.parse(String(Buffer.from(log[at]?.value ?? []))), format: 2 }],
    ['of which nothing else can be read', { format: 2, batch: 'two' }],
    ['which does not count', { format: 3, engine: '4.0.0', number: 1 }],
  ])('%s stops whoever reads, before what follows', (_, value) => {
    const reader = new BatchReader()
    const accepted: number[] = []
    const readAll = () => {
      for (const record of raised(value)) accepted.push(...[reader.read(record)?.header.number ?? []].flat())
    }
    expect(readAll).toThrow(/run the newer version/)
    expect(accepted).toEqual([1])
  })

  test('in a record that is an event, or of another type, says nothing', () => {
    const [event] = log.filter(({ key }) => key !== null)
    if (!event) throw new Error('there are events')
    const reader = new BatchReader()
    const stray = delivered({ key: null, value: '{"format":9}', headers: [] })
    expect(() =>
      [stray, { ...event, value: Buffer.from('{"format":9}') }].map((record) => reader.read(record)),
    ).not.toThrow()
  })

  test('stops a projector, which writes what stands before it and no more', async () => {
    const broker = new MemoryLog({ clock: systemClock }).connect()
    closing.push(() => broker.close())
    await broker.createTopics([{ name: topics.events, partitions: 1, retention: 'forever' }])
    const records = raised({ ...JSON.parse(String(Buffer.from(log[at]?.value ?? []))), format: 2 })
    await broker.append([{ topic: topics.events, partition: 0, records }])
    const chunks: ViewChunk[] = []
    const projector = await Projector.start({
      ...ports,
      ...{ broker, writer: writerInto(chunks), projections: [sagasProjection] },
      ...{ topic: topics.events, group: 'kasaga.projector.views', onShorterLog: 'refuse' as const },
    })
    closing.push(() => projector.close())
    expect((await projector.halted).code).toBe('log-format-newer')
    expect(projector.ready).toBe(false)
    for (const { moves } of chunks) for (const { to } of moves) expect(to.nextOffset).toBeLessThanOrEqual(BigInt(at))
    await projector.close()
  })
})

function writerInto(chunks: ViewChunk[]): ViewWriter {
  const start = { nextOffset: 0n, nextNumber: 1, commands: 0n, replies: 0n, at: 0 }
  return {
    prepare: async () => {},
    follow: async (topic) => topic,
    reset: async () => {},
    apply: async (chunk) => {
      chunks.push(chunk)
      return 'applied'
    },
    checkpoints: async (projections, partitions) =>
      projections.flatMap(({ name, version }) =>
        partitions.map((partition) => ({ ...start, projection: name, version, partition })),
      ),
  }
}
