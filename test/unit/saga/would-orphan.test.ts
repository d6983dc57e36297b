/** What nobody may leave behind who moves a saga to another version. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { Play } from '../../support/play.ts'
import { first, one, played, refusal, second, two } from './moving.ts'
import { shop, what } from './shapes/shop.ts'

describe('what would be left behind', () => {
  const dropsHold = two()
    .step('charge', shop.do, what('charge'))
    .keep()
    .pivot('ship', shop.do, what('ship'))
    .step('tell', shop.do, what('tell'))
    .end()
  it('is a command that is out, and a step that may have to be undone', () => {
    expect(refusal(played(first), dropsHold)).toContain('would-orphan: hold is armed, and is not in the plan')
    expect(refusal(played(first, 'hold', 'charge'), dropsHold)).toMatch(
      /hold is succeeded, may have to be undone, and has no undo; charge is succeeded, may have to be undone/,
    )
  })
  it('is nothing past the pivot but what is open: what is done is done', () => {
    const late = two().pivot('ship', shop.do, what('ship')).step('tell', shop.do, what('tell')).end()
    const play = played(first, 'hold', 'charge', 'ship')
    expect(play.move(late).kind).toBe('events')
    play.answer('tell')
    expect(play.status).toBe('completed')
  })
  it('is a step that had nothing to undo only where nobody says so', () => {
    const kept = one()
      .step('look', shop.do, what('look'))
      .keep()
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .end()
    const without = two().step('hold', shop.do, what('hold')).undo(shop.undo, what('hold')).end()
    expect(played(kept, 'look').move(without).kind).toBe('events')
    const pinned = () => {
      const play = new Play(kept)
      const start = {
        kind: 'start',
        sagaId: play.id,
        definition: 'order',
        version: 1,
        input: {},
        inputHash: 'h',
      } as const
      play.give(start, { definition: kept, definitionHash: 'hash-1' })
      play.answer('look')
      return play
    }
    expect(refusal(pinned(), without, { old: false })).toContain('look is succeeded, may have to be undone')
    const says = { ...without, migrations: [{ from: 1, renames: {}, keeps: ['look'] }] }
    expect(pinned().move(says, { old: false }).kind).toBe('events')
  })
  it('is a step that would be another one', () => {
    const other = participant('shop', { do: shop.do, undo: shop.undo, other: command({ input: z.json() }) })
    const plan = two()
      .step('hold', other.other, () => 1)
      .undo(shop.undo, what('hold'))
      .end()
    expect(refusal(played(one().step('hold', shop.do, what('h')).undo(shop.undo, what('h')).end()), plan)).toContain(
      'hold was sent as shop.do.v1, and would be another step',
    )
    const wait = (name: string) => one().waitFor('go', signal(name, z.json())).end()
    const waits = { ...wait('ready'), version: 2, migrations: [{ from: 1, renames: {}, keeps: [] }] }
    expect(refusal(played(wait('go')), waits)).toContain('go waits for go, and would be signal')
    const sums = one()
      .local('sum', () => 1)
      .step('hold', shop.do, what('h'))
      .keep()
      .end()
    const sends = two().step('sum', shop.do, what('sum')).keep().step('hold', shop.do, what('h')).keep().end()
    expect(refusal(played(sums), sends)).toContain('sum is done and was not sent, and would be command')
  })
  it('is a branch that has begun, and a block that cannot come to its end', () => {
    const pair = (make: () => ReturnType<typeof one>, names: readonly string[], enough: 'any' | 'all') =>
      make()
        .parallel(
          'both',
          Object.fromEntries(
            names.map((name) => [
              name,
              (b: never) => (b as ReturnType<typeof one>).step('do', shop.do, what(name)).undo(shop.undo, what(name)),
            ]),
          ) as never,
          { enough } as never,
        )
        .end()
    const old = pair(one, ['a', 'b'], 'any')
    expect(refusal(played(old), pair(two as never, ['a', 'c'], 'any'))).toContain('both has begun its branch b')
    const play = played(old)
    play.answer('both[a].do', 'rejected')
    expect(refusal(play, pair(two as never, ['a', 'b'], 'all'))).toContain(
      'both needs 2 of 2 branches, and 1 have failed',
    )
    expect(play.move(pair(two as never, ['a', 'b', 'c'], 'any')).kind).toBe('events')
    expect(play.open).toEqual(['both[b].do', 'both[c].do'])
  })
  it('is the pivot: who is past it stays past it, and who is not stays before it', () => {
    const sooner = two()
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .pivot('charge', shop.do, what('c'))
      .step('ship', shop.do, what('s'))
      .step('tell', shop.do, what('tell'))
      .end()
    expect(refusal(played(first, 'hold'), sooner)).toContain('the pivot ship is ahead, and charge would be in-flight')
    expect(played(first).move(sooner).kind).toBe('events')
    expect(refusal(played(first, 'hold', 'charge', 'ship'), second)).toContain(
      'check stands before the pivot, which is on its way or done, and is not done',
    )
    const given = {
      ...second,
      migrations: [{ from: 1, map: () => ({ outputs: { check: { of: 'x' } } }), renames: {}, keeps: [] }],
    }
    expect(played(first, 'hold', 'charge', 'ship').move(given).kind).toBe('events')
  })
  it('is an undo that is on its way, where undos come one by one and another would come before it', () => {
    const options = { input: z.json(), compensation: 'sequential' } as const
    const before = saga('order', { version: 1, ...options })
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .step('charge', shop.do, what('charge'))
      .undo(shop.undo, what('charge'))
      .pivot('ship', shop.do, what('ship'))
      .end()
    const turned = saga('order', { version: 2, ...options })
      .migratesFrom(1)
      .step('charge', shop.do, what('charge'))
      .undo(shop.undo, what('charge'))
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .pivot('ship', shop.do, what('ship'))
      .end()
    const play = played(before, 'hold', 'charge')
    play.answer('ship', 'rejected')
    expect(refusal(play, turned)).toBe('would-orphan: charge is being undone, and would be undone after hold')
    play.undone('charge')
    expect(play.move(turned).kind).toBe('events')
    play.undone('hold')
    expect(play.status).toBe('compensated')
  })
  it('names twenty, and how many more', () => {
    const wide = one()
      .each(
        'all',
        () => Array.from({ length: 25 }, (_, i) => i),
        (b) => b.step('do', shop.do, what('x')).keep(),
        { parallel: 25 },
      )
      .end()
    const gone = two()
      .each(
        'all',
        () => [],
        (b) => b.local('none', () => 1),
      )
      .end()
    expect(refusal(played(wide), gone)).toMatch(/all\[19\]\.do is armed, and is not in the plan; and 5 more$/)
  })
})
