/** The payload store held against the log: what is counted, what is lost, what may be removed. */
import { beforeEach, expect, test } from 'vitest'
import { checkPayloads } from '../../services/payloads/payload-check.ts'
import { ClaimCheckBroker } from '../../shared/adapters/claim-check/claim-check-broker.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { MemoryPayloadStore } from '../../shared/adapters/memory/memory-payload-store.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { PAYLOAD_BYTES_MAX } from '../../shared/message/claim.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { payloadIdOf } from '../../shared/ports/payload-store.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { appendTo, record } from './broker/support.ts'

const LARGE = 'x'.repeat(5_000)
const OTHER = 'y'.repeat(6_000)
const TOPICS = ['a.commands', 'a.events', 'not-there']

let now = 0
let payloads: MemoryPayloadStore
let unredeemed: Broker
let broker: Broker

beforeEach(async () => {
  now = 1_000
  const log = new MemoryLog({ clock: systemClock })
  payloads = new MemoryPayloadStore({ now: () => now })
  unredeemed = log.connect()
  const rule = { valueBytesMax: 1_000, payloadBytesMax: PAYLOAD_BYTES_MAX }
  broker = new ClaimCheckBroker(log.connect(), {
    ...{ store: payloads, rule, clock: systemClock, log: noLog, metrics: noMetrics },
  })
  for (const name of TOPICS.slice(0, 2)) await broker.createTopics([{ name, partitions: 2, retention: 'forever' }])
  await appendTo(broker, ['a.commands', 0], [record(LARGE)])
  await appendTo(broker, ['a.events', 1], [record('small'), record(LARGE), record(OTHER)])
})

const check = (more: { read?: boolean; removeBefore?: number } = {}) =>
  checkPayloads({ unredeemed, payloads, topics: TOPICS, read: false, ...more })

test('counts claims and payloads, which may be fewer, in the topics that are there', async () => {
  expect(await check()).toEqual({
    topics: ['a.commands', 'a.events'],
    claims: 3,
    stored: 2,
    storedBytes: 11_000,
    lost: [],
    orphans: 0,
    orphanBytes: 0,
    removed: 0,
  })
})

test('tells a claim whose payload is missing, with the first record that has it', async () => {
  await payloads.remove(payloadIdOf(Buffer.from(LARGE)), 10_000)
  const { lost } = await check()
  expect(lost).toEqual([{ id: payloadIdOf(Buffer.from(LARGE)), why: 'missing', place: 'a.commands/0/0' }])
})

test('tells a damaged payload when it is asked to read them', async () => {
  const id = payloadIdOf(Buffer.from(OTHER))
  payloads.damage(id)
  expect((await check()).lost).toEqual([])
  expect((await check({ read: true })).lost).toEqual([{ id, why: 'damaged', place: 'a.events/1/2' }])
})

test('removes orphans that are old enough, and nothing else', async () => {
  await payloads.put(Buffer.from('old orphan'))
  now = 5_000
  await payloads.put(Buffer.from('young orphan'))
  expect(await check()).toMatchObject({ orphans: 2, orphanBytes: 22, removed: 0 })
  expect(await check({ removeBefore: 5_000 })).toMatchObject({ orphans: 2, removed: 1, lost: [] })
  expect(await check({ removeBefore: 5_000 })).toMatchObject({ stored: 3, orphans: 1, removed: 0, lost: [] })
})
