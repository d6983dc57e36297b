/** What the projector holds on every view store. */
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ordersView } from '../../services/orders/orders-view.ts'
import type { ProjectorOptions } from '../../services/projector/options.ts'
import { Projector } from '../../services/projector/projector.ts'
import type { InProcessBroker } from '../../shared/adapters/in-process/in-process-broker.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { KyselyViewBuilds } from '../../shared/adapters/postgres/view-builds.ts'
import {
  checkpointOf,
  countsByStatus,
  durations,
  historyOf,
  listSagas,
  sagaById,
  stepsOf,
  viewHash,
  workDone,
} from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewChunk, ViewStore, ViewWriter } from '../../shared/ports/view-store.ts'
import { type Projection, projection } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { int, table, text } from '../../shared/view/table.ts'
import type { ViewRows } from '../../shared/view/view-rows.ts'
import { batchOf, ENDINGS, order } from '../support/fabricate-log.ts'
import { comparableRows, foldView, tableRows } from '../support/fold-view.ts'

const TOPIC = 'kasaga.events'
const PARTITIONS = 2
const WAIT_MS = 30_000
const PROJECTIONS = [sagasProjection, ordersView]

/** Everything that one test makes, taken down in order. */
interface Bench {
  readonly log: MemoryLog
  readonly broker: InProcessBroker
  readonly store: ViewStore<ViewTables>
  readonly open: InProcessBroker[]
  readonly projectors: Projector[]
  readonly numbers: number[]
}

export function projectorSuite(title: string, openStore: () => Promise<ViewStore<ViewTables>>): void {
  describe(`the projector on ${title}`, () => {
    let bench: Bench
    let store: ViewStore<ViewTables>

    beforeAll(async () => {
      store = await openStore()
    })
    afterAll(() => store.close())

    beforeEach(async () => {
      const log = new MemoryLog({ clock: systemClock })
      const broker = log.connect()
      await broker.createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
      bench = { log, broker, store, open: [broker], projectors: [], numbers: [1, 1] }
    })

    afterEach(async () => {
      for (const projector of bench.projectors) await projector.close()
      for (const broker of bench.open) await broker.close()
      await sql`drop schema kasaga cascade`.execute(store.db)
    })

    const writer = () => new KyselyViewWriter(bench.store.db)

    async function start(options: Partial<ProjectorOptions> = {}): Promise<Projector> {
      const broker = bench.log.connect()
      bench.open.push(broker)
      const limits = { retryDelayMinMs: 1, retryDelayMaxMs: 20, chunkIntervalMs: 1 }
      const given = {
        broker,
        writer: writer(),
        builds: new KyselyViewBuilds(bench.store.db, { writer: writer() }),
        projections: PROJECTIONS,
        topic: TOPIC,
        group: 'kasaga.projector.views',
      }
      const rest = { clock: systemClock, log: noLog, metrics: noMetrics, onShorterLog: 'rebuild' as const, limits }
      const projector = await Projector.start({ ...given, ...rest, ...options })
      bench.projectors.push(projector)
      return projector
    }

    async function append(partition: number, events: readonly EventEnvelope[]): Promise<void> {
      const number = bench.numbers[partition] ?? 1
      bench.numbers[partition] = number + 1
      await bench.broker.append([{ topic: TOPIC, partition, records: batchOf(events, { number }) }])
    }

    /** Orders of every ending, in batches of three events. */
    async function appendOrders(name: string, count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        const events = order(`${name}-${i}`, ENDINGS[i % ENDINGS.length] ?? 'running', 1_000 + i)
        for (let from = 0; from < events.length; from += 3) await append(i % PARTITIONS, events.slice(from, from + 3))
      }
    }

    async function untilApplied(projector: Projector): Promise<void> {
      const offsets = await bench.broker.offsets(TOPIC)
      await Promise.all(offsets.map(({ partition, end }) => projector.waitFor(partition, end, WAIT_MS)))
      expect(projector.caughtUp(new Map(offsets.map(({ partition, end }) => [partition, end])))).toBe(true)
    }

    async function folded(own: Projection): Promise<ViewRows> {
      const rows: ViewRows = new Map()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records: LogRecord[] = []
        for await (const some of bench.broker.read(TOPIC, partition, 0n)) records.push(...some)
        foldView(own, records, [], rows)
      }
      return rows
    }

    /** S16: the tables hold what a fold of the whole log in memory holds. */
    async function expectRebuilt(projections: readonly Projection[] = PROJECTIONS): Promise<void> {
      for (const own of projections) {
        const rows = await folded(own)
        for (const name of Object.keys(own.tables)) {
          const found = await bench.store.db
            .selectFrom(`kasaga.${name}` as 'kasaga.sagas')
            .selectAll()
            .execute()
          expect(comparableRows(found)).toEqual(comparableRows(tableRows(own, rows, name)))
        }
      }
    }

    test('the rows are those of a rebuild, whatever came before and after its start', async () => {
      await appendOrders('before', 12)
      const projector = await start()
      await untilApplied(projector)
      await expectRebuilt()
      await appendOrders('after', 12)
      await untilApplied(projector)
      await expectRebuilt()
      expect([...(await projector.lag()).values()]).toEqual([0n, 0n])
    })

    test('goes on at its checkpoint after a restart, and skips void batches', async () => {
      await appendOrders('a', 6)
      const first = await start()
      await untilApplied(first)
      await first.close()
      const stale = batchOf(order('void', 'completed'), { number: 1, owner: 'stale' })
      await bench.broker.append([{ topic: TOPIC, partition: 0, records: stale }])
      await appendOrders('b', 6)
      let events = 0
      const counted = {
        ...sagasProjection,
        event: (...args: Parameters<typeof sagasProjection.event>) => {
          events++
          sagasProjection.event(...args)
        },
      }
      await untilApplied(await start({ projections: [counted, ordersView] }))
      expect(events).toBe((await folded(sagasProjection)).get('events')?.size ? await countOf('b') : -1)
      expect(await sagaById(bench.store.db, 'void')).toBeUndefined()
      await expectRebuilt()
    })

    async function countOf(name: string): Promise<number> {
      const rows = await bench.store.db.selectFrom('kasaga.events').select('saga_id').execute()
      return rows.filter((row) => row.saga_id.startsWith(`${name}-`)).length
    }

    test('a second installation is refused the views of the first, which go on', async () => {
      await appendOrders('a', 2)
      const first = await start()
      await untilApplied(first)
      await bench.broker.createTopics([{ name: 'other.events', partitions: PARTITIONS, retention: 'forever' }])
      const second = start({ topic: 'other.events', group: 'other.projector.views' })
      await expect(second).rejects.toMatchObject({
        code: 'views-of-another-log',
        retriable: false,
        message: expect.stringContaining('follow kasaga.events, not other.events'),
      })
      await appendOrders('b', 2)
      await untilApplied(first)
      await expectRebuilt()
    })

    test('a crash between rows and commit leaves neither; a lost answer to a commit applies nothing twice', async () => {
      await appendOrders('a', 12)
      const own = writer()
      let torn = 0
      let lost = 0
      const trouble = () => new OperationalError('view-store-trouble', 'gone', { where: 'test', retriable: true })
      const failing: ViewWriter = {
        prepare: (projections) => own.prepare(projections),
        follow: (topic) => own.follow(topic),
        checkpoints: (projections, partitions) => own.checkpoints(projections, partitions),
        reset: (one) => own.reset(one),
        async apply(chunk) {
          if (torn++ < 3) return applyTorn(own, chunk).then(() => Promise.reject(trouble()))
          const result = await own.apply(chunk)
          if (lost++ < 3) throw trouble()
          return result
        },
      }
      const projector = await start({
        writer: failing,
        limits: { chunkEventsMax: 5, retryDelayMinMs: 1, retryDelayMaxMs: 5 },
      })
      await untilApplied(projector)
      expect(torn).toBeGreaterThan(6)
      expect(lost).toBeGreaterThan(3)
      await expectRebuilt()
    })

    /** Writes all rows of the chunk, then one that the database refuses: the transaction ends before its commit. */
    async function applyTorn(own: ViewWriter, chunk: ViewChunk): Promise<void> {
      const before = await rowCount()
      const nowhere = table('nowhere', { key: ['id'], columns: { id: text } })
      const refused = { table: nowhere, changes: new Map([['x', { put: true, row: { id: 'x' } }]]) }
      await expect(own.apply({ ...chunk, tables: [...chunk.tables, refused] })).rejects.toThrow('nowhere')
      expect(await rowCount()).toBe(before)
    }

    const rowCount = async () => (await bench.store.db.selectFrom('kasaga.events').select('seq').execute()).length

    test('of two projectors that own one partition, each chunk is applied by one', async () => {
      const conflicts = { count: 0 }
      const metrics = { ...noMetrics, count: (name: string) => name.includes('conflicts') && conflicts.count++ }
      const limits = { chunkEventsMax: 3, retryDelayMinMs: 1, retryDelayMaxMs: 5, chunkIntervalMs: 0 }
      const shared = { metrics: { ...noMetrics, count: (name: string) => void metrics.count(name) }, limits }
      // Two groups: each of them assigns every partition, as two sides of a split group would.
      const one = await start({ ...shared, group: 'one' })
      const two = await start({ ...shared, group: 'two' })
      await appendOrders('a', 40)
      await untilApplied(one)
      await untilApplied(two)
      expect(conflicts.count).toBeGreaterThan(0)
      await expectRebuilt()
    })

    test('a projection that throws stands still alone, and is whole once it is mended', async () => {
      const seen = table('seen', { key: ['saga_id'], columns: { saga_id: text, events: int } })
      const counting = (mended: boolean) =>
        projection({
          name: 'seen',
          version: 1,
          tables: { seen },
          event({ sagaId, seq }, changes) {
            if (!mended && sagaId === 'a-2') throw new Error('a mistake')
            changes.put('seen', { saga_id: sagaId, events: seq })
          },
        })
      const errors: string[] = []
      const log = { ...noLog, error: (message: string) => void errors.push(message) }
      await appendOrders('a', 4)
      const broken = await start({ projections: [...PROJECTIONS, counting(false)], log })
      await untilApplied(broken)
      await broken.close()
      expect(errors).toEqual(['a projection is broken and stands still on a partition'])
      await expectRebuilt()
      expect((await checkpointOf(bench.store.db, 0, 'seen'))?.nextOffset).toBe(0n)
      expect((await checkpointOf(bench.store.db, 1, 'seen'))?.nextOffset).toBeGreaterThan(0n)
      await untilApplied(await start({ projections: [...PROJECTIONS, counting(true)] }))
      await expectRebuilt([...PROJECTIONS, counting(true)])
    })

    test('rows that the database refuses take down their projection only', async () => {
      const wrong = table('wrong', { key: ['saga_id'], columns: { saga_id: text, amount: int } })
      const refused = projection({
        name: 'wrong',
        version: 1,
        tables: { wrong },
        event: ({ sagaId }, changes) => changes.put('wrong', { saga_id: sagaId, amount: 2 ** 40 }),
      })
      await appendOrders('a', 4)
      await untilApplied(await start({ projections: [refused, ...PROJECTIONS] }))
      await expectRebuilt()
    })

    test('text that Postgres cannot hold is kept without what it cannot hold', async () => {
      const [started, ...rest] = order('odd', 'completed')
      if (started?.event.type !== 'saga-started') throw new Error('the first event starts the saga')
      const input = { id: 'nul \0 and half \ud800 a pair', country: 'NO', lines: [] }
      await append(0, [{ ...started, event: { ...started.event, input } }, ...rest])
      await untilApplied(await start())
      const rows = await bench.store.db
        .selectFrom('kasaga.orders' as 'kasaga.sagas')
        .selectAll()
        .execute()
      expect(rows).toMatchObject([{ order_id: 'nul \ufffd and half \ufffd a pair' }])
      expect((await historyOf(bench.store.db, 'odd'))[0]?.data).toMatchObject({
        input: { id: input.id },
      })
    })

    test('a log that ends before the checkpoint: the views are built anew, or the start is refused', async () => {
      await appendOrders('a', 6)
      const first = await start()
      await untilApplied(first)
      await first.close()
      const other = new MemoryLog({ clock: systemClock }).connect()
      bench.open.push(other)
      await other.createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
      await expect(start({ broker: other, onShorterLog: 'refuse' })).rejects.toThrow('past the log')
      await start({ broker: other })
      expect(await listSagas(bench.store.db)).toEqual({ sagas: [] })
      // The checkpoints are made again when the partitions have been assigned.
      await expect.poll(async () => (await checkpointOf(bench.store.db, 0))?.nextOffset).toBe(0n)
    })

    test('a higher version is built anew from the start of the log', async () => {
      await appendOrders('a', 6)
      const first = await start()
      await untilApplied(first)
      const hash = await viewHash(bench.store.db, sagasProjection.tables.steps)
      await first.close()
      const next = { ...sagasProjection, version: sagasProjection.version + 1 }
      await untilApplied(await start({ projections: [next, ordersView] }))
      expect((await checkpointOf(bench.store.db, 0))?.version).toBe(next.version)
      expect(await viewHash(bench.store.db, sagasProjection.tables.steps)).toBe(hash)
      await expectRebuilt()
    })

    test('holds its delivery when much waits, and still gets there', async () => {
      await appendOrders('a', 60)
      const limits = { chunkEventsMax: 10, bufferedEventsMax: 20, chunkIntervalMs: 0 }
      await untilApplied(await start({ limits }))
      await expectRebuilt()
    })

    test('a wait that is not met in time says so', async () => {
      const projector = await start()
      await expect(projector.waitFor(0, 1n, 20)).rejects.toMatchObject({ code: 'views-behind' })
    })

    test('queries: pages, counts, steps, history, durations', async () => {
      await appendOrders('a', 12)
      await untilApplied(await start())
      const { db } = bench.store
      const pages: string[] = []
      let after: Awaited<ReturnType<typeof listSagas>>['next']
      do {
        const page = await listSagas(db, after ? { limit: 5, after } : { limit: 5 })
        pages.push(...page.sagas.map(({ saga_id }) => saga_id))
        after = page.next
      } while (after)
      expect(pages).toEqual(Array.from({ length: 12 }, (_, i) => `a-${11 - i}`))
      const stuck = await listSagas(db, { status: 'stuck', definition: 'fulfil-order', idPrefix: 'a-' })
      expect(stuck.sagas.map(({ saga_id, stuck_step }) => [saga_id, stuck_step])).toEqual([
        ['a-8', 'ship'],
        ['a-2', 'ship'],
      ])
      expect(await countsByStatus(db)).toEqual({
        running: 2,
        compensating: 0,
        stuck: 2,
        paused: 0,
        completed: 4,
        compensated: 4,
        failed: 0,
      })
      expect(await durations(db, { status: 'completed' })).toEqual({ ended: 4, p50: 7, p99: 11, max: 11 })
      expect(await workDone(db)).toEqual({ ended: 8, busyMs: 21 })
      expect(await durations(db, { endedFrom: 9e12 })).toEqual({ ended: 0, p50: null, p99: null, max: null })
      expect((await stepsOf(db, 'a-0')).map(({ step }) => step)).toEqual(['stock', 'charge', 'ship'])
      const history = await historyOf(db, 'a-0', { fromSeq: 2, limit: 2 })
      expect(history).toMatchObject([
        { seq: 2, type: 'step-requested', topic: TOPIC, partition: 0, offset: '2', data: { step: 'stock' } },
        { seq: 3, type: 'step-succeeded', data: { output: { parcel: 'p-1' } } },
      ])
      expect(await sagaById(db, 'a-0')).toMatchObject({ status: 'completed', duration_ms: 7 })
      expect(await sagaById(db, 'nobody')).toBeUndefined()
      // Long after the others: the pause before it is no work.
      await db.updateTable('kasaga.sagas').set({ ended_at: 10_000_000 }).where('saga_id', '=', 'a-0').execute()
      expect(await workDone(db)).toEqual({ ended: 8, busyMs: 21 })
    })
  })
}
