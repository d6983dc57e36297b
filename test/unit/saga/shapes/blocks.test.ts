import { describe, expect, it } from 'vitest'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

describe('parallel branches', () => {
  const both = begin()
    .parallel('pack', {
      box: (b) =>
        b.step('fold', shop.do, what('fold')).undo(shop.undo, what('fold')).step('fill', shop.do, what('fill')),
      label: (b) => b.step('print', shop.do, what('print')).undo(shop.undo, what('print')),
    })
    .step('send', shop.do, ({ pack }) => ({ what: [pack.box.fill.of, pack.label.print.of] }))
    .end()

  it('run side by side, and join', () => {
    const play = new Play(both)
    play.start()
    expect(play.open).toEqual(['pack[box].fold', 'pack[label].print'])
    play.answer('pack[box].fold')
    play.answer('pack[label].print')
    expect(play.open).toEqual(['pack[box].fill'])
    play.answer('pack[box].fill')
    expect(play.open).toEqual(['send'])
    expect(play.effects.at(-1)).toMatchObject({
      command: { payload: { what: ['pack[box].fill', 'pack[label].print'] } },
    })
    play.answer('send')
    expect(play.status).toBe('completed')
  })
  it('turn the whole saga back when one fails', () => {
    const play = new Play(both)
    play.start()
    play.answer('pack[label].print')
    play.answer('pack[box].fold', 'rejected')
    expect(play.open).toEqual(['undo pack[label].print'])
    play.undone('pack[label].print')
    expect(play.status).toBe('compensated')
    expect(play.told.slice(-3)).toEqual([
      'compensation-succeeded pack[label].print',
      'scope-compensated pack[label]',
      'saga-compensated',
    ])
  })

  const race = begin()
    .parallel(
      'quote',
      {
        one: (b) => b.step('ask', shop.do, what(1)).undo(shop.undo, what(1)),
        two: (b) => b.step('ask', shop.do, what(2)).undo(shop.undo, what(2)),
      },
      { enough: 'any' },
    )
    .pivot('buy', shop.do, what('buy'))
    .end()

  it('undo those that are not needed any more, and hold the pivot until they are', () => {
    const play = new Play(race)
    play.start()
    play.answer('quote[two].ask')
    expect(play.told).toContain('block-completed quote')
    expect(play.open).toEqual(['undo quote[one].ask'])
    play.undone('quote[one].ask')
    expect(play.open).toEqual(['buy'])
    play.answer('buy')
    expect(play.status).toBe('completed')
  })
  it('do without one that fails, and not without the last', () => {
    const play = new Play(race)
    play.start()
    play.answer('quote[one].ask', 'rejected')
    expect(play.status, 'the other may still be done').toBe('running')
    play.answer('quote[two].ask', 'rejected')
    expect(play.status).toBe('compensated')
  })
})

describe('what one turn has no room for', () => {
  it('is found in the next, also where a branch is undone inside a scope that is done', () => {
    const items = Array.from({ length: 600 }, (_, i) => i)
    const plan = begin()
      .parallel('outer', {
        one: (b) =>
          b.parallel(
            'race',
            {
              fast: (way) => way.step('ask', shop.do, what('fast')),
              slow: (way) =>
                way
                  .each(
                    'many',
                    () => items,
                    (item) => item.local('twice', ({ index }) => index * 2),
                  )
                  .step('ask', shop.do, what('slow')),
            },
            { enough: 'any' },
          ),
        two: (b) => b.step('ask', shop.do, what('two')),
      })
      .end()
    const play = new Play(plan)
    const goOn = () => {
      while (play.state?.yielded) play.fire()
    }
    play.start()
    goOn()
    play.answer('outer[one].race[fast].ask')
    expect(play.state?.yielded, 'there is more to undo than one turn has room for').toBe(true)
    expect(play.told, 'and the scope around it is done').toContain('scope-completed outer[one]')
    goOn()
    play.answer('outer[two].ask')
    expect(play.status).toBe('completed')
  })
})

describe('a choice', () => {
  const choice = begin()
    .local('size', ({ input }) => Number(input))
    .choose(
      'way',
      {
        big: { when: ({ size }) => size > 10, do: (b) => b.step('truck', shop.do, what('truck')) },
        small: { when: ({ size }) => size > 0, do: (b) => b.step('bike', shop.do, what('bike')) },
      },
      (b) => b.step('none', shop.do, what('none')),
    )
    .output(({ way }) => way)
  it.each([
    [11, 'way[big].truck', { big: { truck: { of: 'way[big].truck' } } }],
    [1, 'way[small].bike', { small: { bike: { of: 'way[small].bike' } } }],
    [0, 'way[otherwise].none', { otherwise: { none: { of: 'way[otherwise].none' } } }],
  ])('of %d takes %s', (size, path, output) => {
    const play = new Play(choice)
    play.start(size)
    expect(play.open).toEqual([path])
    play.answer(path)
    expect(play.state).toMatchObject({ status: 'completed', root: { output } })
  })
})

describe('a save point', () => {
  const trip = begin()
    .step('hotel', shop.do, what('hotel'))
    .undo(shop.undo, what('hotel'))
    .attempt('travel', {
      plane: (b) =>
        b.step('seat', shop.do, what('seat')).undo(shop.undo, what('seat')).step('pay', shop.do, what('pay')),
      train: (b) => b.step('ticket', shop.do, what('ticket')).undo(shop.undo, what('ticket')),
    })
    .output(({ travel }) => (travel.plane ? 'by plane' : 'by train'))
  it('undoes one way back to itself, and goes another', () => {
    const play = new Play(trip)
    play.start()
    play.answer('hotel')
    play.answer('travel[plane].seat')
    play.answer('travel[plane].pay', 'rejected')
    expect(play.status).toBe('running')
    expect(play.open, 'the hotel stays').toEqual(['undo travel[plane].seat'])
    play.undone('travel[plane].seat')
    expect(play.open).toEqual(['travel[train].ticket'])
    play.answer('travel[train].ticket')
    expect(play.state).toMatchObject({ status: 'completed', root: { output: 'by train' } })
  })
  it('turns the saga back when no way is left', () => {
    const play = new Play(trip)
    play.start()
    play.answer('hotel')
    play.answer('travel[plane].seat', 'rejected')
    play.answer('travel[train].ticket', 'rejected')
    expect(play.open).toEqual(['undo hotel'])
    play.undone('hotel')
    expect(play.status).toBe('compensated')
  })
  it('waits for a way back that is stuck', () => {
    const play = new Play(trip)
    play.start()
    play.answer('hotel')
    play.answer('travel[plane].seat')
    play.answer('travel[plane].pay', 'rejected')
    play.undone('travel[plane].seat', 'rejected')
    expect(play.status).toBe('stuck')
    expect(play.open).toEqual([])
    play.resolve('travel[plane].seat')
    expect(play.open).toEqual(['travel[train].ticket'])
  })
})

describe('a fan-out', () => {
  const warm = (tolerate: number | '50%') =>
    begin()
      .each(
        'warm',
        ({ input }) => input as string[],
        (b) =>
          b
            .step('load', shop.do, ({ item, index }) => ({ what: [item, index] }))
            .undo(shop.undo, ({ item }) => ({ what: item })),
        { parallel: 2, tolerate },
      )
      .step('tell', shop.do, ({ warm }) => ({ what: warm.map((one) => one?.load.of ?? 'failed') }))
      .end()
  it('takes so many at a time, and gives the results in order', () => {
    const play = new Play(warm(0))
    play.start(['x', 'y', 'z'])
    expect(play.open).toEqual(['warm[0].load', 'warm[1].load'])
    play.answer('warm[1].load')
    expect(play.open).toEqual(['warm[0].load', 'warm[2].load'])
    play.answer('warm[2].load')
    play.answer('warm[0].load')
    expect(play.effects.at(-1)).toMatchObject({
      command: { payload: { what: ['warm[0].load', 'warm[1].load', 'warm[2].load'] } },
    })
  })
  it('goes on without as many as are tolerated, each undone by itself', () => {
    const play = new Play(warm('50%'))
    play.start(['x', 'y', 'z'])
    play.answer('warm[0].load', 'rejected')
    expect(play.open).toEqual(['warm[1].load', 'warm[2].load'])
    play.answer('warm[1].load')
    play.answer('warm[2].load')
    expect(play.effects.at(-1)).toMatchObject({
      command: { payload: { what: ['failed', 'warm[1].load', 'warm[2].load'] } },
    })
  })
  it('turns back when more fail, undoing the last items first', () => {
    const play = new Play(warm(0))
    play.start(['x', 'y', 'z'])
    play.answer('warm[0].load')
    play.answer('warm[1].load')
    play.answer('warm[2].load', 'rejected')
    expect(play.open).toEqual(['undo warm[0].load', 'undo warm[1].load'])
    play.undone('warm[0].load')
    play.undone('warm[1].load')
    expect(play.status).toBe('compensated')
  })
  it('of nothing is done at once', () => {
    const play = new Play(warm(0))
    play.start([])
    expect(play.open).toEqual(['tell'])
  })
  it('is parked when its items are none', () => {
    const play = new Play(warm(0))
    play.start({ no: 'list' })
    expect(play.state).toMatchObject({ status: 'stuck', parked: [{ step: 'warm', error: { code: 'bad-items' } }] })
  })
  it('of items too big for one batch goes on in the next', () => {
    const big = 'x'.repeat(20_000)
    const wide = begin()
      .each(
        'big',
        () => Array.from({ length: 40 }, () => big),
        (b) => b.step('send', shop.do, ({ item }) => ({ what: item })),
        { parallel: 40 },
      )
      .end()
    const play = new Play(wide)
    play.start()
    expect(JSON.stringify(play.history).length).toBeLessThan(400_000)
    while (play.state?.yielded) play.fire()
    expect(play.open).toHaveLength(40)
  })
  it('of more than one turn has room for goes on in the next', () => {
    const many = begin()
      .each(
        'sum',
        () => Array.from({ length: 500 }, (_, i) => i),
        (b) => b.local('twice', ({ item }) => item * 2),
        { parallel: 7 },
      )
      .output(({ sum }) => sum.reduce((total, one) => total + one.twice, 0))
    const play = new Play(many)
    play.start()
    expect(play.state?.yielded).toBe(true)
    let turns = 1
    for (; play.status === 'running'; turns++) play.fire()
    expect(play.state).toMatchObject({ status: 'completed', yielded: false, root: { output: 249_500 } })
    expect(turns).toBeGreaterThan(5)
  })
})

describe('a loop', () => {
  const settle = (atLimit: 'turn-back' | 'go-on') =>
    begin()
      .repeat(
        'round',
        (b) =>
          b.step('ask', shop.do, ({ index }) => ({ what: index })).undo(shop.undo, ({ index }) => ({ what: index })),
        {
          until: ({ ask }) => ask.of === 'settled',
          roundsMax: 3,
          atLimit,
        },
      )
      .output(({ round }) => round.ask.of)
  it('goes on until its condition holds', () => {
    const play = new Play(settle('turn-back'))
    play.start()
    play.answer('round[0].ask')
    play.answer('round[1].ask', 'success', { of: 'settled' })
    expect(play.state).toMatchObject({ status: 'completed', root: { output: 'settled' } })
  })
  it('turns back at its limit, the last round first', () => {
    const play = new Play(settle('turn-back'))
    play.start()
    for (const round of [0, 1, 2]) play.answer(`round[${round}].ask`)
    expect(play.state).toMatchObject({ status: 'compensating', root: { cause: { error: { kind: 'limit' } } } })
    for (const round of [2, 1, 0]) {
      expect(play.open).toEqual([`undo round[${round}].ask`])
      play.undone(`round[${round}].ask`)
    }
    expect(play.status).toBe('compensated')
  })
  it('goes on at its limit where that is said', () => {
    const play = new Play(settle('go-on'))
    play.start()
    for (const round of [0, 1, 2]) play.answer(`round[${round}].ask`)
    expect(play.state).toMatchObject({ status: 'completed', root: { output: 'round[2].ask' } })
  })
})
