/** What is due when, and how participants have answered, as the views say it: held against sagas of any shape, left wherever they stood. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { recentCalls } from '../../shared/adapters/postgres/participant-views.ts'
import { listTimers, TIMERS_LISTED_MAX, type TimerRow } from '../../shared/adapters/postgres/timer-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { saga } from '../../shared/saga/builder.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { TIMER_KINDS } from '../../shared/view/timer-kinds.ts'
import { LossyWorld } from '../property/lossy-world.ts'
import type { Choices } from '../property/plans/choices.ts'
import { childDefinitionOf, definitionOf } from '../property/plans/definition.ts'
import { Faults } from '../property/plans/faults.ts'
import { nextVersion } from '../property/plans/next-version.ts'
import { SagaDriver } from '../property/saga-driver.ts'
import { runOf } from '../property/seeded-runs.ts'
import { batchOf } from '../support/fabricate-log.ts'
import { carrier } from '../support/fulfil.ts'
import { naiveRecent } from '../support/naive-recent.ts'
import { pendingTimers } from '../support/pending-timers.ts'

const TOPIC = 'kasaga.events'
const WAIT_MS = 60_000
const RUNS = 250
const CHILD_FROM = 300

/** Sagas of any shape, with their children and forks, moved between versions, and left where they stood. */
function left(seed: number): readonly SagaDriver[] {
  const { plan, luck, moves } = runOf(seed)
  const faults = new Faults(luck)
  const child = childDefinitionOf(plan.slice(CHILD_FROM), faults)
  const next = (from: SagaDriver['definition'], choices: Choices) => nextVersion(from, choices, faults)
  const moving = seed % 2 === 0 ? { next } : {}
  const world = new LossyWorld({ checksEach: false, definition: definitionOf(plan, faults), child, ...moving })
  for (const move of moves) world.take(move)
  return world.drivers
}

const slowShip = saga('slow', { version: 1, input: z.unknown() })
  .pivot('ship', carrier.ship, () => ({ parcel: 'p' }), { timeout: '10 s', progress: '1 s' })
  .output(() => null)

/** A step that has told its progress, which those of any shape never do. */
function slow(): SagaDriver {
  const driver = new SagaDriver(slowShip, { id: sagaId('slow-1') })
  driver.start()
  const [ship] = driver.open()
  if (ship) driver.answer(ship, 'progress', { done: 1 })
  return driver
}

/** A saga with an id of its own, whatever others the run had. */
function renamed({ history, id }: SagaDriver, run: number): { readonly id: string; readonly history: EventEnvelope[] } {
  const own = `r${run}-${id}` as EventEnvelope['sagaId']
  return { id: own, history: history.map((envelope) => ({ ...envelope, sagaId: own })) }
}

const line = (
  id: string,
  { step, direction, kind, at }: { step: string; direction: string; kind: string; at: number },
) => `${id} ${direction} ${step} ${kind} ${at}`
const lineOf = ({ saga_id, due_at, ...row }: TimerRow) => line(saga_id, { ...row, at: due_at })

export function timerRowsSuite(title: string, openStore: () => Promise<ViewStore<ViewTables>>): void {
  describe(`timers, in the views on ${title}`, () => {
    let store: ViewStore<ViewTables>
    let projector: Projector
    const broker = new MemoryLog({ clock: systemClock }).connect()
    const expected: string[] = []
    const histories: EventEnvelope[][] = []
    const owners = new Map<string, number | undefined>()

    beforeAll(async () => {
      store = await openStore()
      await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
      const shared = { broker, clock: systemClock, log: noLog, metrics: noMetrics, onShorterLog: 'refuse' as const }
      const views = { writer: new KyselyViewWriter(store.db, { onServer: true }), projections: [sagasProjection] }
      projector = await Projector.start({ ...shared, ...views, topic: TOPIC, group: 'kasaga.projector.timers' })
      let number = 0
      for (let run = 0; run <= RUNS; run++)
        for (const driver of run < RUNS ? left(run) : [slow()]) {
          const { id, history } = renamed(driver, run)
          if (history.length === 0 || !driver.state) continue
          await broker.append([{ topic: TOPIC, partition: 0, records: batchOf(history, { number: ++number }) }])
          histories.push(history)
          for (const timer of pendingTimers(driver.definition, driver.state)) expected.push(line(id, timer))
          owners.set(id, nextDueAt(driver.definition, driver.state))
        }
      const [{ end } = { end: 0n }] = await broker.offsets(TOPIC)
      await projector.waitFor(0, end, WAIT_MS)
    }, 2 * WAIT_MS)
    afterAll(async () => {
      await projector.close()
      await broker.close()
      await sql`drop schema kasaga cascade`.execute(store.db)
      await store.close()
    })

    /** The whole list, page by page. */
    async function all(limit: number): Promise<readonly TimerRow[]> {
      const found: TimerRow[] = []
      for (let after: TimerRow | undefined; ; ) {
        const { timers, next } = await listTimers(store.db, { limit, ...(after && { after }) })
        found.push(...timers)
        if (!next) return found
        after = timers.at(-1)
      }
    }

    test('are those that the sagas have, whatever has come of them', async () => {
      const rows = await all(TIMERS_LISTED_MAX)
      expect(rows.map(lineOf).sort()).toEqual(expected.toSorted())
      const kinds = new Set(rows.map(({ kind }) => kind))
      expect(TIMER_KINDS.filter((kind) => !kinds.has(kind))).toEqual([])
      expect(rows.some(({ direction }) => direction === 'compensate')).toBe(true)
    })

    test('the first of a saga is not before the engine looks at it next', async () => {
      for (const { saga_id, due_at } of await all(TIMERS_LISTED_MAX))
        expect(owners.get(saga_id) ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(due_at)
    })

    test('how participants have answered is what the logs say, over all of it and over a while', async () => {
      const all = naiveRecent(histories, 0)
      expect(await recentCalls(store.db, 0)).toEqual(all)
      expect(all.some(({ timeouts }) => timeouts > 0) && all.some(({ late }) => late > 0)).toBe(true)
      const ends = histories.flatMap((history) => history.at(-1)?.at ?? []).sort((a, b) => a - b)
      const from = ends[Math.floor(ends.length / 2)] ?? 0
      const some = naiveRecent(histories, from)
      expect(await recentCalls(store.db, from)).toEqual(some)
      const steps = (calls: readonly { readonly steps: number }[]) => calls.reduce((sum, one) => sum + one.steps, 0)
      expect(steps(some)).toBeLessThan(steps(all))
      expect(steps(await recentCalls(store.db, 0, 10))).toBe(10)
    })

    test('come by when they are due, in pages, and are narrowed down', async () => {
      const whole = await all(TIMERS_LISTED_MAX)
      expect(whole.map(({ due_at }) => due_at)).toEqual(whole.map(({ due_at }) => due_at).toSorted((a, b) => a - b))
      expect(await all(7)).toEqual(whole)
      const limit = TIMERS_LISTED_MAX
      for (const kind of TIMER_KINDS)
        expect((await listTimers(store.db, { kind, limit })).timers).toEqual(whole.filter((one) => one.kind === kind))
      const [middle] = whole.slice(Math.floor(whole.length / 2))
      const { saga_id: saga = '', due_at: dueBefore = 0 } = middle ?? {}
      expect((await listTimers(store.db, { saga, limit })).timers).toEqual(whole.filter((one) => one.saga_id === saga))
      expect((await listTimers(store.db, { dueBefore, limit })).timers).toEqual(
        whole.filter(({ due_at }) => due_at < dueBefore),
      )
      expect((await listTimers(store.db, { saga: 'nobody', limit })).timers).toEqual([])
    })
  })
}
