/** A saga is moved to another version of its definition: how it goes on there. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { SagaStatus } from '../../../shared/saga/state.ts'
import { stepAt } from '../../../shared/saga/tree.ts'
import { Play } from '../../support/play.ts'
import { first, lastSent, one, played, refusal, second, two } from './moving.ts'
import { shop, what } from './shapes/shop.ts'

describe('a saga that is moved', () => {
  it('goes on by the new plan at once: what is new begins, and what is out is waited for', () => {
    const play = played(first, 'hold')
    expect(play.move(second)).toMatchObject({
      events: [
        { type: 'saga-migrated', fromVersion: 1, toVersion: 2, pivot: 'ship', actor: 'ann', reason: 'so' },
        { type: 'step-requested', step: 'check', version: 2 },
      ],
    })
    expect(play).toMatchObject({ status: 'running', open: ['charge', 'check'], state: { version: 2 } })
    for (const step of ['check', 'charge', 'ship', 'tell', 'note']) play.answer(step)
    expect(play.status).toBe('completed')
  })
  it('does so without the old plan, which need not be here any more', () => {
    const play = played(first, 'hold')
    expect(play.state?.pivot).toBeUndefined()
    expect(refusal(play, second, { old: false })).toContain('does not say which step is the pivot')
    const pinned = new Play(first)
    const start = {
      kind: 'start',
      sagaId: pinned.id,
      definition: 'order',
      version: 1,
      input: {},
      inputHash: 'h',
    } as const
    pinned.give(start, { definition: first, definitionHash: 'hash-1' })
    pinned.answer('hold')
    expect(pinned.state).toMatchObject({ definitionHash: 'hash-1', pivot: 'ship' })
    expect(pinned.move(second, { old: false }).kind).toBe('events')
    expect(pinned.open).toEqual(['charge', 'check'])
  })
  it('is undone by the new plan, in its order', () => {
    const play = played(first, 'hold')
    play.move(second)
    play.answer('check')
    play.answer('charge', 'rejected')
    expect(play.open).toEqual(['undo check'])
    play.undone('check')
    play.undone('hold')
    expect(play.status).toBe('compensated')
  })
  it('keeps its deadline, its start and the request: repeated, it has no second effect', () => {
    const timed = saga('order', { version: 1, input: z.json(), deadline: '1 day' })
      .step('hold', shop.do, what('h'))
      .undo(shop.undo, what('h'))
      .end()
    const later = saga('order', { version: 2, input: z.json(), deadline: '9 days' })
      .migratesFrom(timed, () => ({ input: { new: true } }))
      .step('hold', shop.do, what('h'))
      .undo(shop.undo, what('h'))
      .end()
    const play = played(timed)
    const { deadlineAt, inputHash } = play.state ?? {}
    play.move(later, { requestId: 'once' })
    expect(play.state).toMatchObject({ deadlineAt, inputHash, input: { new: true } })
    expect(play.move(later, { requestId: 'once' })).toEqual({ kind: 'ignored', reason: 'duplicate-request' })
    expect(play.move(later)).toEqual({ kind: 'ignored', reason: 'same-version' })
    expect(play.start({})).toEqual({ kind: 'ignored', reason: 'duplicate-start' })
  })
})

describe('a migration', () => {
  const priced = participant('shop', {
    do: command({ input: z.object({ what: z.json() }), output: z.object({ of: z.string(), cents: z.int() }) }),
    undo: command({ input: z.object({ what: z.json() }) }),
  })
  const richer = saga('order', { version: 2, input: z.object({ card: z.string() }) })
    .migratesFrom(first, ({ input, outputs }) => ({
      input: { card: String((input as { card?: string }).card ?? 'none') },
      outputs: { hold: { ...(outputs.hold as object), cents: 5 }, check: { of: 'nothing' } },
    }))
    .step('hold', priced.do, what('hold'))
    .undo(priced.undo, what('hold'))
    .step('check', shop.do, what('check'))
    .undo(shop.undo, what('check'))
    .step('charge', shop.do, ({ input, hold, check }) => ({ what: [input.card, hold.cents, check.of] }))
    .undo(shop.undo, what('charge'))
    .pivot('ship', shop.do, what('ship'))
    .step('tell', shop.do, ({ hold }) => ({ what: hold.cents }))
    .end()
  it('gives the new plan its input and outputs, once: they are in the event', () => {
    const play = played(first, 'hold')
    expect(play.move(richer)).toMatchObject({
      events: [{ type: 'saga-migrated', input: { card: 'none' }, outputs: { hold: { of: 'hold', cents: 5 } } }],
    })
    play.answer('charge')
    play.answer('ship')
    expect(lastSent(play)).toMatchObject({ command: { payload: { what: 5 } } })
  })
  it('leaves a step to its turn that the saga has not come to', () => {
    const map = () => ({ outputs: { check: { of: 'nothing' } } })
    const play = played(first)
    expect(play.move({ ...second, migrations: [{ from: 1, map, renames: {}, keeps: [] }] })).toMatchObject({
      events: [{ type: 'saga-migrated' }],
    })
    expect(play.open).toEqual(['hold'])
    play.answer('hold')
    expect(play.open).toEqual(['check'])
  })
  it('lets a step that has not begun count as done: nothing of it is sent or undone', () => {
    const play = played(first, 'hold')
    play.move(richer)
    expect(play.open).toEqual(['charge'])
    play.answer('charge', 'rejected')
    play.undone('hold')
    expect(play).toMatchObject({ status: 'compensated' })
    expect(play.told.filter((told) => told.endsWith(' check'))).toEqual([])
  })
  it.each([
    ['an input that does not fit', { input: 7 as never }, 'no-migration: order version 2: the input does not fit it'],
    ['an output of no step', { outputs: { nowhere: 1 } }, 'the output of nowhere: there is no such step'],
    ['an output that does not fit', { outputs: { hold: { cents: 5 } } }, 'the output of hold'],
    ['an output of what is under way', { outputs: { charge: { of: 'x' } } }, 'the output of charge: it is armed'],
    ['the pivot’s output', { outputs: { ship: { of: 'x' } } }, 'the output of ship: it is the pivot'],
    ['an output that is no JSON', { outputs: { check: { of: 1n } } }, 'the output of check'],
  ])('that gives %s is refused', (_, gives, why) => {
    const to = {
      ...richer,
      migrations: [{ from: 1, old: first, map: () => ({ input: { card: 'c' }, ...gives }), renames: {}, keeps: [] }],
    }
    expect(refusal(played(first, 'hold'), to)).toContain(why)
  })
  it('that throws is refused, and so is a version that says no way', () => {
    const throws = () => {
      throw new Error('no idea')
    }
    const to = { ...second, migrations: [{ from: 1, map: throws, renames: {}, keeps: [] }] }
    expect(refusal(played(first), to)).toContain('no-migration: order version 2: its migration threw: no idea')
    expect(refusal(played(first), { ...second, migrations: [] })).toContain('says no way from version 1')
    const play = played(first)
    const act = { kind: 'migrate', sagaId: play.id, requestId: 'r', actor: 'a', reason: 'b', toVersion: 7 } as const
    expect(play.give(act)).toMatchObject({ kind: 'refused', reason: 'unknown-definition' })
  })
  it('sees what the old definition says of types', () => {
    const typed = saga('order', { version: 1, input: z.object({ n: z.int() }) })
      .local('a', () => 1)
      .end()
    saga('order', { version: 2, input: z.object({ m: z.int() }) }).migratesFrom(typed, ({ input }) => {
      expectTypeOf(input).toEqualTypeOf<{ n: number }>()
      return { input: { m: input.n } }
    })
  })
})

describe('a step with another name', () => {
  const renamed = saga('order', { version: 2, input: z.json() })
    .migratesFrom(1, undefined, { renames: { hold: 'reserve', charge: 'pay' } })
    .step('reserve', shop.do, what('hold'))
    .undo(shop.undo, what('hold'))
    .step('pay', shop.do, what('charge'), { retry: { attempts: 3 } })
    .undo(shop.undo, what('charge'))
    .pivot('ship', shop.do, what('ship'))
    .step('tell', shop.do, what('tell'))
    .end()
  const named = (play: Play) => play.history.flatMap(({ event }) => ('sentAs' in event ? [event.sentAs] : [])).at(-1)

  it('is answered, tried again and undone as its participant knows it', () => {
    const play = played(first, 'hold')
    expect(play.move(renamed)).toMatchObject({ events: [{ renames: { hold: 'reserve', charge: 'pay' } }] })
    const reply = { kind: 'reply', sagaId: play.id, step: 'charge', direction: 'forward', attempt: 1 } as const
    play.give({ ...reply, outcome: 'failed', body: null, errorCode: undefined, retryAfterMs: undefined })
    expect(stepAt(play.state as never, 'pay')?.status).toBe('retrying')
    play.fire()
    expect(lastSent(play)).toMatchObject({ command: { step: 'charge', attempt: 2 } })
    expect(named(play)).toBe('charge')
    play.answer('pay', 'rejected')
    expect(lastSent(play)).toMatchObject({ command: { step: 'hold', direction: 'compensate' } })
    play.give({
      ...reply,
      step: 'hold',
      direction: 'compensate',
      outcome: 'success',
      body: null,
      errorCode: undefined,
      retryAfterMs: undefined,
    })
    expect(play.status).toBe('compensated')
  })
  it('keeps its first name also after a second move', () => {
    const third = saga('order', { version: 3, input: z.json() })
      .migratesFrom(2, undefined, { renames: { pay: 'bill' } })
      .step('reserve', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .step('bill', shop.do, what('charge'))
      .undo(shop.undo, what('charge'))
      .pivot('ship', shop.do, what('ship'))
      .step('tell', shop.do, what('tell'))
      .end()
    const play = played(first, 'hold')
    play.move(renamed)
    play.move(third)
    play.act('cancel')
    expect(lastSent(play)).toMatchObject({ command: { step: 'charge', direction: 'compensate' } })
    play.undone('bill')
    play.undone('reserve')
    expect(play.status).toBe('compensated')
  })
  it('is not sent under a name that another step was sent under', () => {
    const back = saga('order', { version: 3, input: z.json() })
      .migratesFrom(2)
      .step('reserve', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .step('pay', shop.do, what('charge'))
      .undo(shop.undo, what('charge'))
      .pivot('ship', shop.do, what('ship'))
      .step('charge', shop.do, what('another'))
      .end()
    const play = played(first, 'hold')
    play.move(renamed)
    expect(refusal(play, back)).toContain('charge would be another step than pay, which was sent as charge')
  })
  it.each([
    ['that is not in the plan', { hold: 'nowhere' }, 'there is no such step'],
    ['that two have', { hold: 'pay', charge: 'pay' }, 'and so is another step'],
    ['while the old one is another step', { ship: 'pay' }, 'ship is the name of another step'],
  ])('%s is no rename', (_, renames, why) => {
    const chain = saga('order', { version: 2, input: z.json() }).migratesFrom(1, undefined, { renames })
    const plan = chain
      .step('reserve', shop.do, what('a'))
      .undo(shop.undo, what('a'))
      .step('pay', shop.do, what('b'))
      .keep()
    expect(() => plan.pivot('ship', shop.do, what('c')).end()).toThrow(why)
  })
  it('is checked with its versions', () => {
    const of = (from: number | Definition) => () =>
      two()
        .migratesFrom(from as number)
        .local('a', () => 1)
        .end()
    expect(of(2)).toThrow('which it is')
    expect(of(1)).toThrow('two ways from version 1')
    expect(of(0)).toThrow('versions count from 1')
    expect(
      of(
        saga('other', { version: 1, input: z.json() })
          .local('a', () => 1)
          .end(),
      ),
    ).toThrow('no version of order')
  })
})

describe('what the old plan’s own code could not do', () => {
  const broken = one()
    .step('hold', shop.do, what('hold'))
    .undo(shop.undo, what('hold'))
    .step('charge', shop.do, ({ input }) => ({ what: (input as { card: string }).card.trim() }))
    .keep()
    .end()
  it('is tried by the new one at once', () => {
    const play = played(broken, 'hold')
    expect(play.status).toBe('stuck')
    const mended = two()
      .step('hold', shop.do, what('hold'))
      .undo(shop.undo, what('hold'))
      .step('charge', shop.do, what('x'))
      .keep()
      .end()
    expect(play.move(mended)).toMatchObject({
      events: [{ type: 'saga-migrated', unparked: ['charge'] }, { step: 'charge' }],
    })
    expect(play).toMatchObject({ status: 'running', open: ['charge'] })
  })
  it('is forgotten where the new one does not ask for it', () => {
    const play = played(broken, 'hold')
    play.move(two().step('hold', shop.do, what('hold')).undo(shop.undo, what('hold')).end())
    expect(play.status).toBe('completed')
  })
  it('stays where somebody outside was asked: a person says when', () => {
    const refused = played(first, 'hold', 'charge', 'ship')
    refused.answer('tell', 'rejected')
    expect(refusal(refused, two().pivot('ship', shop.do, what('ship')).end())).toContain('tell is parked')
    const ready = {
      ...second,
      migrations: [{ from: 1, map: () => ({ outputs: { check: { of: 'x' } } }), renames: {}, keeps: [] }],
    }
    refused.move(ready)
    expect(refused).toMatchObject({ status: 'stuck', open: [] })
    refused.act('retry')
    expect(refused.open).toEqual(['tell'])
  })
})

describe('the act in every status', () => {
  const IN: { readonly [Status in SagaStatus]: () => Play } = {
    running: () => played(first, 'hold'),
    compensating: () => {
      const play = IN.running()
      play.act('cancel')
      return play
    },
    stuck: () => {
      const play = IN.running()
      play.act('cancel')
      play.undone('charge', 'fatal')
      return play
    },
    paused: () => {
      const play = IN.running()
      play.give({ kind: 'pause', sagaId: play.id, requestId: 'p', actor: 'ann', reason: 'so' })
      return play
    },
    completed: () => played(first, 'hold', 'charge', 'ship', 'tell'),
    compensated: () => {
      const play = IN.compensating()
      for (const step of ['charge', 'hold']) play.undone(step)
      return play
    },
    failed: () => {
      const play = IN.running()
      play.act('kill')
      return play
    },
  }
  const SAID = {
    running: 'running',
    compensating: 'compensating',
    stuck: 'stuck',
    paused: 'paused',
    completed: 'saga-ended',
    compensated: 'saga-ended',
    failed: 'saga-ended',
  } as const
  it.each(Object.entries(SAID) as [SagaStatus, string][])('of a saga that is %s: %s', (status, said) => {
    const play = IN[status]()
    const decision = play.move(second)
    expect(decision.kind === 'ignored' ? decision.reason : play.status).toBe(said)
  })
  it('holds a paused one: it goes on by the new plan when it is resumed', () => {
    const play = IN.paused()
    play.move(second)
    expect(play.open).toEqual(['charge'])
    play.give({ kind: 'resume', sagaId: play.id, requestId: 'r', actor: 'ann', reason: 'so' })
    expect(play.open).toEqual(['charge', 'check'])
  })
  it('lets one that turns back be undone by the new plan’s commands', () => {
    const play = IN.stuck()
    play.move(second)
    play.act('retry')
    expect(lastSent(play)).toMatchObject({ command: { step: 'charge', direction: 'compensate', version: 2 } })
    for (const step of ['charge', 'hold']) play.undone(step)
    expect(play.status).toBe('compensated')
  })
})
