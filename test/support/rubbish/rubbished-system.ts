/** Every service on a home, in this process, with what the rubbish tests ask of it. */
import { expect } from 'vitest'
import type { AuditReport } from '../../../services/auditor/report.ts'
import { type Redriven, redrive } from '../../../services/gateway/dead-letters/redrive.ts'
import type { Home } from '../../../services/home.ts'
import { type Everything, startEverything } from '../../../services/one-process/main.ts'
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import type { Order } from '../../../services/orders/order.ts'
import { generateOrders } from '../../../services/orders/order-generator.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { countsByStatus } from '../../../shared/adapters/postgres/view-queries.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type BatchHeader, decodeBatchHeader } from '../../../shared/message/batch.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import { letterOf, noteOf, placeText } from '../../../shared/message/redrive.ts'
import { type KasagaTopics, participantTopic } from '../../../shared/message/topics.ts'
import type { AppendResult } from '../../../shared/ports/broker.ts'
import { noMetrics } from '../../../shared/ports/telemetry.ts'
import { type Ends, endsImpliedBy } from '../kafka-home/shop.ts'
import { NOBODYS_REPLIES } from './rubbish.ts'

export interface RubbishHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

export interface Letter {
  readonly record: LogRecord
  /** All that were given for one place: more than one would be a second dead letter. */
  readonly reasons: readonly string[]
  /** How often it was put back before. */
  readonly redrives: number
}

const ORDERS = 20
export const ALL_END_MS = 60_000
const ALL_TAKEN_MS = 300_000

export class RubbishedSystem {
  readonly topics: KasagaTopics
  readonly expected: Ends = { completed: 0, compensated: 0 }
  readonly #opened: RubbishHome
  readonly #system: Everything
  #rounds = 0

  private constructor(opened: RubbishHome, system: Everything) {
    this.#opened = opened
    this.#system = system
    this.topics = system.topics
  }

  static async start(opened: RubbishHome): Promise<RubbishedSystem> {
    const system = await startEverything(opened.home, opened.prefix)
    await system.open
    await opened.home.broker.createTopics([{ name: NOBODYS_REPLIES, partitions: 1, retention: { days: 1 } }])
    return new RubbishedSystem(opened, system)
  }

  /** Publishes some orders, and adds what they imply to what is expected. */
  async publish(): Promise<readonly Order[]> {
    const round = ++this.#rounds
    const orders = [...generateOrders(ORDERS, `order-${round}`, seededRandom(round))]
    const sagas = orders.map((order) => ({ sagaId: order.id, input: order }))
    await this.#system.client.startMany(fulfilOrder, sagas)
    const { completed, compensated } = endsImpliedBy(orders)
    this.expected.completed += completed
    this.expected.compensated += compensated
    return orders
  }

  async allEnd(): Promise<void> {
    const { db } = (await this.#opened.home.views()).store
    const none = { running: 0, compensating: 0, stuck: 0, paused: 0, failed: 0 }
    await expect.poll(() => countsByStatus(db), { timeout: ALL_END_MS }).toEqual({ ...none, ...this.expected })
  }

  /** Appends as one batch, to the partition of the first key unless told otherwise. */
  async tryAppend(topic: string, records: readonly NewRecord[], partition?: number) {
    const { broker } = this.#opened.home
    const there = partition ?? partitionOf(records[0]?.key ?? '', await broker.partitions(topic))
    const [result] = await broker.append([{ topic, partition: there, records }])
    return { result, partition: there } satisfies { result: AppendResult | undefined; partition: number }
  }

  /** Answers the place of the first record, as `placeOf` names it. */
  async append(topic: string, records: readonly NewRecord[], toPartition?: number): Promise<string> {
    const { result, partition } = await this.tryAppend(topic, records, toPartition)
    if (result?.kind !== 'appended') throw result?.error ?? new Error('no answer')
    return placeOf(topic, partition, result.baseOffset)
  }

  /** By the place that they came from. */
  async deadLetters(): Promise<ReadonlyMap<string, Letter>> {
    const found = new Map<string, Letter>()
    for (const record of await this.records(this.topics.deadLetters)) {
      if (noteOf(record)) continue
      const of = (name: string) => headerOf(record, `dlq-original-${name}`) ?? ''
      const place = placeOf(of('topic'), of('partition'), of('offset'))
      const reasons = found.get(place)?.reasons ?? []
      const redrives = Number(headerOf(record, 'dlq-redrive-count'))
      found.set(place, { record, redrives, reasons: [...reasons, headerOf(record, 'dlq-reason') ?? ''] })
    }
    return found
  }

  /** Puts all letters back where they came from. */
  async redriveAll(): Promise<readonly Redriven[]> {
    const { broker, log } = this.#opened.home
    const letters = (await this.records(this.topics.deadLetters)).flatMap((record) => letterOf(record) ?? [])
    const act = { actor: 'ann', reason: 'to see', at: Date.now(), force: false }
    const ids = letters.map(({ place }) => placeText(place))
    return redrive({ broker, log, metrics: noMetrics, topics: this.topics }, { ...act, ids })
  }

  async batchHeaders(): Promise<{ partition: number; header: BatchHeader }[]> {
    return (await this.records(this.topics.events)).flatMap((record) => {
      const header = decodeBatchHeader(record)
      return header ? [{ partition: record.partition, header }] : []
    })
  }

  audit(): Promise<AuditReport> {
    return verifyHome(this.#opened.home, { topics: this.topics, atRest: true, commands: true })
  }

  async stop(): Promise<void> {
    await this.#system.stop()
    await this.#opened.close()
  }

  /** Appends them as they come, those of one partition as one batch; answers their places in the order given. */
  async appendAll(cases: readonly { readonly topic: string; readonly record: NewRecord }[]): Promise<string[]> {
    const { broker } = this.#opened.home
    const counts = new Map(
      await Promise.all(
        [...new Set(cases.map(({ topic }) => topic))].map(
          async (topic) => [topic, await broker.partitions(topic)] as const,
        ),
      ),
    )
    const placed = cases.map((one, i) => ({
      ...one,
      i,
      partition: partitionOf(one.record.key ?? '', counts.get(one.topic) ?? 1),
    }))
    const groups = [...Map.groupBy(placed, ({ topic, partition }) => `${topic}/${partition}`).values()]
    const batches = groups.map((group) => ({
      topic: group[0]?.topic ?? '',
      partition: group[0]?.partition ?? 0,
      records: group.map(({ record }) => record),
    }))
    const results = await broker.append(batches)
    const places: string[] = []
    results.forEach((result, g) => {
      if (result.kind !== 'appended') throw result.error
      for (const [at, { topic, partition, i }] of (groups[g] ?? []).entries())
        places[i] = placeOf(topic, partition, result.baseOffset + BigInt(at))
    })
    return places
  }

  /** Waits until everything that stands in the topics of inputs and commands has been taken. */
  async allTaken(): Promise<void> {
    const { commands, replies } = this.topics
    const topics = [commands, replies, ...['inventory', 'payment', 'shipping'].map(participantTopic)]
    // Its own dead letter says that all before it was taken.
    const last: NewRecord = { key: 'last', value: 'null', headers: [] }
    const places: string[] = []
    for (const topic of topics)
      for (const { partition } of await this.#opened.home.broker.offsets(topic))
        places.push(await this.append(topic, [last], partition))
    const left = async () => {
      const letters = await this.deadLetters()
      return places.filter((place) => !letters.has(place))
    }
    await expect.poll(left, { timeout: ALL_TAKEN_MS, interval: 500 }).toEqual([])
  }

  async records(topic: string): Promise<LogRecord[]> {
    const { broker } = this.#opened.home
    const all: LogRecord[] = []
    for (const { partition, start } of await broker.offsets(topic))
      for await (const records of broker.read(topic, partition, start)) all.push(...records)
    return all
  }
}

function placeOf(topic: string, partition: number | string, offset: bigint | string): string {
  return `${topic}/${partition}/${offset}`
}
