/** What mappings see in graphs and blocks, to the compiler. `tsc` checks this file: an expected error that does not come is an error. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type Last, saga, signal } from '../../../shared/saga/builder.ts'
import type { LockOut } from '../../../shared/saga/lock-step.ts'
import { bank, carrier, stock } from '../../support/fulfil.ts'

const order = z.object({ id: z.string(), cents: z.int(), lines: z.array(z.object({ sku: z.string() })) })
const begin = () => saga('s', { version: 1, input: order })
const two = () =>
  begin()
    .local('a', () => 1)
    .after()
    .local('b', () => 'b')
const past = () => begin().pivot('ship', carrier.ship, () => ({ parcel: 'p' }))
const child = saga('child', { version: 1, input: z.object({ n: z.number() }) })
  .local('twice', ({ input }) => input.n * 2)
  .output(({ twice }) => ({ twice }))

const graphs = {
  'all that is there is known without a word': () =>
    two().local('c', ({ a, b }) => {
      expectTypeOf(a).toEqualTypeOf<number>()
      expectTypeOf(b).toEqualTypeOf<string>()
    }),
  'a step that is not waited for is possibly not done': () =>
    two()
      .after('b')
      .local('c', ({ a, b }) => {
        expectTypeOf(a).toEqualTypeOf<number | undefined>()
        expectTypeOf(b).toEqualTypeOf<string>()
      }),
  'its output taken for known': () =>
    two()
      .after('b')
      // @ts-expect-error -- a is not waited for
      .local('c', ({ a }) => a + 1),
  'what was before a step that is waited for is done': () =>
    two()
      .after('a')
      .local('c', () => 3)
      .after('c')
      .local('d', ({ a, b }) => {
        expectTypeOf(a).toEqualTypeOf<number>()
        expectTypeOf(b).toEqualTypeOf<string | undefined>()
      }),
  'after any one, each is possibly not done, and what both waited for is': () =>
    begin()
      .local('base', () => true)
      .local('a', () => 1)
      .after('base')
      .local('b', () => 'b')
      .afterAny('a', 'b')
      .local('c', ({ base, a, b }) => {
        expectTypeOf(base).toEqualTypeOf<boolean>()
        expectTypeOf(a).toEqualTypeOf<number | undefined>()
        expectTypeOf(b).toEqualTypeOf<string | undefined>()
        return 5
      })
      // c did not wait for both, so what follows c has not either.
      .local('d', ({ base, a, b, c }) => {
        expectTypeOf(base).toEqualTypeOf<boolean>()
        expectTypeOf(a).toEqualTypeOf<number | undefined>()
        expectTypeOf(b).toEqualTypeOf<string | undefined>()
        expectTypeOf(c).toEqualTypeOf<number>()
      })
      .output(({ a, b }) => {
        expectTypeOf(a).toEqualTypeOf<number>()
        expectTypeOf(b).toEqualTypeOf<string>()
      }),
  'the pivot waits for those too': () =>
    two()
      .afterAny('a', 'b')
      .local('c', () => 3)
      .pivot('ship', carrier.ship, ({ a, b }) => {
        expectTypeOf(a).toEqualTypeOf<number>()
        return { parcel: b }
      })
      .after()
      .local('d', ({ a, ship }) => {
        expectTypeOf(a).toEqualTypeOf<number>()
        expectTypeOf(ship).toEqualTypeOf<{ tracking: string }>()
        return 4
      })
      .after('ship')
      .local('e', ({ d }) => expectTypeOf(d).toEqualTypeOf<number | undefined>()),
  'a name that no step has': () => {
    expect(() =>
      two()
        // @ts-expect-error -- there is no step x
        .after('x')
        .local('c', () => 3)
        .end(),
    ).toThrow(/no such step/)
  },
  'a condition after the dependencies, which sees no more than they give': () =>
    two()
      .after('b')
      .when(({ a, b }) => {
        expectTypeOf(a).toEqualTypeOf<number | undefined>()
        return b === 'b'
      })
      .local('c', () => 3)
      .local('d', ({ c }) => expectTypeOf(c).toEqualTypeOf<number | undefined>()),
  'a condition with nothing to do': () => {
    const waiting = two().when(() => true)
    // @ts-expect-error -- a step has to follow
    expect(() => waiting.end()).toThrow(/of the next step, and there is none/)
    // @ts-expect-error -- a branch cannot end so either
    expect(() => begin().attempt('one', { left: (b) => b.local('x', () => 1).when(() => true) })).toThrow(
      /there is none/,
    )
  },
} satisfies Record<string, () => unknown>

const blocks = {
  'branches see what is around them, and give records': () =>
    begin()
      .local('a', () => 1)
      .parallel('both', {
        left: (b) => b.local('x', ({ a }) => a + 1).local('y', ({ x }) => `${x}`),
        right: (b) =>
          b.step('stock', stock.reserve, ({ input }) => ({ orderId: input.id })).output(({ stock }) => stock.parcel),
      })
      .output(({ both }) =>
        expectTypeOf(both).toEqualTypeOf<{ readonly left: { x: number; y: string }; readonly right: string }>(),
      ),
  'of branches that are not all needed, each is possibly not done': () =>
    begin()
      .parallel('any', { left: (b) => b.local('x', () => 1), right: (b) => b.local('y', () => 2) }, { enough: 'any' })
      .output(({ any }) => expectTypeOf(any.left).toEqualTypeOf<{ x: number } | undefined>()),
  'a branch does not see its neighbour': () =>
    begin().parallel('both', {
      left: (b) => b.local('x', () => 1),
      // @ts-expect-error -- x is in the other branch
      right: (b) => b.local('y', ({ x }) => x),
    }),
  'a step in a branch with the name of one around it': () =>
    expect(() =>
      begin()
        .local('a', () => 1)
        // @ts-expect-error -- mappings in the branch could not see a
        .parallel('both', { left: (b) => b.local('a', () => 2) })
        .end(),
    ).toThrow(/taken by a step around it/),
  'a pivot in a branch': () =>
    expect(() =>
      begin()
        // @ts-expect-error -- the pivot stands in the outermost plan
        .parallel('both', { left: (b) => b.pivot('ship', carrier.ship, () => ({ parcel: 'p' })) })
        .end(),
    ).toThrow(/outermost plan/),
  'a branch that gives no chain': () =>
    // @ts-expect-error -- nothing is given back
    expect(() => begin().parallel('both', { left: () => undefined })).toThrow(/gives back the chain/),
  'the branch that was chosen is one of them': () =>
    begin()
      .choose(
        'size',
        { big: { when: ({ input }) => input.cents > 5, do: (b) => b.local('x', ({ input }) => input.cents) } },
        (b) => b.local('y', () => 'small').output(({ y }) => y),
      )
      .output(({ size }) => {
        expectTypeOf(size.big).toEqualTypeOf<{ x: number } | undefined>()
        expectTypeOf(size.otherwise).toEqualTypeOf<string | undefined>()
      }),
  'a default that is not there': () =>
    begin()
      .choose('size', { big: { when: () => true, do: (b) => b.local('x', () => 1) } })
      // @ts-expect-error -- there is no default
      .output(({ size }) => size.otherwise),
  'one of the attempts was done': () =>
    begin()
      .attempt('travel', { plane: (b) => b.local('x', () => 1), train: (b) => b.local('y', () => 'y') })
      .output(({ travel }) => expectTypeOf(travel.train).toEqualTypeOf<{ y: string } | undefined>()),
  'an item has the type of its list': () =>
    begin()
      .each(
        'lines',
        ({ input }) => input.lines,
        (b) =>
          b.local('x', ({ item, index, input }) => {
            expectTypeOf(item).toEqualTypeOf<{ sku: string }>()
            expectTypeOf(index).toEqualTypeOf<number>()
            return `${input.id}-${item.sku}`
          }),
      )
      .output(({ lines }) => expectTypeOf(lines).toEqualTypeOf<readonly { x: string }[]>()),
  'items that may fail may be null': () =>
    begin()
      .each(
        'lines',
        ({ input }) => input.lines,
        (b) => b.local('x', () => 1),
        { tolerate: '10%' },
      )
      // @ts-expect-error -- the first may have failed
      .output(({ lines }) => lines.map((line) => line.x)),
  'an item that has no such field': () =>
    begin().each(
      'lines',
      ({ input }) => input.lines,
      (b) =>
        // @ts-expect-error -- an item has no name
        b.local('x', ({ item }) => item.name),
    ),
  'an item inside an item is the inner one': () =>
    begin().each(
      'outer',
      () => [[1], [2]],
      (b) =>
        b.each(
          'inner',
          ({ item }) => item,
          (c) => c.local('x', ({ item }) => expectTypeOf(item).toEqualTypeOf<number>()),
        ),
    ),
  'a round sees its index and the last one; the condition sees the round': () =>
    begin()
      .repeat(
        'pages',
        (b, last: Last<{ next: number }>) =>
          b
            .local('from', (seen) => {
              expectTypeOf(seen.index).toEqualTypeOf<number>()
              expectTypeOf(seen.pages).toEqualTypeOf<unknown>()
              return last(seen)?.next ?? 0
            })
            .output(({ from }) => ({ next: from + 1 })),
        { until: ({ from, pages, input }) => from > input.cents || pages.next > 9, roundsMax: 10 },
      )
      .output(({ pages }) => expectTypeOf(pages).toEqualTypeOf<{ next: number }>()),
  'a round that does not give what the next one reads': () =>
    begin().repeat(
      'pages',
      // @ts-expect-error -- the next round reads a number
      (b, last: Last<{ next: number }>) => b.local('from', (seen) => last(seen)?.next).output(() => ({ next: 'x' })),
      { until: () => true, roundsMax: 10 },
    ),
  'a child takes its own input and gives its own output': () =>
    begin()
      .child('one', child, ({ input }) => ({ n: input.cents }))
      .child('two', child, ({ one }) => ({ n: one.twice }), { wait: false, undo: 'leave' })
      .output(({ one, two }) => {
        expectTypeOf(one).toEqualTypeOf<{ twice: number }>()
        expectTypeOf(two).toEqualTypeOf<{ readonly sagaId: string }>()
      }),
  'a lock gives what it is for, and its token': () =>
    begin()
      .lock('held', ({ input }) => input.id, { permits: 2, timeout: '10 s' })
      .output(({ held }) => expectTypeOf(held).toEqualTypeOf<LockOut>()),
  'a lock of something that is no text': () =>
    // @ts-expect-error -- cents is a number
    begin().lock('held', ({ input }) => input.cents),
  'a child with the wrong input': () =>
    // @ts-expect-error -- n is a number
    begin().child('one', child, ({ input }) => ({ n: input.id })),
  'an approval gives the answers that go on': () =>
    begin()
      .approve('ok', { roles: ['boss'], answers: ['yes', 'later', 'no'], turnBackOn: ['no'] })
      .output(({ ok }) => expectTypeOf(ok.answer).toEqualTypeOf<'yes' | 'later'>()),
  'an approval that goes on by itself may give null': () =>
    begin()
      .approve('ok', { roles: ['boss'], answers: ['yes'], deadline: '1 day', atDeadline: 'go-on' })
      // @ts-expect-error -- nobody may have answered
      .output(({ ok }) => ok.answer),
  'turning back on what is no answer': () =>
    expect(() =>
      begin()
        // @ts-expect-error -- maybe is none of the answers
        .approve('ok', { roles: ['boss'], answers: ['yes'], turnBackOn: ['maybe'] })
        .end(),
    ).toThrow(/none of its answers/),
  'one word on the undo is enough': () => {
    const charged = begin().step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
    expect(() =>
      charged
        .undoByHand('call the bank')
        // @ts-expect-error -- it is undone by hand
        .undo(bank.refund, () => ({ orderId: 'o' }))
        .end(),
    ).toThrow(/by hand/)
    charged.keep().end()
  },
} satisfies Record<string, () => unknown>

const pastPivot = {
  'an approval that turns back': () =>
    expect(() =>
      past()
        // @ts-expect-error -- there is no way back
        .approve('ok', { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] })
        .end(),
    ).toThrow(/undo past the pivot/),
  'branches that are not all needed': () =>
    expect(() =>
      past()
        // @ts-expect-error -- the others would have to be undone
        .parallel('any', { l: (b) => b.local('x', () => 1), r: (b) => b.local('y', () => 1) }, { enough: 'any' })
        .end(),
    ).toThrow(/undo past the pivot/),
  'an attempt': () =>
    expect(() =>
      past()
        // @ts-expect-error -- a branch that fails would have to be undone
        .attempt('one', { l: (b) => b.local('x', () => 1) })
        .end(),
    ).toThrow(/undo past the pivot/),
  'items that may fail': () =>
    expect(() =>
      past()
        .each(
          'lines',
          ({ input }) => input.lines,
          (b) => b.local('x', () => 1),
          // @ts-expect-error -- they would have to be undone
          { tolerate: 1 },
        )
        .end(),
    ).toThrow(/undo past the pivot/),
  'a limit that turns back': () =>
    expect(() =>
      past()
        // @ts-expect-error -- there is no way back
        .repeat('r', (b) => b.local('x', () => 1), { until: () => true, roundsMax: 2, atLimit: 'turn-back' })
        .end(),
    ).toThrow(/undo past the pivot/),
  'an undo in a branch': () =>
    expect(() =>
      past()
        .parallel('both', {
          left: (b) =>
            b
              .step('stock', stock.reserve, () => ({ orderId: 'o' }))
              // @ts-expect-error -- nothing is undone past the pivot
              .undo(stock.release, () => ({ orderId: 'o' })),
        })
        .end(),
    ).toThrow(/from the pivot on nothing is undone/),
  'a wait without a deadline has its payload, and with one perhaps null': () =>
    past()
      .waitFor('one', signal('one', z.string()))
      .waitFor('two', signal('two', z.string()), { deadline: '1 day', atDeadline: 'go-on' })
      .output(({ one, two }) => {
        expectTypeOf(one).toEqualTypeOf<string>()
        expectTypeOf(two).toEqualTypeOf<string | null>()
      }),
} satisfies Record<string, () => unknown>

describe('the face of', () => {
  const all = { graphs, blocks, pastPivot }
  const cases = Object.entries(all).flatMap(([part, face]) =>
    Object.entries(face).map(([name, make]) => [part, name, make] as const),
  )
  it.each(cases)('%s: %s', (_part, _name, make) => expect(make).not.toThrow())
})
