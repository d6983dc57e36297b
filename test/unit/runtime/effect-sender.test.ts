import { expect, test } from 'vitest'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { OperationalError } from '../../../shared/message/errors.ts'
import { utf8 } from '../../../shared/message/record.ts'
import type { AppendBatch, Broker } from '../../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { EffectSender, type Outgoing } from '../../../shared/runtime/effect-sender.ts'
import { collected } from '../../support/collected.ts'
import { appending, unknownResult } from '../../support/participant-doubles.ts'

const TOPIC = 'stock.commands'
const PARTITIONS = 3

/** A sender on a broker in memory, whose first appends end as told. */
async function rig(faults: readonly ('unknown' | 'throws')[] = []) {
  const clock = new ManualClock()
  const memory = new MemoryLog({ clock }).connect()
  await memory.createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: { days: 1 } }])
  const left = [...faults]
  const appends: (readonly AppendBatch[])[] = []
  const broker = appending(memory, async (batches, append) => {
    appends.push(batches)
    const fault = left.shift()
    if (fault === 'throws') throw new OperationalError('down', 'down', { where: 'test', retriable: true })
    // The first partition of the append is not answered; the others are stored.
    if (fault === 'unknown') return [unknownResult(), ...(await append(batches.slice(1)))]
    return append(batches)
  })
  const sender = new EffectSender({ broker, clock, log: noLog, metrics: noMetrics })
  return { sender, clock, broker: memory, appends }
}

const sizes = (appends: readonly (readonly AppendBatch[])[]) =>
  appends.map((batches) => batches.reduce((sum, { records }) => sum + records.length, 0))

function outgoing(key: string, value: string, sent: string[] = []): Outgoing {
  return { topic: TOPIC, key, record: { key, value, headers: [] }, sent: () => sent.push(value) }
}

async function stored(broker: Broker, clock: ManualClock): Promise<string[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => collected(broker.read(TOPIC, partition, 0n)))
  await clock.advance(100)
  const records = (await Promise.all(partitions)).flat()
  return records.map(({ value }) => utf8(value ?? new Uint8Array()) ?? '')
}

const ofKey = (values: readonly string[], key: string) => values.filter((value) => value.startsWith(`${key}:`))

test.each([[[]], [['unknown']], [['throws', 'unknown', 'throws']]] as const)(
  'effects of a key keep their order, with trouble %j',
  async (faults) => {
    const { sender, clock, broker } = await rig(faults)
    const sent: string[] = []
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (let i = 0; i < 30; i++) {
      for (const key of keys) sender.send(outgoing(key, `${key}:${i}`, sent))
      if (i % 10 === 0) await clock.advance(1)
    }
    await clock.advance(10_000)
    const values = await stored(broker, clock)
    for (const key of keys) expect(ofKey(values, key)).toEqual(Array.from({ length: 30 }, (_, i) => `${key}:${i}`))
    expect(sender.pending).toBe(0)
    expect([...sent].sort()).toEqual([...values].sort())
  },
)

test('what comes while an append is out goes with the next one, and at most 500 with each', async () => {
  const { sender, clock, appends } = await rig()
  sender.send(outgoing('a', 'a:0'))
  for (let i = 1; i < 1_200; i++) sender.send(outgoing('a', `a:${i}`))
  await clock.advance(100)
  expect(sizes(appends)).toEqual([500, 500, 200])
})

test('an append stays below what a broker takes as one batch, and a large record goes alone', async () => {
  const { sender, clock, appends } = await rig()
  for (const bytes of [400_000, 400_000, 400_000, 950_000, 10]) sender.send(outgoing('a', 'x'.repeat(bytes)))
  await clock.advance(100)
  expect(sizes(appends)).toEqual([2, 1, 1, 1])
})

test('it tells once when fewer are pending, and not while an append fails', async () => {
  const { sender, clock } = await rig(['throws'])
  let told = 0
  for (let i = 0; i < 3; i++) sender.send(outgoing('a', `a:${i}`))
  sender.whenRoom({ pendingEffectsMax: 3, pendingEffectBytesMax: 1_000_000 }, () => told++)
  await clock.advance(5)
  expect({ told, pending: sender.pending }).toEqual({ told: 0, pending: 3 })
  await clock.advance(1_000)
  expect({ told, pending: sender.pending }).toEqual({ told: 1, pending: 0 })
  sender.send(outgoing('a', 'a:3'))
  await clock.advance(1_000)
  expect(told).toBe(1)
})

test('once closed nothing more is sent', async () => {
  const { sender, clock, broker } = await rig(['throws'])
  sender.send(outgoing('a', 'a:0'))
  await clock.advance(5)
  sender.close()
  sender.send(outgoing('a', 'a:1'))
  await clock.advance(10_000)
  expect(await stored(broker, clock)).toEqual([])
  expect(sender.pending).toBe(2)
})
