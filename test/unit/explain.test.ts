/** What is said of a saga that somebody asks about, in every situation that it can be in: each is played by the core itself. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { signal } from '../../shared/saga/builder.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Explanation, explain } from '../../shared/saga/explain/explain.ts'
import type { AroundSaga } from '../../shared/saga/explain/hold-ups.ts'
import { Since } from '../../shared/saga/explain/since.ts'
import { Play } from '../support/play.ts'
import { heldAgain, started } from './saga/shapes/held.ts'
import { begin, shop, what } from './saga/shapes/shop.ts'

const never = { attempts: 1 } as const
const twice = { retry: { attempts: 2, firstDelay: 1_000, jitter: 'none', backoff: 'fixed' }, timeout: 5_000 } as const

/** Two steps, a pivot and one that must come after it. */
const order = begin('order')
  .step('a', shop.do, what('a'), twice)
  .undo(shop.undo, what('a'))
  .step('b', shop.do, what('b'), twice)
  .undo(shop.undo, what('b'))
  .pivot('c', shop.do, what('c'), { ...twice, retry: never })
  .step('d', shop.do, what('d'), { retry: never })
  .end()

function played(definition: Definition, play: (play: Play) => void = () => {}): Play {
  const one = new Play(definition)
  one.start()
  play(one)
  return one
}

function explained(
  play: Play,
  around: Partial<AroundSaga> = {},
  definition: Definition | undefined = play.definition,
): Explanation {
  const since = new Since()
  for (const { event, at } of play.history) since.take(event, at)
  if (!play.state) throw new Error('it has not begun')
  const known = {
    now: play.now + 2_000,
    since: since.times,
    participants: new Map(),
    locks: new Map(),
    children: new Map(),
  }
  return explain({ definition, state: play.state, around: { ...known, ...around } })
}

/** What would be undone, in order: those that go side by side in one text. */
function undoOf({ ifCancelled }: Explanation): readonly string[] | string {
  if (ifCancelled?.kind !== 'undone')
    return ifCancelled?.kind === 'refused' ? ifCancelled.why : (ifCancelled?.kind ?? 'unknown')
  const turns = Map.groupBy(ifCancelled.undo, ({ turn }) => turn)
  return [...turns.values()].map((undos) =>
    undos.map(({ step, by }) => (by === 'command' ? step : `${step} by ${by}`)).join(' + '),
  )
}

const paid = signal('paid', z.json())
const waitsForSignal = begin()
  .step('a', shop.do, what('a'))
  .undo(shop.undo, what('a'))
  .waitFor('money', paid, { deadline: '1 hour', atDeadline: 'turn-back' })
const forSignal = waitsForSignal.step('b', shop.do, what('b')).end()
const forApproval = begin()
  .approve('boss', { roles: ['chief'], answers: ['yes', 'no'] })
  .step('b', shop.do, what('b'))
  .end()
const sleeps = begin().sleep('night', '8 hours').step('b', shop.do, what('b')).end()
const locks = begin()
  .lock('stock', () => 'sku:1')
  .step('b', shop.do, what('b'))
  .end()
const child = begin('child').step('label', shop.do, what('label')).end()
const parent = begin('parent')
  .child('parcel', child, ({ input }) => input)
  .step('b', shop.do, what('b'))
  .end()
const byHand = begin()
  .step('a', shop.do, what('a'))
  .undoByHand('ring the bank')
  .step('b', shop.do, what('b'), { retry: never })
  .end()

const shopIs = (known: object) => ({ participants: new Map([['shop', { inFlight: 5, held: 3, ...known }]]) })
const answersA = (play: Play) => play.answer('a')

interface Situation {
  readonly name: string
  readonly play: () => Play
  readonly around?: (play: Play) => Partial<AroundSaga>
  /** The definition is not at hand. */
  readonly unknown?: true
  /** A part of the sentence. */
  readonly says: string
  /** Of the first thing that it waits for. */
  readonly awaits?: object
  readonly next?: readonly string[]
  readonly afterwards?: readonly string[]
  readonly undo: readonly string[] | string
}

const SITUATIONS: readonly Situation[] = [
  {
    name: 'an answer is waited for',
    play: () => played(order),
    says: 'It goes forward; a waits for shop to answer shop.do.v1.',
    awaits: { kind: 'answer', step: 'a', attempt: 1, attemptsMax: 2, since: 1_000_000, until: 1_005_000, holds: null },
    next: ['a has failed, and is to be tried again'],
    afterwards: ['b (shop)'],
    undo: ['a'],
  },
  {
    name: 'the last attempt is under way',
    play: () => played(order, (play) => [play.answer('a', 'failed'), play.fire()]),
    says: 'a waits for shop to answer',
    awaits: { attempt: 2, attemptsMax: 2 },
    next: ['a is given up', 'it turns back', 'a is undone'],
    undo: ['a'],
  },
  {
    name: 'the next attempt waits for its time',
    play: () => played(order, (play) => play.answer('a', 'failed')),
    says: 'a waits for its next attempt',
    awaits: { kind: 'retry', until: 1_001_000, error: { code: 'no', message: 'no' } },
    next: ['a is tried again (attempt 2)'],
    undo: ['a'],
  },
  {
    name: 'the participant has as much under way as it may',
    play: () => started(),
    around: () => shopIs({ concurrency: 5 }),
    says: 'a waits for room at shop',
    awaits: { kind: 'room', holds: 'limit of shop: 5 of 5 calls are under way; 3 wait for it' },
    undo: [],
  },
  {
    name: 'the participant takes so many a second',
    play: () => started(),
    around: () => shopIs({ ratePerSecond: 2 }),
    says: 'a waits for room at shop',
    awaits: { holds: 'limit of shop: 2 a second are let go; 3 wait for it' },
    undo: [],
  },
  {
    name: 'the breaker of the participant is open',
    play: () => heldAgain(),
    around: ({ now }) => shopIs({ concurrency: 5, breakerOpenSince: now - 28_000 }),
    says: 'a waits for room at shop',
    awaits: { holds: 'the breaker of shop is open since 30 s' },
    undo: ['a'],
  },
  {
    name: 'a participant is not known that holds it',
    play: () => started(),
    says: 'a waits for room at shop',
    awaits: { holds: 'shop may not simply be sent to', since: 1_000_000 },
    undo: [],
  },
  {
    name: 'a signal is missing',
    play: () => played(forSignal, answersA),
    says: 'money waits for the signal paid',
    awaits: { kind: 'signal', until: 1_000_000 + 3_600_000, attempt: null },
    next: ['it turns back', 'a is undone'],
    afterwards: ['b (shop)'],
    undo: ['a'],
  },
  {
    name: 'an approval is missing',
    play: () => played(forApproval),
    says: 'boss waits for yes or no as boss, by chief',
    awaits: { kind: 'signal', until: null },
    undo: [],
  },
  {
    name: 'it sleeps',
    play: () => played(sleeps),
    says: 'night waits for its time',
    awaits: { kind: 'time', until: 1_000_000 + 8 * 3_600_000 },
    next: ['the wait night is over', 'b begins'],
    undo: [],
  },
  {
    name: 'another saga holds the lock',
    play: () => played(locks),
    around: ({ now }) => ({ locks: new Map([['sku:1', [{ saga: 'order-2', since: now - 8_000 }]]]) }),
    says: 'stock waits for the lock sku:1',
    awaits: { kind: 'lock', holds: 'held by order-2 since 10 s' },
    next: ['stock counts as refused', 'it turns back', 'it ends, with all of it undone'],
    undo: ['stock by lock'],
  },
  {
    name: 'a child saga is at work',
    play: () => played(parent),
    around: () => ({ children: new Map([['saga-1.parcel', 'stuck']]) }),
    says: 'parcel waits for saga saga-1.parcel to end',
    awaits: { kind: 'child', holds: 'it is stuck' },
    undo: ['parcel by child'],
  },
  {
    name: 'a person has paused it',
    play: () =>
      played(order, (play) => {
        play.answer('a')
        play.give({ kind: 'pause', sagaId: play.id, requestId: 'p', actor: 'ann', reason: 'so', timers: 'hold' })
      }),
    says: 'waits for a person to resume it; its times are held, and for 1 more',
    awaits: { kind: 'person', step: null, holds: 'it is paused', since: 1_000_000 },
    undo: ['b', 'a'],
  },
  {
    name: 'a step past the pivot is parked',
    play: () =>
      played(order, (play) => {
        for (const step of ['a', 'b', 'c']) play.answer(step)
        play.answer('d', 'failed')
      }),
    says: 'd waits for a person to decide',
    awaits: { kind: 'person', error: { code: 'no', message: 'no' }, since: 1_000_000 },
    undo: 'past-pivot',
  },
  {
    name: 'a person has to undo something by hand',
    play: () => played(byHand, (play) => [play.answer('a'), play.answer('b', 'rejected')]),
    says: 'the undo of a waits for a person to undo it: ring the bank',
    awaits: { kind: 'person', direction: 'compensate' },
    undo: ['a by hand'],
  },
  {
    name: 'it is on its way back',
    play: () => played(order, (play) => [play.answer('a'), play.act('cancel')]),
    says: 'It is on its way back; the undo of b waits for shop to answer shop.undo.v1.',
    awaits: { kind: 'answer', direction: 'compensate', step: 'b' },
    undo: ['b', 'a'],
  },
  {
    name: 'an undo has failed, and is tried again',
    play: () => played(order, (play) => [play.act('cancel'), play.undone('a', 'failed')]),
    says: 'the undo of a waits for its next attempt',
    awaits: { kind: 'retry', direction: 'compensate', error: { code: 'no', message: 'no' } },
    undo: ['a'],
  },
  {
    name: 'its definition is not at hand',
    play: () => played(order),
    unknown: true,
    says: 'it waits for its definition, order version 1, and for 1 more',
    awaits: { kind: 'definition', holds: 'order version 1 is not known here' },
    undo: 'unknown',
  },
  {
    name: 'its timer is overdue',
    play: () => played(order),
    around: ({ now }) => ({ now: now + 60_000 }),
    says: 'a waits for shop',
    awaits: { holds: 'its time was over 55 s ago: no orchestrator has its partition, or what is shown is behind' },
    undo: ['a'],
  },
  {
    name: 'its owner has stopped it',
    play: () => played(order),
    around: () => ({ stopped: { why: 'broken', since: 1_000_500 } }),
    says: 'it waits for a version that can decide on it: its owner has stopped it, and for 1 more',
    awaits: { kind: 'turn', step: null, holds: 'broken', since: 1_000_500 },
    undo: ['a'],
  },
  {
    name: 'a cancel waits for the answer of the pivot',
    play: () => played(order, (play) => [play.answer('a'), play.answer('b'), play.act('cancel')]),
    says: 'c waits for shop to answer',
    undo: 'after-pivot',
  },
  {
    name: 'it has completed',
    play: () => played(child, (play) => play.answer('label')),
    says: 'It has completed',
    undo: 'over',
  },
  {
    name: 'it was undone',
    play: () => played(order, (play) => play.answer('a', 'rejected')),
    says: 'All of it was undone (rejected at a)',
    undo: 'over',
  },
  {
    name: 'it was killed',
    play: () => played(order, (play) => play.act('kill')),
    says: 'ended it as it was',
    undo: 'over',
  },
]

describe('it says what is waited for, what holds it, what comes next, and what would be undone, when', () => {
  test.each(SITUATIONS)(
    '$name',
    ({ play: begun, around = () => ({}), unknown, says, awaits, next, afterwards, undo }) => {
      const play = begun()
      const told = unknown ? withoutPlan(play) : explained(play, around(play))
      expect(told.headline).toContain(says)
      if (awaits) expect(told.awaited[0]).toMatchObject(awaits)
      else expect(told.awaited.length).toBe(told.awaitedTotal)
      if (next) expect(told.next?.what).toEqual(next)
      if (afterwards) expect(told.afterwards).toEqual(afterwards)
      expect(undoOf(told)).toEqual(undo)
      expect(told.legal).toMatch(/^legal now: /)
    },
  )
})

function withoutPlan(play: Play): Explanation {
  if (!play.state) throw new Error('it has not begun')
  const around = { now: play.now, since: new Map(), participants: new Map(), locks: new Map(), children: new Map() }
  return explain({ definition: undefined, state: play.state, around })
}

test('another plan under the same version is no plan', () => {
  const play = played(order)
  const state = play.state && { ...play.state, definitionHash: 'of the one that it started on' }
  if (!state) throw new Error('it has not begun')
  const around = { now: play.now, since: new Map(), participants: new Map(), locks: new Map(), children: new Map() }
  const { awaited, ifCancelled } = explain({ definition: order, definitionHash: 'of another', state, around })
  expect(awaited[0]).toMatchObject({ kind: 'definition', holds: expect.stringContaining('another plan') })
  expect(ifCancelled).toBeNull()
})

test('nothing that it plays becomes true: the saga stays as it was', () => {
  const play = played(order, answersA)
  const before = JSON.stringify(play.state)
  explained(play)
  expect(JSON.stringify(play.state)).toBe(before)
})

test('of a thousand items only the first are told, and all are counted', () => {
  const wide = begin()
    .each(
      'items',
      ({ input }) => input as number[],
      (b) => b.step('a', shop.do, what('a')).undo(shop.undo, what('a')),
      { parallel: 1_000 },
    )
    .end()
  const play = new Play(wide, 'saga-1', { checks: false })
  play.start(Array.from({ length: 1_000 }, (_, i) => i))
  while (play.state?.yielded) play.fire()
  const { awaited, awaitedTotal, ifCancelled } = explained(play)
  expect([awaited.length, awaitedTotal]).toEqual([20, 1_000])
  expect(ifCancelled).toMatchObject({ kind: 'undone', complete: false })
})
