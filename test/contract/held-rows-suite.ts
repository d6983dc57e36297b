/** Who waits for which participant, as the views say it: held against sagas of any shape, left wherever they stood. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outlineOf } from '../../services/auditor/saga-outline.ts'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { HELD_LISTED_MAX, heldCounts, heldStepsOf } from '../../shared/adapters/postgres/held-queries.ts'
import { stepsOf } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { participantsOf } from '../property/held-watch.ts'
import { definitionOf } from '../property/plans/definition.ts'
import { Faults } from '../property/plans/faults.ts'
import { SagaDriver } from '../property/saga-driver.ts'
import { make } from '../property/saga-moves.ts'
import { runOf } from '../property/seeded-runs.ts'
import { batchOf } from '../support/fabricate-log.ts'
import { Play } from '../support/play.ts'
import { GATED, plan } from '../unit/saga/shapes/held.ts'

const TOPIC = 'kasaga.events'
const WAIT_MS = 30_000
const SAGAS = 250

/** A saga of any shape that is left where its moves have brought it, all of its participants gated at first. */
function left(seed: number): SagaDriver {
  const { plan, luck, moves } = runOf(seed)
  const driver = new SagaDriver(definitionOf(plan, new Faults(luck)), { id: sagaId(`s-${seed}`) })
  driver.gated = new Set(participantsOf(driver.definition))
  driver.start()
  for (const move of moves) make(driver, move)
  return driver
}

export function heldRowsSuite(title: string, openStore: () => Promise<ViewStore<ViewTables>>): void {
  describe(`steps that wait, in the views on ${title}`, () => {
    let store: ViewStore<ViewTables>
    let projector: Projector
    const broker = new MemoryLog({ clock: systemClock }).connect()
    let number = 0

    beforeAll(async () => {
      store = await openStore()
      await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
      const shared = { broker, clock: systemClock, log: noLog, metrics: noMetrics, onShorterLog: 'refuse' as const }
      const views = { writer: new KyselyViewWriter(store.db), projections: [sagasProjection] }
      projector = await Projector.start({ ...shared, ...views, topic: TOPIC, group: 'kasaga.projector.held' })
    })
    afterAll(async () => {
      await projector.close()
      await broker.close()
      await sql`drop schema kasaga cascade`.execute(store.db)
      await store.close()
    })

    async function project(history: SagaDriver['history']): Promise<void> {
      await broker.append([{ topic: TOPIC, partition: 0, records: batchOf(history, { number: ++number }) }])
    }

    async function untilApplied(): Promise<void> {
      const [{ end } = { end: 0n }] = await broker.offsets(TOPIC)
      await projector.waitFor(0, end, WAIT_MS)
    }

    test('are those that the sagas hold, whatever has come of them', async () => {
      const sagas = Array.from({ length: SAGAS }, (_, seed) => left(seed))
      for (const { history } of sagas) await project(history)
      await untilApplied()
      const expected = sagas.flatMap(({ id, held }) =>
        held.map(({ step, direction, participant, key }) => `${id} ${direction} ${step} ${participant} ${key ?? ''}`),
      )
      const rows = await heldStepsOf(store.db, { limit: HELD_LISTED_MAX })
      const found = rows.map(
        ({ saga_id, direction, step, participant, limit_key }) =>
          `${saga_id} ${direction} ${step} ${participant} ${limit_key ?? ''}`,
      )
      expect(found.sort()).toEqual(expected.sort())
      expect(expected.length).toBeGreaterThan(20)
      expect(expected.some((line) => line.includes(' compensate '))).toBe(true)
      // Some were held, and are not any more: by that alone the rows would say too much.
      const { rows: all } = await sql<{ held: number }>`
        select count(*) as held from kasaga.steps where status = 'held'`.execute(store.db)
      expect(Number(all[0]?.held)).toBeGreaterThan(expected.length)
      for (const { id, history } of sagas) {
        const rows = (await stepsOf(store.db, id)).map(
          ({ step, direction, status, attempts }) => `${step}/${direction} ${status} ${attempts ?? 0}`,
        )
        const steps = [...outlineOf(history).steps.values()]
        const audited = steps.map((one) => `${one.step}/${one.direction} ${one.status} ${one.attempts}`)
        expect(rows.sort(), 'the rows are what an audit finds').toEqual(audited.sort())
      }
      const counts = await heldCounts(store.db)
      expect(counts.reduce((sum, { held }) => sum + held, 0)).toBe(expected.length)
    })

    test('come undos first, then by priority, then by age', async () => {
      const started = (id: string, priority: number, at: number): Play => {
        const play = new Play({ ...plan(), priority }, id)
        play.now = at
        play.gated = GATED
        play.start()
        return play
      }
      const back = started('back', 0, 9)
      back.admit()
      back.answer('a')
      back.act('cancel')
      const held = started('paused', 7, 3)
      held.give({ kind: 'pause', sagaId: held.id, requestId: 'p', actor: 'ann', reason: 'so' })
      const all = [started('old', 5, 1), started('young', 5, 2), started('first', 9, 8), back, held]
      for (const { history } of all) await project(history)
      await untilApplied()
      const rows = await heldStepsOf(store.db, { participant: 'shop' })
      expect(rows.map(({ saga_id, direction, priority }) => [saga_id, direction, priority])).toEqual([
        ['back', 'compensate', 0],
        ['first', 'forward', 9],
        ['paused', 'forward', 7],
        ['old', 'forward', 5],
        ['young', 'forward', 5],
      ])
      expect(rows.map(({ paused }) => paused)).toEqual([false, false, true, false, false])
      expect((await heldCounts(store.db)).find(({ participant }) => participant === 'shop')).toEqual({
        participant: 'shop',
        held: 5,
        oldest_at: 1,
      })
      expect(await heldStepsOf(store.db, { participant: 'nobody' })).toEqual([])
      expect(await heldStepsOf(store.db, { participant: 'shop', limit: 2 })).toHaveLength(2)
    })
  })
}
