/**
 * Rubbish on every topic of a whole installation that runs in this process, on whichever home: each record becomes one
 * dead letter with its reason or is ignored, the orders around it all end, and the auditor finds nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Home } from '../../../services/home.ts'
import { type Everything, startEverything } from '../../../services/one-process/main.ts'
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import type { Order } from '../../../services/orders/order.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { countsByStatus } from '../../../shared/adapters/postgres/view-queries.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type BatchHeader, batchRecord, decodeBatchHeader } from '../../../shared/message/batch.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import { type Ends, endsImpliedBy } from '../kafka-home/shop.ts'
import { commandRubbish, GARBAGE, participantRubbish, type Rubbish, replyRubbish } from './rubbish.ts'

export interface RubbishHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

const ORDERS = 20
const ALL_END_MS = 20_000
const ANSWERS_OF_RUBBISH = 'nobodys.replies'

interface Thrown extends Rubbish {
  readonly topic: string
  /** `topic/partition/offset` */
  readonly place: string
}

export function rubbishSuite(open: () => Promise<RubbishHome>): void {
  let opened: RubbishHome
  let system: Everything
  const expected: Ends = { completed: 0, compensated: 0 }
  let batches = 0

  beforeAll(async () => {
    opened = await open()
    system = await startEverything(opened.home, opened.prefix)
    await system.open
    await opened.home.broker.createTopics([{ name: ANSWERS_OF_RUBBISH, partitions: 1, retention: { days: 1 } }])
  })
  afterAll(async () => {
    await system?.stop()
    await opened?.close()
  })

  async function publish(): Promise<readonly Order[]> {
    const orders = [...generateOrders(ORDERS, `order-${++batches}`, seededRandom(batches))]
    await system.client.startMany(
      fulfilOrder,
      orders.map((order) => ({ sagaId: order.id, input: order })),
    )
    const { completed, compensated } = endsImpliedBy(orders)
    expected.completed += completed
    expected.compensated += compensated
    return orders
  }

  async function allEnd(): Promise<void> {
    const { db } = (await opened.home.views()).store
    const none = { running: 0, compensating: 0, stuck: 0 }
    await expect.poll(() => countsByStatus(db), { timeout: ALL_END_MS }).toEqual({ ...none, ...expected })
  }

  async function append(topic: string, records: readonly NewRecord[], partition?: number): Promise<string> {
    const { broker } = opened.home
    const key = records[0]?.key
    const there = partition ?? partitionOf(key ?? '', await broker.partitions(topic))
    const [result] = await broker.append([{ topic, partition: there, records }])
    if (result?.kind !== 'appended') throw result?.error ?? new Error('no answer')
    return `${topic}/${there}/${result.baseOffset}`
  }

  async function read(topic: string): Promise<LogRecord[]> {
    const all: LogRecord[] = []
    for (const { partition, start } of await opened.home.broker.offsets(topic))
      for await (const records of opened.home.broker.read(topic, partition, start)) all.push(...records)
    return all
  }

  /** Dead letters by the place that they came from: all reasons that were given. */
  async function deadLetters(): Promise<Map<string, { reasons: string[]; letter: LogRecord }>> {
    const found = new Map<string, { reasons: string[]; letter: LogRecord }>()
    for (const letter of await read(system.topics.deadLetters)) {
      const of = (name: string) => headerOf(letter, `dlq-original-${name}`)
      const place = `${of('topic')}/${of('partition')}/${of('offset')}`
      const reasons = found.get(place)?.reasons ?? []
      found.set(place, { letter, reasons: [...reasons, headerOf(letter, 'dlq-reason') ?? ''] })
    }
    return found
  }

  async function headers(): Promise<{ partition: number; header: BatchHeader }[]> {
    return (await read(system.topics.events)).flatMap((record) => {
      const header = decodeBatchHeader(record)
      return header ? [{ partition: record.partition, header }] : []
    })
  }

  test('records that cannot be used become dead letters with their reasons, or are ignored', async () => {
    const [first] = await publish()
    await allEnd()
    if (!first) throw new Error('no order')
    const { commands, replies } = system.topics
    const ended = { id: first.id, input: first as unknown as Parameters<typeof commandRubbish>[0]['input'] }
    const participants = ['inventory', 'payment', 'shipping']
    const all = [
      ...commandRubbish(ended).map((rubbish) => ({ ...rubbish, topic: commands })),
      ...replyRubbish(ended).map((rubbish) => ({ ...rubbish, topic: replies })),
      ...participants.flatMap((name) =>
        participantRubbish(name).map((rubbish) => ({ ...rubbish, topic: participantTopic(name) })),
      ),
    ]
    const thrown: Thrown[] = []
    for (const [i, rubbish] of all.entries()) {
      thrown.push({ ...rubbish, place: await append(rubbish.topic, [rubbish.record]) })
      if (i === Math.floor(all.length / 2)) await publish()
    }
    await publish()
    await allEnd()
    const dead = thrown.filter(({ becomes }) => becomes !== 'ignored')
    await expect
      .poll(async () => (await deadLetters()).size, { timeout: ALL_END_MS })
      .toBeGreaterThanOrEqual(dead.length)
    const letters = await deadLetters()
    const told = thrown.map(({ topic, name, place }) => [topic, name, letters.get(place)?.reasons ?? ['ignored']])
    expect(told).toEqual(thrown.map(({ topic, name, becomes }) => [topic, name, [becomes]]))
    expect(letters.size).toBe(dead.length)
    const ignored: Record<string, number> = {}
    for (const { header } of await headers())
      for (const [reason, count] of Object.entries(header.inputs.ignored))
        ignored[reason] = (ignored[reason] ?? 0) + count
    expect(ignored).toMatchObject({ 'duplicate-start': 1, 'saga-ended': 5 })
    // Its bytes come with it, unless it was so large that with the reason it would not fit.
    const letterOf = (rubbish: string) => letters.get(thrown.find(({ name }) => name === rubbish)?.place ?? '')?.letter
    expect([...(letterOf('bytes that are no text')?.value ?? [])]).toEqual([...GARBAGE])
    expect(letterOf('just below the limit')?.value).toBeNull()
  })

  test('a record that is too large for the log is refused before it gets there', async () => {
    const value = `"${'x'.repeat(1_100_000)}"`
    const [result] = await opened.home.broker.append([
      { topic: system.topics.commands, partition: 0, records: [{ key: 'k', value, headers: [] }] },
    ])
    expect(result).toMatchObject({ kind: 'refused', error: { code: 'record-too-large' } })
  })

  test('strange records in the log are passed over by everyone, and its owner goes on', async () => {
    const forged = (header: Partial<BatchHeader>) => {
      const inputs = { applied: 0, deadLettered: 0, ignored: {} }
      const rest = { number: 1, owner: 'forger', count: 0, commands: 0n, replies: 0n, sentThrough: 0, inputs }
      return batchRecord({ ...rest, ...header }, 0, '/forger')
    }
    const stray: NewRecord = { key: 'nobody-1', value: 'nonsense', headers: [[' ', new Uint8Array([0xff])]] }
    const { events } = system.topics
    const numbers = new Map((await headers()).map(({ partition, header }) => [partition, header.number]))
    for (const [partition, number] of numbers) {
      // A stray, one of an old number, one that claims more than follows, one cut short.
      await append(events, [stray], partition)
      await append(events, [forged({ number: 1 })], partition)
      await append(events, [forged({ number: number + 1, count: 1_000_000 })], partition)
      await append(events, [forged({ number: number + 1, count: 3 }), stray], partition)
    }
    await publish()
    await allEnd()
    const report = await verifyHome(opened.home, { topics: system.topics, atRest: true, commands: true })
    expect(report.violations).toEqual([])
    expect(report.sagas).toMatchObject({ ...expected, running: 0, stuck: 0 })
    expect(report.strayRecords).toBeGreaterThanOrEqual(numbers.size)
    // The last of a partition that got no order since may be open still.
    expect(report.voidBatches).toBeGreaterThanOrEqual(numbers.size * 2)
  })
}
