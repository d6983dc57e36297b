/** What a rebuild of a view holds on every view store. */
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ordersView } from '../../services/orders/orders-view.ts'
import { Projector } from '../../services/projector/projector.ts'
import { type RebuildOptions, rebuild, rollBack } from '../../services/projector/rebuild.ts'
import { rebuildAsOf } from '../../services/projector/rebuild-as-of.ts'
import type { InProcessBroker } from '../../shared/adapters/in-process/in-process-broker.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { KyselyViewBuilds } from '../../shared/adapters/postgres/view-builds.ts'
import { sagaById, viewHash } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { sleep } from '../../shared/ports/clock.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewBuilds, ViewStore, ViewWriter } from '../../shared/ports/view-store.ts'
import type { Projection } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { batchOf, ENDINGS, order } from '../support/fabricate-log.ts'
import { comparableRows, foldView, tableRows } from '../support/fold-view.ts'

const TOPIC = 'kasaga.events'
const PARTITIONS = 2
const WAIT_MS = 30_000
const PROJECTIONS = [sagasProjection, ordersView]

export function rebuildSuite(title: string, openStore: () => Promise<ViewStore<ViewTables>>): void {
  describe(`a rebuild on ${title}`, () => {
    let store: ViewStore<ViewTables>
    let broker: InProcessBroker
    let log: MemoryLog
    let projector: Projector | undefined
    const open: InProcessBroker[] = []
    let numbers: number[] = []

    beforeAll(async () => {
      store = await openStore()
    })
    afterAll(() => store.close())
    beforeEach(async () => {
      log = new MemoryLog({ clock: systemClock })
      broker = log.connect()
      open.push(broker)
      numbers = [1, 1]
      await broker.createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
    })
    afterEach(async () => {
      await projector?.close()
      projector = undefined
      for (const one of open.splice(0)) await one.close()
      await sql`drop schema kasaga cascade`.execute(store.db)
    })

    async function append(name: string, count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        const partition = i % PARTITIONS
        const events = order(`${name}-${i}`, ENDINGS[i % ENDINGS.length] ?? 'running', 1_000 + i)
        const number = numbers[partition] ?? 1
        numbers[partition] = number + 1
        await broker.append([{ topic: TOPIC, partition, records: batchOf(events, { number }) }])
      }
    }

    async function project(
      projections: readonly Projection[] = PROJECTIONS,
      builds: ViewBuilds = options().builds,
    ): Promise<Projector> {
      const own = log.connect()
      open.push(own)
      projector = await Projector.start({
        broker: own,
        writer: new KyselyViewWriter(store.db),
        builds,
        projections,
        topic: TOPIC,
        group: 'kasaga.projector.views',
        clock: systemClock,
        log: noLog,
        metrics: noMetrics,
        onShorterLog: 'rebuild',
        limits: { retryDelayMinMs: 1, retryDelayMaxMs: 20, chunkIntervalMs: 1 },
      })
      return projector
    }

    async function untilApplied(): Promise<void> {
      for (const { partition, end } of await broker.offsets(TOPIC)) await projector?.waitFor(partition, end, WAIT_MS)
    }

    function options(more: Partial<RebuildOptions> = {}): RebuildOptions {
      const writer = new KyselyViewWriter(store.db)
      const builds = new KyselyViewBuilds(store.db, { writer })
      const ports = { broker, clock: systemClock, writer, builds, topic: TOPIC }
      return { ...ports, own: sagasProjection, compares: true, keepMs: 60_000, ...more }
    }

    /** S16: the tables hold what a fold of the whole log in memory holds. */
    async function expectWhole(schema = 'kasaga', upTo?: (offset: bigint, partition: number) => boolean) {
      const rows = new Map()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records = []
        for await (const some of broker.read(TOPIC, partition, 0n))
          records.push(...some.filter(({ offset }) => upTo?.(offset, partition) ?? true))
        foldView(sagasProjection, records, [], rows)
      }
      for (const name of Object.keys(sagasProjection.tables)) {
        const { rows: found } = await sql<object>`select * from ${sql.table(`${schema}.${name}`)}`.execute(store.db)
        expect(comparableRows(found)).toEqual(comparableRows(tableRows(sagasProjection, rows, name)))
      }
    }

    const hashes = () => Promise.all(Object.values(sagasProjection.tables).map((table) => viewHash(store.db, table)))

    test('finds the same rows, takes the place, and the projector goes on in it', async () => {
      await append('a', 12)
      await project()
      await untilApplied()
      const before = await hashes()
      const report = await rebuild(options())
      expect(await hashes()).toEqual(before)
      expect(report).toMatchObject({ view: 'sagas', version: sagasProjection.version, before: sagasProjection.version })
      expect(report.tables.map(({ table }) => table)).toEqual(Object.keys(sagasProjection.tables))
      for (const table of report.tables)
        expect(table).toMatchObject({ differing: 0, onlyBefore: 0, onlyAfter: 0, isWhole: true })
      expect(report.tables.find(({ table }) => table === 'sagas')?.same).toBe(12)
      await append('b', 6)
      await untilApplied()
      await expectWhole()
    })

    test('tells how many rows differ from those that were read, and puts them right', async () => {
      await append('a', 12)
      await project()
      await untilApplied()
      await sql`update kasaga.sagas set definition = 'damaged' where saga_id = 'a-1'`.execute(store.db)
      await sql`delete from kasaga.steps where saga_id = 'a-2'`.execute(store.db)
      await sql`insert into kasaga.sagas (saga_id) values ('nobody')`.execute(store.db)
      const { tables } = await rebuild(options())
      expect(tables.find(({ table }) => table === 'sagas')).toMatchObject({ same: 11, differing: 1, onlyBefore: 1 })
      expect(tables.find(({ table }) => table === 'steps')?.onlyAfter).toBeGreaterThan(0)
      await expectWhole()
    })

    test('while sagas go on, nothing is lost and nothing is compared wrongly', async () => {
      await append('a', 30)
      await project()
      let written = 0
      let isDone = false
      const writing = (async () => {
        while (!isDone && written < 100) {
          await append(`w${written++}`, 4)
          await sleep(systemClock, 20)
        }
      })()
      const { tables } = await rebuild(options()).finally(() => {
        isDone = true
      })
      await writing
      await untilApplied()
      for (const table of tables) expect(table).toMatchObject({ differing: 0, onlyBefore: 0, onlyAfter: 0 })
      await expectWhole()
    })

    test('ended halfway it goes on where it was', async () => {
      await append('a', 40)
      await project()
      await untilApplied()
      const own = options()
      let chunks = 0
      const once: ViewWriter = {
        ...bound(own.writer),
        async apply(chunk) {
          if (++chunks > 1) throw new Error('killed')
          return own.writer.apply(chunk)
        },
      }
      await expect(rebuild({ ...own, writer: once })).rejects.toThrow('killed')
      const { records } = await rebuild(own)
      const all = (await broker.offsets(TOPIC)).reduce((sum, { end }) => sum + Number(end), 0)
      expect(records).toBeGreaterThan(0)
      expect(records).toBeLessThan(all)
      await expectWhole()
    })

    test('of two that build the same, each chunk is applied by one, and the other is told', async () => {
      await append('a', 40)
      await project()
      await untilApplied()
      const ends = await Promise.allSettled([rebuild(options()), rebuild(options())])
      const told = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code: string }).code] : []))
      expect(told.length).toBeLessThan(2)
      expect(told.filter((code) => code !== 'built-elsewhere')).toEqual([])
      await append('b', 4)
      await untilApplied()
      await expectWhole()
    })

    test('what was kept is brought up to date and takes its place back', async () => {
      await append('a', 12)
      await project()
      await untilApplied()
      await rebuild(options())
      await append('b', 6)
      await untilApplied()
      await sql`update kasaga.sagas set definition = 'damaged'`.execute(store.db)
      expect(await rollBack(options())).toMatchObject({ version: sagasProjection.version })
      await append('c', 6)
      await untilApplied()
      await expectWhole()
      expect(await rollBack(options())).toMatchObject({ version: sagasProjection.version })
      expect((await sagaById(store.db, 'a-1'))?.definition).toBe('damaged')
    })

    test('what is kept goes when its time is over, or at once', async () => {
      await append('a', 4)
      await project()
      await untilApplied()
      const own = options()
      const { keptUntil } = await rebuild(own)
      expect(await own.builds.prune((keptUntil ?? 0) - 1)).toEqual([])
      expect(await own.builds.prune(keptUntil ?? 0)).toEqual(['sagas'])
      await expect(rollBack(own)).rejects.toMatchObject({ code: 'nothing-kept' })
      expect(await rebuild({ ...own, keepMs: 0 })).toMatchObject({ keptUntil: null })
      await expect(rollBack(own)).rejects.toMatchObject({ code: 'nothing-kept' })
      await expectWhole()
    })

    test('as of a place, and as of a time, it lies beside what is read', async () => {
      await append('a', 12)
      await project()
      await untilApplied()
      const own = options()
      const before = await hashes()
      const until = { partition: 0, offset: 20n }
      await rebuildAsOf(own, { until, beside: 'at_place' })
      const { rows } = await sql<{ offset: string }>`
        select max("offset")::text as offset from kasaga_at_place.events where partition = 0`.execute(store.db)
      expect(Number(rows[0]?.offset)).toBeGreaterThanOrEqual(20)
      const { rows: all } = await sql<{ offset: string }>`
        select max("offset")::text as offset from kasaga.events where partition = 0`.execute(store.db)
      expect(Number(rows[0]?.offset)).toBeLessThan(Number(all[0]?.offset))
      await rebuildAsOf(own, { until: { time: Number.MAX_SAFE_INTEGER }, beside: 'at_now' })
      await expectWhole('kasaga_at_now')
      expect(await hashes()).toEqual(before)
      await expect(rebuildAsOf(own, { until: { time: 1 }, beside: 'at_now' })).rejects.toMatchObject({
        code: 'as-of-later',
      })
      expect(await own.builds.drop('sagas', 'at_now')).toBe(true)
      expect(await own.builds.drop('sagas', 'at_now')).toBe(false)
    })

    test('of another version it is built beside the one that is read, which is there meanwhile', async () => {
      await append('a', 12)
      await project()
      await untilApplied()
      await projector?.close()
      await append('b', 6)
      const next = { ...sagasProjection, version: sagasProjection.version + 1 }
      const gate = Promise.withResolvers<void>()
      const { builds } = options()
      const begin = builds.begin.bind(builds)
      builds.begin = async (...args) => {
        await gate.promise
        return begin(...args)
      }
      await project([next, ordersView], builds)
      const { rows } = await sql<{ sagas: number | string }>`select count(*) as sagas from kasaga.sagas`.execute(
        store.db,
      )
      expect(Number(rows[0]?.sagas)).toBe(12)
      const { rows: orders } = await sql<object>`select 1 from kasaga.orders`.execute(store.db)
      expect(orders.length).toBeGreaterThan(0)
      gate.resolve()
      await untilApplied()
      await expectWhole()
      const read = (await builds.generations()).filter(({ projection }) => projection === 'sagas')
      const inOrder = read.toSorted((a, b) => a.version - b.version)
      expect(inOrder.map(({ version, beside }) => [version, beside])).toEqual([
        [sagasProjection.version, 'kept'],
        [next.version, undefined],
      ])
      await append('c', 4)
      await untilApplied()
      await expectWhole()
    })

    test('a projector of the version before leaves it alone from then on', async () => {
      await append('a', 6)
      await project()
      await untilApplied()
      await projector?.close()
      const next = { ...sagasProjection, version: sagasProjection.version + 1 }
      await project([next, ordersView])
      await untilApplied()
      const old = new KyselyViewWriter(store.db)
      expect(await old.checkpoints([sagasProjection], [0, 1])).toEqual([])
      expect((await old.checkpoints([next], [0, 1])).map(({ nextOffset }) => nextOffset > 0n)).toEqual([true, true])
      expect((await options().builds.generations()).filter(({ beside }) => !beside)).toHaveLength(2)
    })

    test('a view that was never built is none', async () => {
      await project([ordersView])
      await expect(rebuild(options())).rejects.toMatchObject({ code: 'no-such-view' })
    })
  })
}

/** Its methods, to be replaced one by one. */
function bound(writer: ViewWriter): ViewWriter {
  return {
    prepare: (projections) => writer.prepare(projections),
    follow: (topic) => writer.follow(topic),
    checkpoints: (projections, partitions) => writer.checkpoints(projections, partitions),
    apply: (chunk) => writer.apply(chunk),
    reset: (one) => writer.reset(one),
  }
}
