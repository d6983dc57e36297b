/** What a person reads of a saga that waits for a participant. */
import { expect, it } from 'vitest'
import { detailText, listText } from '../../services/cli/text/saga-text.ts'
import { detailOf } from '../support/detail-of.ts'
import { heldAgain, plan, started } from './saga/shapes/held.ts'
import { begin, shop } from './saga/shapes/shop.ts'

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
