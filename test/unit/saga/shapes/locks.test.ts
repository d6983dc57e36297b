/** Sagas that ask for locks: when they hold them, and when those are free again. */
import { describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../../shared/saga/builder.ts'
import { LOCKS_MAX } from '../../../../shared/saga/lock-step.ts'
import { stepAt } from '../../../../shared/saga/tree.ts'
import { LockHall } from '../../../support/lock-hall.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

const sku = () => 'sku:1'

const order = begin('order')
  .step('first', shop.do, what('first'))
  .undo(shop.undo, what('first'))
  .lock('stock', sku)
  .step('take', shop.do, ({ stock }) => ({ what: `${stock.resource} under ${stock.token}` }))
  .undo(shop.undo, what('take'))
  .pivot('ship', shop.do, what('ship'))
  .end()

/** Up to where it asks for its lock. */
function asking(hall: LockHall, id: string): Play {
  const play = hall.start(order, id)
  play.answer('first')
  hall.carry()
  return play
}

describe('a lock', () => {
  it('is waited for in order of arrival, gives its token on, and is free when the saga has ended', () => {
    const hall = new LockHall()
    const [a, b] = [asking(hall, 'a'), asking(hall, 'b')]
    expect(hall.who('sku:1')).toBe('a, then b')
    expect([a.open, b.open]).toEqual([['take'], ['stock']])
    expect(
      a.history.find(({ event }) => event.type === 'step-requested' && event.step === 'take')?.event,
    ).toMatchObject({
      payload: { what: 'sku:1 under 1' },
    })
    for (const step of ['take', 'ship']) a.answer(step)
    expect(a.history.at(-1)?.event).toEqual({ type: 'saga-completed', output: null, frees: ['sku:1'] })
    hall.carry()
    expect(hall.who('sku:1')).toBe('b')
    expect(b.open).toEqual(['take'])
    expect(b.state && stepAt(b.state, 'stock')?.output).toEqual({ resource: 'sku:1', token: 2 })
  })

  it('is freed in its place when the saga turns back: after the undo of all that came after it', () => {
    const hall = new LockHall()
    const [a, b] = [asking(hall, 'a'), asking(hall, 'b')]
    a.answer('take')
    a.answer('ship', 'rejected')
    expect(a.open).toEqual(['undo take'])
    expect(hall.who('sku:1')).toBe('a, then b')
    a.undone('take')
    hall.carry()
    expect([hall.who('sku:1'), a.open, b.open]).toEqual(['b', ['undo first'], ['take']])
    a.undone('first')
    expect(a.history.at(-1)?.event).toEqual({ type: 'saga-compensated' })
  })

  it('is asked for no more when it was not granted in time: the step is rejected, and the saga turns back', () => {
    const hall = new LockHall()
    const [, b, c] = [asking(hall, 'a'), asking(hall, 'b'), asking(hall, 'c')]
    b.fire()
    hall.carry()
    expect(b.now).toBe(1_060_000)
    expect(hall.who('sku:1')).toBe('a, then c')
    expect(b.told.slice(-3)).toEqual(
      ['step-rejected stock', 'compensation-started', 'compensation-requested first'].slice(-4),
    )
    expect(b.state?.root.cause).toMatchObject({ kind: 'rejected', error: { kind: 'timeout', code: 'lock-timeout' } })
    b.undone('first')
    expect([b.status, c.open]).toEqual(['compensated', ['stock']])
  })

  it('is asked for no more when the saga turns back while it waits', () => {
    const hall = new LockHall()
    const [, b] = [asking(hall, 'a'), asking(hall, 'b')]
    b.act('cancel')
    hall.carry()
    expect(hall.who('sku:1')).toBe('a')
    expect(b.open).toEqual(['undo first'])
  })

  it('is freed when the saga is killed, whether it holds it or waits', () => {
    const hall = new LockHall()
    const [a, b] = [asking(hall, 'a'), asking(hall, 'b')]
    b.act('kill')
    expect(b.history.at(-1)?.event).toMatchObject({ type: 'saga-killed', frees: ['sku:1'] })
    a.act('kill')
    hall.carry()
    expect(hall.who('sku:1')).toBe('nobody')
  })

  it('that is granted when nobody waits for it any more changes nothing', () => {
    const hall = new LockHall()
    const b = new Play(order, 'b')
    b.start()
    b.answer('first')
    b.fire()
    const grant = { outcome: 'success', body: { resource: 'sku:1', token: 7 } } as const
    const reply = { kind: 'reply', sagaId: b.id, step: 'stock', direction: 'forward', attempt: 1, ...grant } as const
    expect(b.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })).toEqual({
      kind: 'ignored',
      reason: 'step-given-up',
    })
    hall.plays.set('b', b)
    hall.carry()
    expect(hall.who('sku:1')).toBe('nobody')
  })
})

describe('the same saga', () => {
  const twice = begin('twice').lock('one', sku).lock('two', sku).step('last', shop.do, what('last')).end()

  it('holds a lock as often as it asks for it, under one token, and frees it with the last', () => {
    const hall = new LockHall()
    const a = hall.start(twice, 'a')
    expect(a.state?.locks).toEqual([{ resource: 'sku:1', asks: 2 }])
    expect(['one', 'two'].map((step) => a.state && stepAt(a.state, step)?.output)).toEqual([
      { resource: 'sku:1', token: 1 },
      { resource: 'sku:1', token: 1 },
    ])
    a.answer('last', 'rejected')
    expect(a.status).toBe('compensated')
    hall.carry()
    expect(hall.who('sku:1')).toBe('nobody')
  })

  it('may ask for many in blocks, and frees all that it still has at its end', () => {
    const each = begin('each')
      .each(
        'rows',
        ({ input }) => input as string[],
        (b) => b.lock('row', ({ item }) => `row:${item}`),
      )
      .end()
    const hall = new LockHall()
    const a = hall.start(each, 'a', ['x', 'y', 'x'])
    expect(a.status).toBe('completed')
    expect(a.history.at(-1)?.event).toMatchObject({ frees: ['row:x', 'row:y'] })
    expect(['row:x', 'row:y'].map((row) => hall.who(row))).toEqual(['nobody', 'nobody'])
  })
})

describe('a semaphore', () => {
  const gate = (permits: number) =>
    begin(`gate-${permits}`)
      .lock('slot', () => 'gate', { permits })
      .step('go', shop.do, what('go'))
      .end()

  it('lets in as many sagas as it has permits, and refuses one that says another number', () => {
    const hall = new LockHall()
    const [a, b, c] = ['a', 'b', 'c'].map((id) => hall.start(gate(2), id))
    expect(hall.who('gate')).toBe('a, b, then c')
    const other = hall.start(gate(3), 'd')
    expect(other.status).toBe('compensated')
    expect(other.state?.root.cause).toMatchObject({ kind: 'rejected', error: { code: 'permits-differ' } })
    a?.answer('go')
    hall.carry()
    expect([b?.open, c?.open]).toEqual([['go'], ['go']])
  })
})

describe('two sagas that wait for each other', () => {
  const both = (name: string, first: string, second: string) =>
    begin(name)
      .lock('one', () => first)
      .step('between', shop.do, what('between'))
      .lock('two', () => second, { timeout: '10 s' })
      .end()

  it('go on when the first of them has waited for long enough', () => {
    const hall = new LockHall()
    const a = hall.start(both('ab', 'a', 'b'), 's-1')
    const b = hall.start(both('ba', 'b', 'a'), 's-2')
    for (const play of [a, b]) play.answer('between')
    hall.carry()
    expect([hall.who('a'), hall.who('b')]).toEqual(['s-1, then s-2', 's-2, then s-1'])
    a.fire()
    hall.carry()
    expect([a.status, b.status]).toEqual(['compensated', 'completed'])
    expect([hall.who('a'), hall.who('b')]).toEqual(['nobody', 'nobody'])
  })
})

describe('past the pivot', () => {
  const late = begin('late')
    .pivot('pay', shop.do, what('pay'))
    .lock('stock', sku)
    .step('take', shop.do, what('take'))
    .end()

  it('a lock that is not granted in time calls a person, who can have it asked for again', () => {
    const hall = new LockHall()
    asking(hall, 'other')
    const a = hall.start(late, 'a')
    a.answer('pay')
    hall.carry()
    a.fire()
    hall.carry()
    expect([a.status, hall.who('sku:1')]).toEqual(['stuck', 'other'])
    a.act('retry')
    hall.carry()
    expect(hall.who('sku:1')).toBe('other, then a')
    hall.plays.get('other')?.act('kill')
    hall.carry()
    expect(a.open).toEqual(['take'])
  })

  it('a lock that a person does without is not freed by anybody', () => {
    const a = new Play(late, 'a')
    a.start()
    a.answer('pay')
    a.fire()
    a.ask({ kind: 'skip', step: 'stock', output: { resource: 'sku:1', token: 0 } })
    a.answer('take')
    expect(a.history.at(-1)?.event).toEqual({ type: 'saga-completed', output: null })
  })
})

describe('what is asked for', () => {
  test.each<[string, () => unknown, string]>([
    ['a name that is none', () => 'a b', 'bad-resource'],
    ['nothing', () => undefined, 'bad-resource'],
    [
      'a mapping that throws',
      () => {
        throw new Error('broken')
      },
      'mapping-threw',
    ],
  ])('%s parks the step', (_what, resource, code) => {
    const play = new Play(
      begin('bad')
        .lock('stock', resource as () => string)
        .end(),
    )
    play.start()
    expect(play.state?.parked).toMatchObject([{ step: 'stock', error: { code } }])
    expect(play.effects).toEqual([])
  })

  it('is limited: one lock more calls a person', () => {
    const count = LOCKS_MAX + 1
    const many = begin('many')
      .each(
        'rows',
        () => Array.from({ length: count }, (_, i) => i),
        (b) => b.lock('row', ({ item }) => `row:${item}`),
        { parallel: 1_000 },
      )
      .end()
    const play = new Play(many, 'saga-1', { checks: false })
    play.start()
    for (let left = count; left > 0 && play.state?.parked.length === 0; left--) {
      if (play.state.yielded) play.fire()
      else for (const step of play.open) play.answer(step, 'success', { resource: 'r', token: 1 })
    }
    expect(play.state?.locks.length).toBe(LOCKS_MAX)
    expect(play.state?.parked).toMatchObject([{ error: { kind: 'limit', code: 'too-many-locks' } }])
    play.check()
  })
})

test('an ask that came too late for its lock is made again', () => {
  const play = new Play(order, 'a')
  play.start()
  play.answer('first')
  play.answer('stock', 'failed', { code: 'asked-late', message: 'm' })
  expect(play.open).toEqual([])
  play.fire()
  expect(play.open).toEqual(['stock'])
  expect(play.state?.locks).toEqual([{ resource: 'sku:1', asks: 1 }])
  expect(play.state && stepAt(play.state, 'stock')?.lock).toEqual({ resource: 'sku:1', permits: 1, ask: 2 })
})

describe('a saga that is moved to another version', () => {
  const first = saga('moved', { version: 1, input: z.json() })
    .lock('shelf', sku)
    .step('take', shop.do, what('take'))
    .end()
  const second = saga('moved', { version: 2, input: z.json() })
    .migratesFrom(1, undefined, { renames: { shelf: 'place' } })
    .lock('place', sku)
    .step('take', shop.do, what('take'))
    .end()

  it.each(['waits', 'holds'])('%s under the name that its step had when it asked', (how) => {
    const hall = new LockHall()
    if (how === 'waits') asking(hall, 'other')
    const play = hall.start(first, 'a')
    expect(play.move(second)).toMatchObject({ kind: 'events' })
    expect(play.open).toEqual([how === 'waits' ? 'place' : 'take'])
    if (how === 'waits') play.fire()
    else play.answer('take', 'rejected')
    hall.carry()
    expect([play.status, hall.who('sku:1')]).toEqual(['compensated', how === 'waits' ? 'other' : 'nobody'])
  })
})

test('a fork goes on under no lock that it does not hold', () => {
  const hall = new LockHall()
  const play = asking(hall, 'a')
  expect(play.fork('take')).toMatchObject({
    reason: 'not-now',
    message: expect.stringContaining('stock holds what a fork would not have'),
  })
  expect(play.fork('stock').kind).toBe('events')
})
