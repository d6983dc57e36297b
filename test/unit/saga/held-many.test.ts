/** What a step is limited by, and many that wait. */
import { describe, expect, it } from 'vitest'
import { Play } from '../../support/play.ts'
import { GATED, NONE, retry, started } from './shapes/held.ts'
import { begin, shop, what } from './shapes/shop.ts'

const fail = (): never => {
  throw new Error('no key')
}

describe('what a step is limited by', () => {
  const limited = (limitBy: (seen: unknown) => string, undoBy?: (seen: unknown) => string) =>
    begin()
      .step('a', shop.do, what(1), { limitBy, retry })
      .undo(shop.undo, what(1), undoBy ? { limitBy: undoBy } : {})
      .step('b', shop.do, what(2))
      .end()

  it('is told with the step, held or not, and with its undo', () => {
    const play = started(limited(() => 'acme'))
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-held', key: 'acme' })
    play.admit()
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-requested', key: 'acme' })
    play.answer('a')
    expect(play.history.at(-1)?.event).not.toHaveProperty('key')
    play.gated = undefined
    play.act('cancel')
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'compensation-requested', key: 'acme' })
  })

  it('is its own of an undo that says so', () => {
    const play = started(
      limited(
        () => 'acme',
        () => 'other',
      ),
      NONE,
    )
    play.answer('a')
    play.act('cancel')
    expect(play.history.at(-1)?.event).toMatchObject({ key: 'other' })
  })

  it.each<[what: string, limitBy: (seen: unknown) => string, code: string]>([
    ['throws', fail, 'mapping-threw'],
    ['is empty', () => '', 'bad-limit-key'],
    ['is too long', () => 'x'.repeat(201), 'bad-limit-key'],
    ['is no text', () => 7 as never, 'bad-limit-key'],
  ])('parks the step where it %s', (_, limitBy, code) => {
    for (const gated of [GATED, NONE]) {
      const play = started(limited(limitBy), gated)
      expect(play.state?.parked).toMatchObject([{ step: 'a', error: { code } }])
      expect(play.effects).toEqual([])
    }
  })
})

/** For a machine that is busy with other things. */
const MANY_MS_MAX = 120_000

describe('many held items', () => {
  it('go one by one, an event each, until all ten thousand are done', { timeout: MANY_MS_MAX }, () => {
    const items = Array.from({ length: 10_000 }, (_, i) => i)
    const body = begin().each(
      'all',
      () => items,
      (b) => b.step('x', shop.do, what(1)).end(),
      { parallel: 250 },
    )
    const play = new Play(body.end(), 'many', { checks: false })
    play.gated = GATED
    play.start()
    while (play.state?.yielded) play.fire()
    expect(play.held).toHaveLength(250)
    for (const item of items) {
      const step = `all[${item}].x`
      const decision = play.give({ kind: 'admit', sagaId: play.id, steps: [{ step, direction: 'forward' }] })
      expect(decision.kind === 'events' && decision.events).toHaveLength(1)
      play.answer(step)
    }
    expect(play.status).toBe('completed')
    play.check()
  })

  it('are admitted as far as one turn has room, and the rest stay held', () => {
    const items = Array.from({ length: 300 }, (_, i) => i)
    const play = started(
      begin()
        .each(
          'all',
          () => items,
          (b) => b.step('x', shop.do, what(1)).end(),
          { parallel: 300 },
        )
        .end(),
    )
    while (play.state?.yielded) play.fire()
    expect(play.held).toHaveLength(300)
    const decision = play.admit()
    expect(decision.kind === 'events' && decision.events).toHaveLength(200)
    expect(play.held).toHaveLength(100)
    play.admit()
    expect(play.held).toHaveLength(0)
  })
})
