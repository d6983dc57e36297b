/** What every store does of the rows of what the control topic says; called with each. */
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KyselyControlViews } from '../../shared/adapters/postgres/control-views.ts'
import { heldStepsOf } from '../../shared/adapters/postgres/held-queries.ts'
import { callsInFlight, openBreakers, participantLimits } from '../../shared/adapters/postgres/participant-views.ts'
import { countStopped, listSagas } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import type { SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { ControlFacts } from '../../shared/ports/view-store.ts'
import { changesFor, type LogEvent } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'

type Limits = ControlFacts['limits'][number]
type Breaker = ControlFacts['breakers'][number]

const limits = (participant: string, offset: bigint, json: string | null = '{"concurrency":1}'): Limits => {
  return { participant, json, actor: 'ann', reason: 'why', at: 1_000, offset }
}
const breaker = (process: string, offset: bigint, isOpen: boolean, at = 1_000): Breaker => {
  return { participant: 'bank', process, isOpen, since: 5, failures: 10, calls: 20, at, offset }
}

export function controlViewsSuite(open: () => Promise<{ db: Kysely<ViewTables>; close(): Promise<void> }>): void {
  describe('rows of participants', () => {
    let store: Awaited<ReturnType<typeof open>>
    let views: KyselyControlViews

    beforeAll(async () => {
      store = await open()
      await new KyselyViewWriter(store.db).prepare([sagasProjection])
      views = new KyselyControlViews(store.db)
    })
    afterAll(() => store?.close())

    const set = async () => (await participantLimits(store.db)).map((row) => [row.participant, row.limits])

    test('what comes later in the topic holds, whoever writes it first', async () => {
      await views.replace({ limits: [limits('bank', 5n), limits('stock', 2n)], breakers: [], sagas: [] })
      await views.put({ limits: [limits('bank', 4n, null), limits('stock', 7n, null)], breakers: [], sagas: [] })
      expect(await set()).toEqual([
        ['bank', '{"concurrency":1}'],
        ['stock', null],
      ])
    })

    test('all of it takes the place of what was there, and so does none', async () => {
      await views.replace({ limits: [limits('carrier', 1n)], breakers: [], sagas: [] })
      expect(await set()).toEqual([['carrier', '{"concurrency":1}']])
      await views.replace({ limits: [], breakers: [], sagas: [] })
      expect(await set()).toEqual([])
    })

    test('a breaker is one of a process, and is passed over when nobody has said it for long', async () => {
      const breakers = [
        breaker('p', 1n, true),
        breaker('q', 2n, true, 500),
        breaker('r', 3n, true),
        breaker('r', 4n, false),
      ]
      await views.replace({ limits: [], breakers, sagas: [] })
      expect((await openBreakers(store.db, 900)).map(({ process }) => process)).toEqual(['p'])
      expect((await openBreakers(store.db, 0)).map(({ process }) => process)).toEqual(['p', 'q'])
    })

    test('a saga is stopped as what comes later in the topic says, whoever writes it first', async () => {
      const stop = (saga: string, offset: bigint, isStopped = true): ControlFacts['sagas'][number] => {
        return { saga, isStopped, why: `a bug at ${offset}`, since: 5_000, offset }
      }
      const log = ['s-1', 's-2', 's-3'].map((id, i): LogEvent => {
        const plan = { definition: 'pay', version: 1, input: null, inputHash: 'h', deadlineAt: null }
        const place = { topic: 'kasaga.events', partition: 0, offset: BigInt(i) }
        return {
          sagaId: sagaId(id),
          seq: 1,
          at: i,
          causationId: 'c',
          event: { type: 'saga-started', ...plan },
          ...place,
        }
      })
      const changes = changesFor(sagasProjection)
      for (const event of log) sagasProjection.event(event, changes)
      await new KyselyViewWriter(store.db).apply({ moves: [], tables: changes.tables() })

      const none = { limits: [], breakers: [] }
      await views.replace({ ...none, sagas: [stop('s-1', 4n), stop('s-2', 7n, false), stop('unknown', 8n)] })
      await views.put({ ...none, sagas: [stop('s-1', 3n, false), stop('s-2', 6n), stop('s-3', 9n)] })
      const { sagas } = await listSagas(store.db, { idPrefix: 's-' })
      const told = sagas.map((saga) => [saga.saga_id, saga.stopped_why, Number(saga.stopped_since)])
      expect(told).toEqual([
        ['s-3', 'a bug at 9', 5_000],
        ['s-2', null, 0],
        ['s-1', 'a bug at 4', 5_000],
      ])
      const stopped = await listSagas(store.db, { status: 'stopped' })
      expect(stopped.sagas.map(({ saga_id }) => saga_id)).toEqual(['s-3', 's-1'])
      expect(await countStopped(store.db)).toBe(2)
      await views.replace({ ...none, sagas: [] })
      expect(await countStopped(store.db)).toBe(0)
    })

    test('who waits is listed in the order in which they go: undos, priority, age; what is under way is counted', async () => {
      const log: LogEvent[] = []
      const tell = (saga: string, at: number, ...events: readonly SagaEvent[]) => {
        for (const event of events) {
          const seq = log.filter((one) => one.sagaId === saga).length + 1
          const place = { topic: 'kasaga.events', partition: 0, offset: BigInt(log.length) }
          log.push({ sagaId: sagaId(saga), seq, at, causationId: 'c', event, ...place })
        }
      }
      const started = (priority?: number): SagaEvent => {
        const plan = { definition: 'pay', version: 1, input: null, inputHash: 'h', deadlineAt: null }
        return { type: 'saga-started', ...plan, ...(priority === undefined ? {} : { priority }) }
      }
      const held: SagaEvent = { type: 'step-held', step: 'charge', participant: 'bank', key: 'k' }
      tell('late', 3_000, started(), held)
      tell('early', 2_000, started(), held)
      tell('first', 3_500, started(9), held)
      tell('aged', -200_000, started(0), held)
      tell('turned', 2_500, started(), held, { type: 'compensation-started', cause: { kind: 'parent' } })
      const act = { requestId: 'r', actor: 'ann', reason: 'why' }
      tell('paused', 1_000, started(), held, { type: 'saga-paused', timers: 'hold', ...act })
      const command = {
        definition: 'pay',
        version: 1,
        participant: 'bank',
        commandType: 'bank.charge.v1',
        payload: null,
      }
      tell('sent', 1_000, started(), {
        type: 'step-requested',
        step: 'charge',
        attempt: 1,
        timeoutAt: null,
        ...command,
      })
      tell(
        'undone',
        9_000,
        started(),
        { type: 'step-requested', step: 'charge', attempt: 1, timeoutAt: null, ...command },
        { type: 'step-succeeded', step: 'charge', attempt: 1, output: null },
        { type: 'compensation-started', cause: { kind: 'parent' } },
        { type: 'compensation-held', step: 'charge', participant: 'bank' },
      )
      const changes = changesFor(sagasProjection)
      for (const event of log) sagasProjection.event(event, changes)
      await new KyselyViewWriter(store.db).apply({ moves: [], tables: changes.tables() })

      const waiting = await heldStepsOf(store.db, { participant: 'bank' })
      const order = ['undone', 'first', 'aged', 'paused', 'early', 'late']
      expect(waiting.map(({ saga_id }) => saga_id)).toEqual(order)
      expect(waiting[0]).toMatchObject({ step: 'charge', direction: 'compensate', priority: 5, paused: false })
      expect(waiting.find(({ paused }) => paused)?.saga_id).toBe('paused')
      expect(waiting[1]).toMatchObject({ limit_key: 'k', priority: 9 })
      expect(await callsInFlight(store.db)).toEqual([{ participant: 'bank', calls: 1, oldest_at: 1_000 }])
    })
  })
}
