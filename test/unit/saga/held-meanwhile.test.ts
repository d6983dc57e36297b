/** What comes to a step while it waits for its participant: answers, persons, and a payload that cannot be made. */
import { describe, expect, it } from 'vitest'
import { sagaId } from '../../../shared/message/ids.ts'
import { due, GATED, heldAgain, last, NONE, plan, started } from './shapes/held.ts'
import { begin, shop } from './shapes/shop.ts'

describe('an answer to an earlier attempt, while the next is held', () => {
  it('is taken when it says that it is done', () => {
    const play = heldAgain()
    play.answer('a')
    expect(last(play, 2)).toEqual(['step-succeeded a', 'step-held b'])
    expect(play.admit('a')).toEqual({ kind: 'ignored', reason: 'nothing-due' })
  })
  it('is taken when it says no', () => {
    const play = heldAgain()
    play.answer('a', 'rejected')
    expect(play.status).toBe('compensated')
  })
  it.each(['failed', 'fatal'] as const)('changes nothing when it is %s', (outcome) => {
    expect(heldAgain().answer('a', outcome)).toEqual({ kind: 'ignored', reason: 'old-attempt' })
  })
  it('is taken of an undo', () => {
    const play = heldAgain()
    play.act('cancel')
    play.admit()
    play.undone('a', 'failed')
    play.fire()
    expect(play.held).toEqual(['undo a'])
    play.undone('a')
    expect(play.status).toBe('compensated')
  })
  it('is one of no attempt, when none was sent', () => {
    const reply = { kind: 'reply', sagaId: sagaId('saga-1'), step: 'a', direction: 'forward', attempt: 1 } as const
    const said = { body: { of: 'a' }, errorCode: undefined, retryAfterMs: undefined } as const
    for (const outcome of ['success', 'rejected', 'failed', 'fatal', 'progress'] as const)
      expect(started().give({ ...reply, ...said, outcome })).toMatchObject({ kind: 'ignored' })
  })
})

describe('a person', () => {
  it('pauses a saga: what is held keeps its place, and is admitted once it is resumed', () => {
    const play = started()
    const act = { sagaId: play.id, requestId: 'p', actor: 'ann', reason: 'so' }
    play.give({ kind: 'pause', ...act })
    expect(play.held).toEqual(['a'])
    expect(play.admit()).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    play.give({ kind: 'resume', ...act, requestId: 'r' })
    play.admit()
    expect(play.open).toEqual(['a'])
  })

  it.each(['retry', 'resolve', 'edit'] as const)('is told what it waits for: %s', (kind) => {
    const play = started()
    if (kind === 'retry') expect(play.ask({ kind, step: 'a' })).toMatchObject({ kind: 'ignored', reason: 'not-stuck' })
    else {
      const asked = kind === 'edit' ? { kind, step: 'a', payload: { what: 9 } } : { kind, step: 'a' }
      expect(play.ask(asked)).toMatchObject({
        kind: 'refused',
        reason: 'not-parked',
        message: expect.stringContaining('a waits for the participant shop, and for no person'),
      })
    }
    expect(play.held).toEqual(['a'])
  })

  it('skips what is held: as not done only when it surely was not', () => {
    const play = started()
    play.ask({ kind: 'skip', step: 'a', output: { of: 'a' }, notDone: true })
    expect(last(play, 2)).toEqual(['step-resolved a', 'step-held b'])
    const sent = heldAgain()
    expect(sent.ask({ kind: 'skip', step: 'a', output: { of: 'a' }, notDone: true })).toMatchObject({
      reason: 'not-now',
    })
    sent.ask({ kind: 'skip', step: 'a', output: { of: 'a' } })
    expect(sent.held).toEqual(['b'])
    const refused = started(plan(), NONE)
    for (const step of ['a', 'b', 'c']) refused.answer(step)
    refused.answer('d', 'rejected')
    refused.gated = GATED
    refused.act('retry')
    refused.ask({ kind: 'skip', step: 'd', output: { of: 'd' }, notDone: true })
    expect(refused.status).toBe('completed')
  })

  it('tries again what is parked, and that is held as well, with a new budget', () => {
    const play = started(plan(), NONE)
    for (const step of ['a', 'b', 'c']) play.answer(step)
    for (let i = 0; i < 4; i++) {
      play.answer('d', 'failed')
      play.fire()
    }
    play.answer('d', 'failed')
    expect(play.status).toBe('stuck')
    play.gated = GATED
    play.act('retry')
    expect(play.held).toEqual(['d'])
    expect(play.status).toBe('running')
    play.admit()
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-requested', step: 'd', attempt: 6 })
    play.answer('d', 'failed')
    expect(due(play)).toBe(play.now + 100)
  })
})

it('a step that was refused, and is held to be tried again, is heard to have been done after all', () => {
  const play = started(plan(), NONE)
  for (const step of ['a', 'b', 'c']) play.answer(step)
  play.answer('d', 'rejected')
  play.gated = GATED
  play.act('retry')
  expect(play.held).toEqual(['d'])
  expect(play.answer('d', 'rejected')).toEqual({ kind: 'ignored', reason: 'old-attempt' })
  play.answer('d')
  expect(play.status).toBe('completed')
})

describe('a payload that cannot be made when it is admitted', () => {
  let isBroken = true
  const made = begin()
    .step('a', shop.do, () => {
      if (isBroken) throw new Error('not yet')
      return { what: 1 }
    })
    .end()
  it('parks the step, which is held no more; tried again, it is held again', () => {
    isBroken = true
    const play = started(made)
    play.admit()
    expect(play.status).toBe('stuck')
    expect(play.held).toEqual([])
    expect(play.admit('a')).toMatchObject({ kind: 'ignored' })
    isBroken = false
    play.act('retry')
    expect(play.held).toEqual(['a'])
    play.admit()
    play.answer('a')
    expect(play.status).toBe('completed')
  })
})
