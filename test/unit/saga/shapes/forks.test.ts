/** A fork goes on from a step of another saga with what that one has done, and never undoes any of it. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sagaId } from '../../../../shared/message/ids.ts'
import { saga, signal } from '../../../../shared/saga/builder.ts'
import { decide } from '../../../../shared/saga/decide.ts'
import type { Definition } from '../../../../shared/saga/definition.ts'
import { pivotStanding } from '../../../../shared/saga/pivot.ts'
import { stepAt } from '../../../../shared/saga/tree.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

const undoable = (plan: ReturnType<typeof begin>) =>
  plan
    .step('hold', shop.do, what('hold'))
    .undo(shop.undo, what('hold'))
    .local('price', ({ hold }) => `price of ${hold.of}`)
    .step('pack', shop.do, ({ price }) => ({ what: price }))
    .undo(shop.undo, what('pack'))

const order = undoable(begin())
  .pivot('charge', shop.do, ({ pack, price }) => ({ what: [pack.of, price] }))
  .step('ship', shop.do, what('ship'))
  .output(({ hold, price, charge, ship }) => [hold.of, price, charge.of, ship.of])

function began(definition: Definition, ...answered: readonly string[]): Play {
  const play = new Play(definition)
  play.start({ n: 1 })
  for (const step of answered) play.answer(step)
  return play
}

const statusOf = ({ state }: Play, path: string) => state && stepAt(state, path)?.status
const namesGiven = (play: Play) => {
  const effect = play.effects.findLast((one) => one.kind === 'start-fork')
  return effect?.given.map(({ step }) => step)
}

describe('a fork', () => {
  it('begins with the step that it was forked from, on what came before it', () => {
    const origin = began(order, 'hold')
    origin.fork('pack')
    const fork = origin.forked()
    expect(fork.open).toEqual(['pack'])
    expect(fork.history[0]?.event).toMatchObject({
      origin: { sagaId: origin.id, step: 'pack', seq: origin.history.length },
      definition: 'shape',
      version: 1,
      input: { n: 1 },
    })
  })
  it('has the outputs that it was given, and ends as any saga', () => {
    const origin = began(order, 'hold', 'pack')
    origin.fork('charge')
    const fork = origin.forked()
    expect(fork.state?.root.steps.map(({ name, status }) => [name, status])).toEqual([
      ['hold', 'given'],
      ['price', 'given'],
      ['pack', 'given'],
      ['charge', 'armed'],
    ])
    fork.answer('charge')
    fork.answer('ship')
    expect(fork.state?.root.output).toEqual(['hold', 'price of hold', 'charge', 'ship'])
  })
  it('undoes what it did, and nothing of what it was given', () => {
    const origin = began(order, 'hold')
    origin.fork('pack')
    const fork = origin.forked()
    fork.answer('pack')
    fork.act('cancel')
    expect(fork.status).toBe('running')
    fork.answer('charge', 'rejected')
    expect(fork.open).toEqual(['undo pack'])
    fork.undone('pack')
    expect(fork.status).toBe('compensated')
    expect(statusOf(fork, 'hold')).toBe('given')
  })
  it('that is given the pivot is past it', () => {
    const origin = began(order, 'hold', 'pack', 'charge')
    origin.fork('ship')
    const fork = origin.forked()
    if (fork.state) expect(pivotStanding(order, fork.state)).toBe('passed')
    expect(fork.act('cancel')).toMatchObject({ events: [{ type: 'cancel-refused', why: 'past-pivot' }] })
  })
  it('can be forked: what it was given is given on', () => {
    const origin = began(order, 'hold')
    origin.fork('pack')
    const fork = origin.forked()
    fork.answer('pack')
    fork.fork('charge')
    const second = fork.forked()
    expect(second.open).toEqual(['charge'])
    expect(second.history[0]?.event).toMatchObject({ origin: { sagaId: fork.id } })
  })
  it('may run on another input, which has to fit', () => {
    const strict = saga('strict', { version: 1, input: z.object({ n: z.int() }) })
      .step('a', shop.do, ({ input }) => ({ what: input.n }))
      .end()
    const origin = began(strict)
    expect(origin.fork('a', { n: 'one' })).toMatchObject({ reason: 'invalid-input' })
    origin.fork('a', { n: 2 })
    expect(origin.forked().history[1]?.event).toMatchObject({ payload: { what: 2 } })
  })
  it('hears nothing of the steps that it was given', () => {
    const origin = began(order, 'hold')
    origin.fork('pack')
    const fork = origin.forked()
    expect(fork.answer('hold')).toEqual({ kind: 'ignored', reason: 'step-not-open' })
    expect(fork.ask({ kind: 'skip', step: 'hold', output: { of: 'x' } })).toMatchObject({ reason: 'not-now' })
  })
})

describe('what is given', () => {
  it('is what is done beside the step too, and not what is under way', () => {
    const wide = begin()
      .step('a', shop.do, what('a'))
      .after('a')
      .step('b', shop.do, what('b'))
      .after('a')
      .step('c', shop.do, what('c'))
      .after('a')
      .step('d', shop.do, what('d'))
      .end()
    const origin = began(wide, 'a', 'c')
    origin.fork('b')
    expect(namesGiven(origin)).toEqual(['a', 'c'])
    expect(origin.forked().open).toEqual(['b', 'd'])
  })
  it('is a block with all that it gave', () => {
    const plan = begin()
      .each(
        'items',
        () => [1, 2],
        (b) => b.step('do', shop.do, what('item')),
      )
      .step('end', shop.do, ({ items }) => ({ what: items.map((item) => item.do.of) }))
      .end()
    const origin = began(plan, 'items[0].do', 'items[1].do')
    origin.fork('end')
    const payload = { what: ['items[0].do', 'items[1].do'] }
    expect(origin.forked().history[1]?.event).toMatchObject({ type: 'step-requested', payload })
  })
  it('is a step that was skipped, without an output', () => {
    const plan = begin()
      .when(() => false)
      .step('maybe', shop.do, what('m'))
      .step('then', shop.do, what('t'))
      .end()
    const origin = began(plan)
    origin.fork('then')
    expect(origin.forked().history[0]?.event).toMatchObject({ given: [{ step: 'maybe' }] })
  })
  it('is nothing that is undone, is to be undone, or came of what is', () => {
    const origin = began(order, 'hold', 'pack')
    origin.answer('charge', 'rejected')
    origin.fork('charge')
    expect(namesGiven(origin)).toEqual([])
    origin.undone('pack')
    origin.undone('hold')
    expect(origin.status).toBe('compensated')
    origin.fork('charge')
    expect(namesGiven(origin)).toEqual([])
    expect(origin.forked().open).toEqual(['hold'])
  })
  it('is of a saga that turned back what nobody undoes', () => {
    const plan = begin()
      .local('now', () => 7)
      .step('look', shop.do, what('look'))
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .sleep('rest', '1 day')
      .end()
    const origin = began(plan, 'look', 'hold')
    origin.act('cancel')
    origin.fork('rest')
    expect(namesGiven(origin)).toEqual(['now', 'look'])
  })
})

describe('the origin', () => {
  it('goes on as if nothing were, and is asked once', () => {
    const origin = began(order, 'hold')
    const act = { sagaId: origin.id, requestId: 'once', actor: 'ann', reason: 'so' }
    const fork = { kind: 'fork', step: 'pack', fork: sagaId('f-1'), ...act } as const
    expect(origin.give(fork).kind).toBe('events')
    expect(origin.give(fork)).toEqual({ kind: 'ignored', reason: 'duplicate-request' })
    expect(origin.open).toEqual(['pack'])
    for (const step of ['pack', 'charge', 'ship']) origin.answer(step)
    expect(origin.status).toBe('completed')
  })
  it('can be forked after its end, whatever that was', () => {
    const killed = began(order, 'hold')
    killed.act('kill')
    killed.fork('pack')
    expect(killed.forked().open).toEqual(['pack'])
    expect(killed.status).toBe('failed')
    const done = began(order, 'hold', 'pack', 'charge', 'ship')
    done.fork('charge')
    expect(done.forked().open).toEqual(['charge'])
    expect(done.status).toBe('completed')
  })
  it('of which only the end is remembered cannot be forked', () => {
    const known = { status: 'ended', id: sagaId('s-1'), definition: 'shape', inputHash: 'h' } as const
    const act = { sagaId: known.id, requestId: 'r', actor: 'ann', reason: 'so' }
    const input = { kind: 'fork', step: 'pack', fork: sagaId('f-1'), ...act } as const
    const decision = decide({ definition: order, known, input, moment: { now: 0, chance: 0 } })
    expect(decision).toMatchObject({ kind: 'refused', reason: 'not-now' })
  })
  it('is no fork of itself, and has the step', () => {
    const origin = began(order)
    const act = { sagaId: origin.id, requestId: 'r', actor: 'ann', reason: 'so' }
    expect(origin.give({ kind: 'fork', step: 'pack', fork: origin.id, ...act })).toMatchObject({
      reason: 'start-conflict',
    })
    for (const step of ['nowhere', 'items[0].do', 'toString'])
      expect(origin.fork(step)).toMatchObject({ reason: 'unknown-step' })
  })
  it('whose outputs are more than a start may hold is not forked', () => {
    const large = begin()
      .local('all', () => 'x'.repeat(1_000_000))
      .step('b', shop.do, what('b'))
      .end()
    expect(began(large).fork('b')).toMatchObject({
      reason: 'invalid-given',
      message: expect.stringContaining('too-large'),
    })
  })
})

describe('an approval', () => {
  const asked = begin()
    .approve('boss', { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] })
    .step('pay', shop.do, ({ input }) => ({ what: input }))
    .end()
  const approved = () => {
    const play = began(asked)
    play.signal('boss', { answer: 'yes' }, ['boss'])
    return play
  }

  it('that was given stands in a fork with the same input', () => {
    const origin = approved()
    origin.fork('pay')
    expect(origin.forked().open).toEqual(['pay'])
  })
  it('does not stand for another input: the fork begins with it, or is refused', () => {
    const origin = approved()
    expect(origin.fork('pay', { cents: 1_000_000 })).toMatchObject({
      reason: 'not-now',
      message: expect.stringContaining('fork from it'),
    })
    origin.fork('boss', { cents: 1_000_000 })
    expect(statusOf(origin.forked(), 'boss')).toBe('waiting')
  })
  it('stands for a block that it is in, and for nobody with other roles in another version', () => {
    const version = (roles: string[]): Definition =>
      saga('shape', { version: 2, input: z.json() })
        .approve('boss', { roles, answers: ['yes', 'no'], turnBackOn: ['no'] })
        .step('pay', shop.do, what('pay'))
        .end()
    const origin = approved()
    const act = { sagaId: origin.id, requestId: 'r', actor: 'ann', reason: 'so' }
    const input = { kind: 'fork', step: 'pay', fork: sagaId('f-1'), version: 2, ...act } as const
    const question = { definition: asked, known: origin.state, input, moment: { now: 0, chance: 0 } }
    expect(decide({ ...question, forkOn: version(['boss']) }).kind).toBe('events')
    expect(decide({ ...question, forkOn: version(['lawyer']) })).toMatchObject({ reason: 'invalid-given' })
  })
})

describe('a fork on another version', () => {
  const second = (plan = undoable(saga('shape', { version: 2, input: z.json() }))) =>
    plan.step('wrap', shop.do, what('wrap')).end()
  const ask = (target: Definition | undefined, version = 2) => {
    const origin = began(order, 'hold', 'pack')
    const act = { sagaId: origin.id, requestId: 'r', actor: 'ann', reason: 'so' }
    const input = { kind: 'fork', step: 'charge', fork: sagaId('f-1'), version, ...act } as const
    return decide({ definition: order, forkOn: target, known: origin.state, input, moment: { now: 0, chance: 0 } })
  }

  it('runs that one, which has the steps that it is given', () => {
    expect(ask(second())).toMatchObject({ events: [{ type: 'saga-forked', version: 2 }] })
    expect(ask(undefined, 1)).toMatchObject({ events: [{ version: 1 }] })
  })
  it('that is not here, or lacks such a step, is refused by name', () => {
    expect(ask(undefined)).toMatchObject({ reason: 'unknown-definition' })
    const less = saga('shape', { version: 2, input: z.json() }).step('hold', shop.do, what('hold')).end()
    expect(ask(less)).toMatchObject({ reason: 'invalid-given', message: expect.stringContaining('pack') })
    const other = saga('shape', { version: 2, input: z.json() })
      .step('hold', shop.do, what('hold'))
      .waitFor('price', signal('price', z.json()))
      .step('pack', shop.do, what('pack'))
      .end()
    expect(ask(other)).toMatchObject({ reason: 'invalid-given', message: expect.stringContaining('price is another') })
  })
})

describe('the start of a fork', () => {
  const origin = { sagaId: sagaId('o-1'), step: 'pack', seq: 4 }
  it.each([
    ['what its plan does not have', [{ step: 'nowhere' }]],
    ['a step twice', [{ step: 'hold' }, { step: 'hold' }]],
    ['a step without what that comes after', [{ step: 'pack', output: { of: 'x' } }]],
    ['a step inside a block', [{ step: 'items[0].do' }]],
  ])('that is given %s is refused', (_, given) => {
    expect(new Play(order).start({}, { origin, given })).toMatchObject({ reason: 'invalid-given' })
  })
})
