/** What a person reads of a saga that waits for a participant. */
import { expect, it } from 'vitest'
import { detailText, listText } from '../../services/cli/text/saga-text.ts'
import { sagaAnswer, sagaDetail } from '../../services/gateway/answers.ts'
import type { SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { changesFor } from '../../shared/view/projection.ts'
import type { StepRow } from '../../shared/view/saga-tables.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { applyChanges, type ViewRows } from '../../shared/view/view-rows.ts'
import type { Play } from '../support/play.ts'
import { heldAgain, plan, started } from './saga/shapes/held.ts'
import { begin, shop } from './saga/shapes/shop.ts'

/** The saga as the gateway shows it. */
function detailOf({ history, id, now }: Play) {
  const rows: ViewRows = new Map()
  const into = changesFor(sagasProjection)
  for (const envelope of history)
    sagasProjection.event({ ...envelope, topic: 'kasaga.events', partition: 0, offset: BigInt(envelope.seq) }, into)
  applyChanges(rows, into)
  const columns = (table: 'sagas' | 'steps') => Object.keys(sagasProjection.tables[table]?.columns ?? {})
  const whole = (table: 'sagas' | 'steps') =>
    [...(rows.get(table)?.values() ?? [])].map((row) =>
      Object.fromEntries(columns(table).map((name) => [name, row[name] ?? null])),
    )
  const row = { ...whole('sagas').find(({ saga_id }) => saga_id === id), duration_ms: null } as unknown as SagaView
  const steps = whole('steps') as unknown as StepRow[]
  const detail = sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes: [] })
  // Where the definition is not at hand that would be told, and nothing else.
  return { detail: { ...detail, waitsForDefinition: null }, eyes: { color: false, now: now + 90_000 } }
}

it('says for which participant, and since when', () => {
  const { detail, eyes } = detailOf(started({ ...plan(), priority: 8 }))
  expect(detail).toMatchObject({ shown: 'waiting', priority: 8, current: { step: 'a', heldFor: 'shop' } })
  expect(detail.steps).toMatchObject([{ step: 'a', status: 'held', participant: 'shop', attempts: null }])
  expect(listText([detail], eyes)).toContain('a: waiting for participant shop')
  const text = detailText(detail, eyes)
  expect(text).toContain('a: waiting for participant shop')
  expect(text).toContain('priority 8')
  expect(text).toContain('held (1 min 30 s)')
})

it('says it of an undo, and no more of what was held when all turned back', () => {
  const play = heldAgain()
  play.act('cancel')
  const { detail, eyes } = detailOf(play)
  expect(detail).toMatchObject({
    shown: 'compensating',
    current: { step: 'a', direction: 'compensate', heldFor: 'shop' },
  })
  expect(detail.steps.map(({ direction, status }) => [direction, status])).toEqual([
    ['forward', 'left'],
    ['compensate', 'held'],
  ])
  expect(detailText(detail, eyes)).toContain('undoing a: waiting for participant shop')
})

it('says nothing of it once the step is sent, or is parked', () => {
  const play = started()
  play.admit()
  expect(detailOf(play).detail).toMatchObject({
    shown: 'running',
    current: { heldFor: null },
    steps: [{ heldAt: null }],
  })
  const fails = (): never => {
    throw new Error('no payload')
  }
  const broken = started(begin().step('a', shop.do, fails).end())
  broken.admit()
  const { detail } = detailOf(broken)
  expect(detail).toMatchObject({ shown: 'stuck', steps: [{ step: 'a', status: 'parked' }] })
})
