import { describe, expect, it } from 'vitest'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

describe('an approval', () => {
  const claim = begin()
    .step('hold', shop.do, what('hold'))
    .undo(shop.undo, what('hold'))
    .approve('manager', {
      roles: ['manager', 'owner'],
      answers: ['yes', 'later', 'no'],
      turnBackOn: ['no'],
      deadline: '2 days',
      atDeadline: 'turn-back',
    })
    .output(({ manager }) => manager.answer)
  const waiting = () => {
    const play = new Play(claim)
    play.start()
    play.answer('hold')
    return play
  }
  it('takes an answer from one who may give it', () => {
    const play = waiting()
    play.signal('manager', { answer: 'later' }, ['owner'])
    expect(play.state).toMatchObject({ status: 'completed', root: { output: 'later' } })
  })
  it.each<[string, string[]]>([
    ['yes', []],
    ['yes', ['clerk']],
    ['maybe', ['manager']],
  ])('refuses %s from %j, and waits on', (answer, roles) => {
    const play = waiting()
    const decision = play.signal('manager', { answer }, roles)
    expect(decision).toMatchObject({ kind: 'refused' })
    expect(play.status).toBe('running')
  })
  it('turns the saga back on a no', () => {
    const play = waiting()
    play.signal('manager', { answer: 'no' }, ['manager'])
    expect(play.state).toMatchObject({
      status: 'compensating',
      root: { cause: { kind: 'rejected', step: 'manager', error: { code: 'no' } } },
    })
    play.undone('hold')
    expect(play.status).toBe('compensated')
  })
  it('turns it back when nobody answers', () => {
    const play = waiting()
    play.fire()
    expect(play.state).toMatchObject({ status: 'compensating', root: { cause: { error: { code: 'wait-expired' } } } })
  })
})

describe('what is undone by hand', () => {
  const plan = begin()
    .step('paper', shop.do, what('paper'))
    .undoByHand('fetch the paper back from the archive')
    .after()
    .step('mail', shop.do, what('mail'))
    .undo(shop.undo, what('mail'))
    .step('last', shop.do, what('last'))
    .keep()
    .end()
  it('waits for a person, while the others are undone', () => {
    const play = new Play(plan)
    play.start()
    for (const step of ['paper', 'mail', 'last']) play.answer(step, step === 'last' ? 'rejected' : 'success')
    expect(play.state).toMatchObject({
      status: 'stuck',
      parked: [{ step: 'paper', error: { kind: 'person', message: 'fetch the paper back from the archive' } }],
    })
    expect(play.open).toEqual(['undo mail'])
    play.undone('mail')
    expect(play.status).toBe('stuck')
    expect(play.resolve('mail')).toMatchObject({ kind: 'refused', reason: 'not-parked' })
    play.resolve('paper')
    expect(play.status).toBe('compensated')
  })
})

describe('a kill', () => {
  it('ends the saga as it is, from anywhere', () => {
    const play = new Play(
      begin().step('a', shop.do, what('a')).undo(shop.undo, what('a')).step('b', shop.do, what('b')).end(),
    )
    play.start()
    play.answer('a')
    play.act('cancel')
    play.act('kill')
    expect(play.status).toBe('failed')
    expect(play.undone('a')).toEqual({ kind: 'ignored', reason: 'saga-ended' })
    expect(play.act('retry')).toEqual({ kind: 'ignored', reason: 'saga-ended' })
  })
})

describe('a late success', () => {
  const plan = begin()
    .attempt('way', {
      first: (b) => b.step('try', shop.do, what('try'), { retry: { attempts: 3 } }).undo(shop.undo, what('try')),
      second: (b) => b.step('other', shop.do, what('other')).undo(shop.undo, what('other')),
    })
    .end()
  /** The first attempt fails, the second is rejected: then the first turns out to have been done. */
  const rejected = () => {
    const play = new Play(plan)
    play.start()
    play.answer('way[first].try', 'failed')
    play.fire()
    play.answer('way[first].try', 'rejected')
    return play
  }
  const late = (play: Play) =>
    play.give({
      kind: 'reply',
      sagaId: play.id,
      step: 'way[first].try',
      direction: 'forward',
      attempt: 1,
      outcome: 'success',
      body: { of: 'late' },
      errorCode: undefined,
      retryAfterMs: undefined,
    })
  it('of a way that was left is undone, and the saga does not end before', () => {
    const play = rejected()
    expect(play.open).toEqual(['way[second].other'])
    late(play)
    expect(play.open).toEqual(['undo way[first].try', 'way[second].other'])
    play.answer('way[second].other')
    expect(play.status).toBe('running')
    play.undone('way[first].try')
    expect(play.status).toBe('completed')
    expect(late(play)).toMatchObject({ kind: 'ignored' })
  })
  it('is undone after the end too, once', () => {
    const play = rejected()
    play.answer('way[second].other')
    expect(play.status).toBe('completed')
    late(play)
    expect([play.status, ...play.open]).toEqual(['completed', 'undo way[first].try'])
    expect(late(play)).toMatchObject({ kind: 'ignored' })
    play.undone('way[first].try', 'rejected')
    expect(play.status, 'a person is called').toBe('stuck')
    play.act('retry')
    play.undone('way[first].try')
    expect([play.status, ...play.open]).toEqual(['completed'])
  })
})

describe('many that wait for a person', () => {
  const items = Array.from({ length: 600 }, (_, i) => i)
  /** Turned back after all items were done. */
  const turned = (undone: 'by hand' | 'by command') => {
    const plan = begin()
      .each(
        'each',
        () => items,
        (b) => {
          const step = b.step('do', shop.do, ({ item }) => ({ what: item }))
          return undone === 'by hand'
            ? step.undoByHand('carry it back')
            : step.undo(shop.undo, ({ item }) => ({ what: item }))
        },
      )
      .step('last', shop.do, what('last'))
      .end()
    const play = new Play(plan, 'many', { checks: false })
    play.start()
    for (const item of items) play.answer(`each[${item}].do`)
    play.answer('last', 'rejected')
    goOn(play)
    return play
  }
  const goOn = (play: Play) => {
    while (play.state?.yielded) play.fire()
  }
  it('are all handed over, however many there are at a time', () => {
    const play = turned('by hand')
    expect(play.state?.parked).toHaveLength(items.length)
    for (const item of items) play.resolve(`each[${item}].do`)
    expect(play.status).toBe('compensated')
    play.check()
  })
  it('are all tried again at one word', () => {
    const play = turned('by command')
    while (play.open.length > 0) for (const open of play.open) play.undone(open.slice('undo '.length), 'fatal')
    expect(play.state?.parked).toHaveLength(items.length)
    const before = play.history.length
    play.act('retry')
    expect(play.history.length - before, 'no more at once than a batch takes').toBeLessThan(300)
    goOn(play)
    while (play.open.length > 0) for (const open of play.open) play.undone(open.slice('undo '.length))
    expect(play.status).toBe('compensated')
    play.check()
  })
})
