/** What a person reads of a step that is at work: what its participant said last. */
import { expect, it } from 'vitest'
import { detailText } from '../../services/cli/text/saga-text.ts'
import { detailOf } from '../support/detail-of.ts'
import { Play } from '../support/play.ts'
import { begin, shop, what } from './saga/shapes/shop.ts'

const plan = begin()
  .step('bake', shop.do, what('bread'))
  .undo(shop.undo, what('bread'))
  .step('sell', shop.do, what('it'))
  .end()

function baking(): Play {
  const play = new Play(plan)
  play.start()
  play.answer('bake', 'progress', { percent: 20 })
  play.answer('bake', 'progress', { percent: 40 })
  return play
}

it('is the newest progress, and how long ago that was', () => {
  const { detail, eyes } = detailOf(baking())
  expect(detail.steps[0]?.progress).toEqual({ payload: { percent: 40 }, at: expect.any(String), cutFrom: null })
  expect(detailText(detail, eyes)).toMatch(/^bake +progressed +1 +shop .* 1 min 30 s: \{"percent":40\}$/m)
})

it('is told no more once the step is done, and is kept', () => {
  const play = baking()
  play.answer('bake')
  const { detail, eyes } = detailOf(play)
  expect(detail.steps[0]).toMatchObject({ status: 'succeeded', progress: { payload: { percent: 40 } } })
  expect(detailText(detail, eyes)).not.toContain('percent')
})

it('is that of the undo on the way back', () => {
  const play = baking()
  play.answer('bake')
  play.act('cancel')
  play.give({
    ...{ kind: 'reply', sagaId: play.id, step: 'bake', direction: 'compensate', attempt: 1, outcome: 'progress' },
    ...{ body: 'half', errorCode: undefined, retryAfterMs: undefined },
  })
  expect(detailText(detailOf(play).detail, detailOf(play).eyes)).toMatch(/^undo bake +progressed .*: "half"$/m)
})

it('is cut where it is long, in the answer and on the screen', () => {
  const play = new Play(plan)
  play.start()
  play.answer('bake', 'progress', 'x'.repeat(20_000))
  const { detail, eyes } = detailOf(play)
  expect(detail.steps[0]?.progress).toMatchObject({ payload: `"${'x'.repeat(16_383)}`, cutFrom: 20_002 })
  for (const line of detailText(detail, eyes).split('\n')) expect(line.length).toBeLessThan(250)
})
