/** What each word of the chain puts into the plan. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Tolerance, TolerantEachOptions } from '../../../shared/saga/builder/options.ts'
import { type Last, saga } from '../../../shared/saga/builder.ts'
import type { Plan, StepDefinition } from '../../../shared/saga/definition.ts'
import { isBlock, plansInside, sendingStepAt, stepAt } from '../../../shared/saga/plan-tree.ts'
import { COMPENSATION_RETRY } from '../../../shared/saga/retry-policy.ts'
import { bank, carrier, fulfil, stock } from '../../support/fulfil.ts'

const order = z.object({ id: z.string(), cents: z.int(), lines: z.array(z.object({ sku: z.string() })) })
const begin = () => saga('s', { version: 1, input: order })
const three = () =>
  begin()
    .local('a', () => 1)
    .after()
    .local('b', () => 2)
    .after()
    .local('c', () => 3)
const reserve = ({ input }: { input: { id: string } }) => ({ orderId: input.id })
const ship = () => ({ parcel: 'p' })

/** Each step as `name <- what it waits for`, with how many of those when not all; inside a block under its path. */
function graphOf(plan: Plan, scope = ''): string[] {
  return plan.steps.flatMap((step) => {
    const { name, after, needs } = step
    const some = needs === after.length ? '' : ` ${needs} of`
    const inside = isBlock(step) ? plansInside(step) : []
    const inner = inside.flatMap((each) => graphOf(each.plan, `${scope}${name}[${each.name}].`))
    return [`${scope}${name} <-${some} ${after.join(' ')}`.trimEnd(), ...inner]
  })
}
const kindsOf = (plan: Plan): string[] =>
  plan.steps.flatMap((step) => [
    step.kind,
    ...(isBlock(step) ? plansInside(step).flatMap((each) => kindsOf(each.plan)) : []),
  ])
/** What the step is, but for where it stands and its functions. */
function dataOf(plan: Plan, path: string): Partial<StepDefinition> {
  const { name: _name, kind: _kind, after: _after, needs: _needs, when: _when, ...rest } = stepAt(plan, path) ?? {}
  return JSON.parse(JSON.stringify(rest)) as Partial<StepDefinition>
}

describe('a chain', () => {
  it('is a list without a word', () => {
    const made = begin()
      .local('a', () => 1)
      .sleep('b', 5)
      .local('c', () => 3)
      .end()
    expect(graphOf(made)).toEqual(['a <-', 'b <- a', 'c <- b'])
  })
  it('joins what nothing depends on yet', () => {
    expect(
      graphOf(
        three()
          .local('d', () => 4)
          .end(),
      ),
    ).toEqual(['a <-', 'b <-', 'c <-', 'd <- a b c'])
    expect(
      graphOf(
        three()
          .after('a')
          .local('d', () => 4)
          .local('e', () => 5)
          .end(),
      ).slice(3),
    ).toEqual(['d <- a', 'e <- b c d'])
  })
  it('waits for all, any, or so many of the named ones', () => {
    const all = three()
      .after('a', 'b')
      .local('d', () => 4)
    const some = all
      .afterAny('a', 'c')
      .local('e', () => 5)
      .afterAtLeast(2, 'a', 'b', 'c')
      .local('f', () => 6)
    expect(graphOf(some.end()).slice(3)).toEqual(['d <- a b', 'e <- 1 of a c', 'f <- 2 of a b c'])
  })
  it('says the dependencies and the condition of the next step alone', () => {
    const made = three()
      .after('a')
      .when(() => true)
      .local('d', () => 4)
      .local('e', () => 5)
      .end()
    expect(made.steps.slice(3).map(({ when, after }) => [when?.({}), after])).toEqual([
      [true, ['a']],
      [undefined, ['b', 'c', 'd']],
    ])
  })
  it('has a pivot that waits for all, also for what lost a race', () => {
    const raced = three()
      .afterAny('a', 'b')
      .local('d', () => 4)
    const made = raced.pivot('ship', carrier.ship, ship).end()
    expect(graphOf(made).at(-1)).toBe('ship <- a b c d')
    expect(
      graphOf(
        three()
          .local('d', () => 4)
          .pivot('ship', carrier.ship, ship)
          .end(),
      ).at(-1),
    ).toBe('ship <- d')
  })
  it('waits for the pivot past it, whatever it names', () => {
    const passed = three()
      .pivot('ship', carrier.ship, ship)
      .local('d', () => 4)
    const made = passed
      .after()
      .local('e', () => 5)
      .after('a')
      .local('f', () => 6)
      .after('a', 'd')
      .local('g', () => 7)
      .afterAny('a', 'd')
      .local('h', () => 8)
      .afterAtLeast(2, 'd', 'e')
      .local('i', () => 9)
      .afterAtLeast(2, 'a', 'd', 'e')
      .local('j', () => 10)
      .end()
    expect(graphOf(made).slice(4)).toEqual([
      'd <- ship',
      'e <- ship',
      'f <- ship',
      'g <- d',
      'h <- ship',
      'i <- d e',
      'j <- 1 of d e',
    ])
  })
  it('tells all faults at once, each with its saga and step', () => {
    const faulty = () =>
      begin()
        .local('a', () => 1)
        .local('a' as never, () => 2)
        .local('item' as never, () => 3)
        .end()
    expect(faulty).toThrow(
      new TypeError(
        'saga s, a: two steps are called a\nsaga s, item: the name item is taken: mappings see the item under it',
      ),
    )
  })
})

describe('an undo', () => {
  const charged = () => begin().step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  it('is done by hand, or not at all', () => {
    expect(dataOf(charged().undoByHand('call the bank').end(), 'charge')).toMatchObject({ byHand: 'call the bank' })
    expect(dataOf(charged().keep().end(), 'charge')).toEqual(dataOf(charged().end(), 'charge'))
  })
  it('that is impossible makes the step the pivot, or one past it', () => {
    expect(() => charged().irreversible().end()).toThrow(/make it the pivot/)
    const made = begin()
      .pivot('ship', carrier.ship, ship)
      .irreversible()
      .step('stock', stock.reserve, reserve)
      .irreversible()
      .end()
    expect(made.steps.map((step) => step.type === 'command' && step.irreversible)).toEqual([true, true])
  })
})

describe('blocks', () => {
  it('hold chains of their own', () => {
    const made = begin()
      .local('first', () => 1)
      .parallel('both', {
        left: (b) => b.local('a', () => 1).local('b', () => 2),
        right: (b) =>
          b
            .local('a', () => 1)
            .after()
            .local('b', () => 2)
            .output(({ a }) => a),
      })
      .local('last', () => 1)
      .end()
    const inside = ['both[left].a <-', 'both[left].b <- a', 'both[right].a <-', 'both[right].b <-']
    expect(graphOf(made)).toEqual(['first <-', 'both <- first', ...inside, 'last <- both'])
    const outputs = made.steps
      .flatMap((step) => (step.type === 'parallel' ? step.branches : []))
      .map(({ plan }) => plan.output)
    expect(outputs.map((output) => output?.({ a: 7 }))).toEqual([undefined, 7])
  })
  it.each([
    ['all', 2],
    ['any', 1],
    [1, 1],
  ] as const)('are enough: %s', (enough, count) => {
    const made = begin()
      .parallel('p', { l: (b) => b.local('a', () => 1), r: (b) => b.local('a', () => 1) }, { enough })
      .end()
    expect(dataOf(made, 'p')).toMatchObject({
      type: 'parallel',
      enough: count,
      branches: [{ name: 'l' }, { name: 'r' }],
    })
  })
  it('choose the first that holds, with the default last', () => {
    const made = begin()
      .choose('size', { big: { when: () => true, do: (b) => b.local('a', () => 1) } }, (b) => b.local('a', () => 2))
      .end()
    const [step] = made.steps
    const branches = step?.type === 'choose' ? step.branches : []
    expect(branches.map(({ name, when }) => [name, when?.({})])).toEqual([
      ['big', true],
      ['otherwise', undefined],
    ])
  })
  it('attempt one after the other', () => {
    const made = begin()
      .attempt('travel', { plane: (b) => b.local('a', () => 1), train: (b) => b.local('a', () => 1) })
      .end()
    expect(dataOf(made, 'travel')).toMatchObject({ type: 'attempt', branches: [{ name: 'plane' }, { name: 'train' }] })
  })
  it.each<[TolerantEachOptions<Tolerance>, object]>([
    [{}, { parallelMax: 10, tolerated: { count: 0 } }],
    [
      { parallel: 3, tolerate: 2 },
      { parallelMax: 3, tolerated: { count: 2 } },
    ],
    [{ tolerate: '10%' }, { parallelMax: 10, tolerated: { share: 0.1 } }],
  ])('run for each item: %j', (options, figures) => {
    const made = begin()
      .each(
        'lines',
        ({ input }) => input.lines,
        (b) => b.local('a', ({ item }) => item.sku),
        options,
      )
      .end()
    expect(dataOf(made, 'lines')).toMatchObject({ type: 'each', ...figures })
    const [step] = made.steps
    expect(step?.type === 'each' && step.items({ input: { lines: ['x'] } })).toEqual(['x'])
  })
  it('repeat, and read what the last round gave', () => {
    const made = begin()
      .repeat('count', (b, last: Last<{ n: number }>) => b.local('n', (seen) => (last(seen)?.n ?? 0) + 1), {
        until: ({ n, count }) => n > 3 && count.n > 3,
        roundsMax: 9,
      })
      .end()
    expect(dataOf(made, 'count')).toMatchObject({ type: 'repeat', roundsMax: 9, atLimit: 'turn-back' })
    const round = stepAt(made, 'count[0].n')
    expect([{}, { count: { n: 4 } }].map((seen) => round?.type === 'local' && round.compute(seen))).toEqual([1, 5])
  })
  it('are as the chain around them: retriable past the pivot, to the innermost', () => {
    const chain = begin().each(
      'lines',
      ({ input }) => input.lines,
      (b) => b.attempt('one', { l: (c) => c.local('a', () => 1) }),
    )
    const passed = chain.pivot('ship', carrier.ship, ship)
    const made = passed
      .repeat('again', (b) => b.parallel('both', { l: (c) => c.local('d', () => 1) }), {
        until: () => true,
        roundsMax: 2,
      })
      .end()
    expect(kindsOf(made)).toEqual([
      'compensatable',
      'compensatable',
      'compensatable',
      'pivot',
      'retriable',
      'retriable',
      'retriable',
    ])
    expect(dataOf(made, 'again')).toMatchObject({ atLimit: 'go-on' })
  })
  it('are refused with the path inside', () => {
    const faulty = () =>
      begin()
        .each(
          'lines',
          ({ input }) => input.lines,
          (b) => b,
        )
        .end()
    expect(faulty).toThrow('saga s, lines[]: there is no step in it')
  })
})

describe('a child', () => {
  const small = saga('small', { version: 3, input: z.object({ n: z.number() }) })
    .local('a', () => 1)
    .end()
  const n = () => ({ n: 1 })
  it('is started and undone with commands of Kasaga', () => {
    const made = begin()
      .child('kid', small, n, { id: ({ input }) => `kid-${input.id}` })
      .end()
    const step = sendingStepAt(made, 'kid')
    expect(step).toMatchObject({ type: 'child', child: { definition: 'small', version: 3 }, waits: true })
    expect(step?.forward).toMatchObject({
      command: { participant: 'kasaga', type: 'kasaga.start.v1' },
      retry: { attempts: 1 },
      timeoutMs: null,
    })
    expect(step?.undo).toMatchObject({ command: { type: 'kasaga.undo.v1' }, retry: COMPENSATION_RETRY })
    expect([step?.forward.map({}), step?.undo?.map({})]).toEqual([{ n: 1 }, null])
    expect(step?.type === 'child' && step.id?.({ input: { id: '7' } })).toBe('kid-7')
    const inputs = [{ n: 1 }, { n: 'x' }].map((input) => step?.forward.command.input.safeParse(input).success)
    expect(inputs).toEqual([true, false])
    expect([null, {}].map((body) => step?.undo?.command.input.safeParse(body).success)).toEqual([true, false])
  })
  it('is cancelled, left, or not waited for', () => {
    const made = begin()
      .child('one', small, n, { undo: 'cancel', timeout: '1 h' })
      .child('two', small, n, { undo: 'leave', wait: false })
      .pivot('ship', carrier.ship, ship)
      .child('three', small, n)
      .end()
    const undone = (name: string) => sendingStepAt(made, name)?.undo?.command.type
    expect(['one', 'two', 'three'].map(undone)).toEqual(['kasaga.cancel.v1', undefined, undefined])
    expect(sendingStepAt(made, 'one')?.forward.timeoutMs).toBe(3_600_000)
    expect(dataOf(made, 'two')).toMatchObject({ waits: false })
  })
  it('with a pivot is refused where its parent may turn back, in a block too', () => {
    const input = () => ({ id: 'o', cents: 5 })
    const faulty = () =>
      begin()
        .attempt('one', { l: (b) => b.child('kid', fulfil, input) })
        .end()
    expect(faulty).toThrow(/^saga s, one\[l\]\.kid: fulfil cannot be undone past its pivot ship/)
    expect(() => begin().child('kid', fulfil, input, { undo: 'cancel' }).end()).not.toThrow()
    expect(() => begin().pivot('ship', carrier.ship, ship).child('kid', fulfil, input).end()).not.toThrow()
  })
})

describe('an approval', () => {
  const asked = begin()
    .approve('ok', {
      roles: ['boss'],
      answers: ['yes', 'no'],
      turnBackOn: ['no'],
      deadline: '1 s',
      atDeadline: 'turn-back',
    })
    .end()
  const [step] = asked.steps
  it('is a wait for a signal with its own name, or another', () => {
    const approval = { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] }
    expect(step).toMatchObject({
      type: 'signal',
      signal: { name: 'ok' },
      approval,
      deadlineMs: 1_000,
      onDeadline: 'turn-back',
    })
    const named = begin()
      .approve('ok', { roles: ['boss'], answers: ['yes'], signal: 'go' })
      .end()
    expect(named.steps[0]).toMatchObject({
      signal: { name: 'go' },
      approval: { turnBackOn: [] },
      deadlineMs: undefined,
    })
  })
  it.each<[unknown, boolean]>([
    [{ answer: 'yes' }, true],
    [{ answer: 'no', comment: 'c', by: 'ann' }, true],
    [{ answer: 'maybe' }, false],
    [{ answer: 'yes', comment: 5 }, false],
    [{}, false],
    [null, false],
    [['yes'], false],
    ['yes', false],
  ])('takes %j: %s', (payload, fits) => {
    expect(step?.type === 'signal' && step.signal.payload.safeParse(payload).success).toBe(fits)
  })
})
