/** Which sagas a filter finds, and which of them are open to an act: held against sagas of any shape, left wherever they stood. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bulkCommand } from '../../services/gateway/bulk/bulk-command.ts'
import { whyNotOpen } from '../../services/gateway/bulk/openness.ts'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { countStandings, meantSagas, standingsOf } from '../../shared/adapters/postgres/bulk-queries.ts'
import { incidentSagas, incidents } from '../../shared/adapters/postgres/operator-queries.ts'
import type { SagaCriteria } from '../../shared/adapters/postgres/saga-filter.ts'
import { listSagas, type SagaMark, stepsOf } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { BulkAct } from '../../shared/client/bulk-api.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { standingOf } from '../../shared/view/standing.ts'
import { definitionOf } from '../property/plans/definition.ts'
import { Faults } from '../property/plans/faults.ts'
import { SagaDriver } from '../property/saga-driver.ts'
import { make } from '../property/saga-moves.ts'
import { runOf } from '../property/seeded-runs.ts'
import { batchOf } from '../support/fabricate-log.ts'

const TOPIC = 'kasaga.events'
const WAIT_MS = 30_000
const SAGAS = 250
const UNDER_WAY = ['requested', 'progressed', 'held', 'retrying', 'waiting', 'open']

const PLAIN: readonly BulkAct[] = [
  { kind: 'cancel' },
  { kind: 'kill' },
  { kind: 'pause', timers: 'hold' },
  { kind: 'resume' },
  { kind: 'retry' },
]

/** A saga of any shape that is left where its moves have brought it; every third one is paused there. */
function left(seed: number): SagaDriver {
  const { plan, luck, moves } = runOf(seed)
  const driver = new SagaDriver(definitionOf(plan, new Faults(luck)), { id: sagaId(`s-${seed}`) })
  driver.start()
  for (const move of moves) make(driver, move)
  if (seed % 3 === 0)
    driver.give({ kind: 'pause', sagaId: driver.id, requestId: 'p', actor: 'ann', reason: 'so', timers: 'hold' })
  return driver
}

/** What its owner would make of the act, as things stand. */
function decided({ definition, state, now, gated }: SagaDriver, act: BulkAct, saga: string) {
  const asked = { act, filter: {}, rate: 1, actor: 'ann', reason: 'why', at: 0 }
  const input = bulkCommand({ id: 'bulk-1', asked }, saga) as SagaInput
  const moment = { now, chance: 0.5, gated }
  const decision = decide({ definition, definitionHash: state?.definitionHash, known: state, input, moment })
  return decision.kind === 'events' ? 'events' : decision.reason
}

export function bulkRowsSuite(title: string, openStore: () => Promise<ViewStore<ViewTables>>): void {
  describe(`sagas that are meant by a bulk act, in the views on ${title}`, () => {
    let store: ViewStore<ViewTables>
    let projector: Projector
    const broker = new MemoryLog({ clock: systemClock }).connect()
    const sagas = Array.from({ length: SAGAS }, (_, seed) => left(seed))
    const ids = sagas.map(({ id }) => id)

    beforeAll(async () => {
      store = await openStore()
      await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
      const shared = { broker, clock: systemClock, log: noLog, metrics: noMetrics, onShorterLog: 'refuse' as const }
      const views = { writer: new KyselyViewWriter(store.db), projections: [sagasProjection] }
      projector = await Projector.start({ ...shared, ...views, topic: TOPIC, group: 'kasaga.projector.bulk' })
      for (const [i, { history }] of sagas.entries())
        await broker.append([{ topic: TOPIC, partition: 0, records: batchOf(history, { number: i + 1 }) }])
      const [{ end } = { end: 0n }] = await broker.offsets(TOPIC)
      await projector.waitFor(0, end, WAIT_MS)
    })
    afterAll(async () => {
      await projector.close()
      await broker.close()
      await sql`drop schema kasaga cascade`.execute(store.db)
      await store.close()
    })

    const found = async (filter: SagaCriteria) =>
      (await listSagas(store.db, { ...filter, limit: SAGAS })).sagas.map(({ saga_id }) => saga_id).toSorted()

    test.each(PLAIN)('%j: open where its owner would do it, and nowhere else', async (act) => {
      const standings = new Map((await standingsOf(store.db, ids)).map((row) => [row.saga_id, row]))
      const seen = { open: 0, refused: 0 }
      for (const driver of sagas) {
        const standing = standings.get(driver.id)
        if (!standing) throw new Error(`no row of ${driver.id}`)
        const why = whyNotOpen(act, standing)
        const outcome = decided(driver, act, driver.id)
        seen[why === undefined ? 'open' : 'refused']++
        // That a cancel was asked for already the views do not say of a pivot whose answer is awaited.
        const fits = why === undefined ? ['events', 'already-cancelling'].includes(outcome) : outcome !== 'events'
        expect(fits, `${driver.id} ${standing.status} ${why ?? 'open'}: ${outcome}`).toBe(true)
      }
      expect(seen.open).toBeGreaterThan(3)
      expect(seen.refused).toBeGreaterThan(3)
      const counts = await countStandings(store.db, { idPrefix: 's-' })
      const open = counts.filter((count) => whyNotOpen(act, count) === undefined)
      expect(open.reduce((sum, count) => sum + count.sagas, 0)).toBe(seen.open)
      expect(counts.reduce((sum, count) => sum + count.sagas, 0)).toBe(SAGAS)
    })

    test('an act on a step is never refused where its owner would do it', async () => {
      const steps = new Set(sagas.flatMap(({ state }) => state?.root.steps.map(({ name }) => name as string) ?? []))
      let done = 0
      for (const step of steps)
        for (const act of [
          { kind: 'retry', step },
          { kind: 'resolve', step, as: 'undone' },
          { kind: 'resolve', step, as: 'failed' },
          { kind: 'skip', step, output: null, notDone: false },
        ] as const) {
          const standings = new Map((await standingsOf(store.db, ids, step)).map((row) => [row.saga_id, row]))
          for (const driver of sagas) {
            if (decided(driver, act, driver.id) !== 'events') continue
            done++
            const standing = standings.get(driver.id)
            const why = standing ? whyNotOpen(act, standing) : 'unknown-saga'
            expect(why, `${act.kind} ${step} of ${driver.id} ${standing?.status}`).toBe(undefined)
          }
        }
      expect(done).toBeGreaterThan(20)
    })

    test('pages of them, the oldest first, are together all of them, each once', async () => {
      const all: string[] = []
      let after: SagaMark | undefined
      do {
        const page = await meantSagas(store.db, { idPrefix: 's-' }, { limit: 7, after })
        all.push(...page.map(({ saga_id }) => saga_id))
        after = page.at(-1)
      } while (after)
      expect(all.toSorted()).toEqual([...ids].toSorted())
      expect(await meantSagas(store.db, { idPrefix: 'x-' }, { limit: 7 })).toEqual([])
    })

    test('by the step and the participant that they stand at', async () => {
      const at = new Map<string, Set<string>>()
      const of = new Map<string, Set<string>>()
      const add = (map: Map<string, Set<string>>, key: string, id: string) => {
        map.set(key, (map.get(key) ?? new Set()).add(id))
      }
      for (const { saga_id, standing, phase, ended_at } of (await listSagas(store.db, { limit: SAGAS })).sagas) {
        const parked = standingOf(standing ?? '').parked.map(([step]) => step)
        for (const step of parked) if (step !== null) add(at, step.replaceAll(/\[\d+\]/g, '[]'), saga_id)
        for (const { step, status, direction, participant } of await stepsOf(store.db, saga_id)) {
          const isLeft = ended_at !== null || (direction === 'forward' && phase !== 'running')
          const isOpen = UNDER_WAY.includes(status ?? '') && !isLeft
          if (isOpen) add(at, step.replaceAll(/\[\d+\]/g, '[]'), saga_id)
          if (participant !== null && (isOpen || parked.includes(step))) add(of, participant, saga_id)
        }
      }
      expect(at.size).toBeGreaterThan(5)
      expect([...at.keys()].some((step) => step.includes('[]'))).toBe(true)
      for (const [step, own] of at) expect(await found({ step }), step).toEqual([...own].toSorted())
      expect(of.size).toBeGreaterThan(0)
      for (const [participant, own] of of) expect(await found({ participant })).toEqual([...own].toSorted())
    })

    test('by their incident, and by all that is given together', async () => {
      const wrong = await incidents(store.db)
      expect(wrong.length).toBeGreaterThan(2)
      const { rows } = await sql<{ step: string }>`select distinct step from kasaga.steps`.execute(store.db)
      const places = rows.map(({ step }) => step.replaceAll(/\[\d+\]/g, '[]'))
      for (const { step } of wrong) if (step !== null) expect(places).toContain(step)
      expect(wrong.some(({ step }) => step?.includes('[]'))).toBe(true)
      for (const { fingerprint } of wrong.slice(0, 10)) {
        const own = await incidentSagas(store.db, fingerprint, SAGAS)
        expect(await found({ incident: fingerprint })).toEqual(own.toSorted())
        const [first = ''] = own
        expect(await found({ incident: fingerprint, idPrefix: first, version: 1 })).toContain(first)
        expect(await found({ incident: fingerprint, version: 2 })).toEqual([])
      }
    })
  })
}
