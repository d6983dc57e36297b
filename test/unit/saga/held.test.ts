/** Steps that wait for their participant: when they are held, what lets them go, and which times run meanwhile. */
import { describe, expect, it } from 'vitest'
import { sagaId } from '../../../shared/message/ids.ts'
import { stepAt } from '../../../shared/saga/tree.ts'
import { due, heldAgain, last, NONE, plan, retry, started, T0 } from './shapes/held.ts'
import { begin, shop, what } from './shapes/shop.ts'

describe('a command to a gated participant', () => {
  it('is told and not sent, and is sent when it is admitted, as attempt 1', () => {
    const play = started()
    expect(play.told).toEqual(['saga-started', 'step-held a'])
    expect(play.history.at(-1)?.event).toEqual({ type: 'step-held', step: 'a', participant: 'shop' })
    expect(play.effects).toEqual([])
    play.admit('a')
    expect(play.effects).toMatchObject([{ kind: 'send', command: { step: 'a', attempt: 1, deadlineAt: T0 + 30_000 } }])
    play.answer('a')
    expect(play.held).toEqual(['b'])
  })

  it('is sent where nothing, or another participant, is gated', () => {
    for (const gated of [NONE, new Set(['bank'])])
      expect(started(plan(), gated).told).toEqual(['saga-started', 'step-requested a'])
  })

  it('goes through the whole of a saga and back, one admission at a time', () => {
    const play = started()
    for (const step of ['a', 'b']) {
      play.admit(step)
      play.answer(step)
    }
    play.admit('c')
    play.answer('c', 'rejected')
    expect(play.held).toEqual(['undo b'])
    play.admit()
    play.undone('b')
    play.admit()
    play.undone('a')
    expect(play.status).toBe('compensated')
    expect(play.effects).toHaveLength(5)
  })

  it('is admitted once: what is held no more is passed over', () => {
    const play = started()
    const admit = { kind: 'admit', sagaId: sagaId('saga-1'), steps: [{ step: 'a', direction: 'forward' }] } as const
    expect(play.give(admit)).toMatchObject({ kind: 'events' })
    expect(play.give(admit)).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    const others = ['a', 'b', 'nowhere', 'a[0].b'].flatMap((step) => [
      { step, direction: 'compensate' } as const,
      { step, direction: 'forward' } as const,
    ])
    expect(play.give({ ...admit, steps: others })).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    expect(play.effects).toHaveLength(1)
  })

  it('waits for itself alone: steps of others go on beside it', () => {
    const bank = { ...shop.do, participant: 'bank', type: 'bank.do.v1' }
    const both = begin()
      .parallel('both', {
        one: (b) => b.step('x', shop.do, what(1)).end(),
        two: (b) => b.step('y', bank, what(2)).end(),
      })
      .end()
    const play = started(both)
    expect(play.open).toEqual(['both[two].y'])
    expect(play.held).toEqual(['both[one].x'])
  })

  it('never holds a child saga, a sleep or a signal', () => {
    const child = begin('child').step('x', shop.do, what(1)).end()
    const made = begin()
      .child('other', child, () => ({}))
      .sleep('rest', '1 s')
      .end()
    const play = started(made, new Set(['kasaga', 'shop']))
    expect(play.told.at(-1)).toBe('step-requested other')
    play.answer('other')
    expect(play.told.at(-1)).toBe('wait-started rest')
  })
})

describe('while a step is held', () => {
  it('no attempt is used and none of its times runs', () => {
    const play = started(plan({ timeout: '1 s', takeUp: '1 s', total: '5 s' }))
    expect(due(play)).toBeUndefined()
    play.now += 3_600_000
    expect(play.give({ kind: 'timer', sagaId: play.id })).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    play.admit()
    expect(play.history.at(-1)?.event).toMatchObject({
      attempt: 1,
      timeoutAt: play.now + 1_000,
      giveUpAt: play.now + 5_000,
    })
  })

  it('a budget that has begun goes on: the step is given up when it is over', () => {
    const play = heldAgain({ total: '5 s' })
    expect(due(play)).toBe(T0 + 5_000)
    play.now = T0 + 4_999
    expect(play.give({ kind: 'timer', sagaId: play.id })).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    play.fire()
    expect(
      play.history.find(({ event }) => event.type === 'step-failed' && event.retryAt === null)?.event,
    ).toMatchObject({ step: 'a', attempt: 1, error: { code: 'total-timeout' } })
    expect(last(play, 2)).toEqual(['compensation-started', 'compensation-held a'])
  })

  it('and no attempt is waited for that may not be begun any more', () => {
    const play = heldAgain({ retry: { ...retry, maxAge: '5 s' } })
    expect(due(play)).toBe(T0 + 5_001)
    play.now = T0 + 5_000
    play.admit()
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-requested', attempt: 2, retryUntil: T0 + 5_000 })
    const late = heldAgain({ retry: { ...retry, maxAge: '5 s' } })
    late.now = T0 + 6_000
    late.admit()
    expect(last(late, 3)).toEqual(['step-failed a', 'compensation-started', 'compensation-held a'])
  })

  it('the attempts are counted as if it had not been: the policy has as many as ever', () => {
    const play = started(plan({ retry: { ...retry, attempts: 3 } }))
    for (let attempt = 1; attempt <= 3; attempt++) {
      play.admit('a')
      expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-requested', step: 'a', attempt })
      play.answer('a', 'failed')
      if (attempt < 3) play.fire()
    }
    expect(play.status).toBe('compensating')
  })

  it("the saga's deadline runs, and nothing is undone of what was never sent", () => {
    const made = { ...plan(), deadlineMs: 10_000 }
    const play = started(made)
    expect(due(play)).toBe(T0 + 10_000)
    play.fire()
    expect(play.told).toEqual(['saga-started', 'step-held a', 'compensation-started', 'saga-compensated'])
    expect(play.effects).toEqual([])
  })
})

describe('a saga that turns back while a step is held', () => {
  it('has nothing to undo of one that was never sent', () => {
    const play = started()
    play.act('cancel')
    expect(play.status).toBe('compensated')
    expect(play.state && stepAt(play.state, 'a')).toBeUndefined()
  })

  it('undoes one that was sent before: it may have been done', () => {
    const play = heldAgain()
    play.act('cancel')
    expect(play.held).toEqual(['undo a'])
    play.admit()
    play.undone('a')
    expect(play.status).toBe('compensated')
  })

  it('is not past a pivot that was never sent', () => {
    const play = started()
    for (const step of ['a', 'b']) {
      play.admit(step)
      play.answer(step)
    }
    expect(play.held).toEqual(['c'])
    play.act('cancel')
    expect(play.status).toBe('compensating')
  })

  it('waits for the answer of a pivot that was sent before', () => {
    const play = started()
    for (const step of ['a', 'b']) {
      play.admit(step)
      play.answer(step)
    }
    play.admit('c')
    play.answer('c', 'failed')
    play.fire()
    expect(play.held).toEqual(['c'])
    play.act('cancel')
    expect(play.told.at(-1)).toBe('cancel-requested')
    play.answer('c')
    expect(play.held).toEqual(['d'])
  })
})
