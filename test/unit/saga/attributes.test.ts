/** What a saga can be found by: how it is declared, and what becomes of it at a start. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { definitionFrom, readPlan } from '../../../shared/client/definition-file.ts'
import { definitionHash } from '../../../shared/runtime/definition-hash.ts'
import { attributesOf } from '../../../shared/saga/attributes.ts'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { definitionData, mappingsOf } from '../../../shared/saga/definition-data.ts'
import type { SagaInput } from '../../../shared/saga/input.ts'
import { outlineOf, violations } from '../../../shared/saga/invariants.ts'
import { given, SAGA } from '../../support/given-when-then.ts'
import { Play } from '../../support/play.ts'

const Input = z.object({ customer: z.string(), cents: z.number(), note: z.string().optional() })
const plan = (attributes?: Parameters<typeof saga<z.infer<typeof Input>>>[1]['attributes']) =>
  saga('found', { version: 1, input: Input, ...(attributes && { attributes }) })
    .local('done', () => true)
    .end()

const found = plan({
  customer: { type: 'text', from: ({ input }) => input.customer },
  cents: { type: 'number', from: ({ input }) => input.cents },
  dear: { type: 'boolean', from: ({ input }) => input.cents > 100 },
  note: { type: 'text', from: ({ input }) => input.note },
})
const start = (input: object): SagaInput => ({
  kind: 'start',
  sagaId: SAGA,
  definition: 'found',
  version: 1,
  input: input as { customer: string },
  inputHash: 'h',
})
const startedWith = (definition: typeof found, input: object) => {
  const { decision } = given().plan(definition).when(start(input))
  const event = decision.kind === 'events' ? decision.events[0] : undefined
  if (event?.type !== 'saga-started') throw new Error(`not started: ${JSON.stringify(decision)}`)
  return event
}

describe('attributes', () => {
  it('stand in the start, taken from the input; what the saga has not is left out', () => {
    const { attributes } = startedWith(found, { customer: 'c-7', cents: 250 })
    expect(attributes).toEqual({ customer: 'c-7', cents: 250, dear: true })
  })
  it('are absent where none is declared, or none is there', () => {
    expect('attributes' in startedWith(plan(), { customer: 'c-7', cents: 1 })).toBe(false)
    const none = plan({ note: { type: 'text', from: ({ input }) => input.note } })
    expect('attributes' in startedWith(none, { customer: 'c-7', cents: 1 })).toBe(false)
  })
  it('stop no saga: one whose mapping throws, or gives what it cannot be, is left out and told', () => {
    const odd = {
      throws: { type: 'text', from: () => JSON.parse('{') },
      long: { type: 'text', from: () => 'x'.repeat(257) },
      just: { type: 'text', from: () => 'x'.repeat(256) },
      endless: { type: 'number', from: () => Number.POSITIVE_INFINITY },
      other: { type: 'boolean', from: () => 'yes' as unknown as boolean },
      later: { type: 'text', from: () => Promise.resolve('x') as unknown as string },
      none: { type: 'text', from: () => null },
    } as const
    expect(Object.keys(startedWith(plan(odd), { customer: 'c-7', cents: 1 }).attributes ?? {})).toEqual(['just'])
    expect(attributesOf(odd, { input: null }).missed).toEqual(['throws', 'long', 'endless', 'other', 'later'])
  })
  it('cannot change the input that the saga starts with', () => {
    const meddling = plan({
      customer: { type: 'text', from: ({ input }) => Object.assign(input, { customer: 'other' }).customer },
    })
    const { input, attributes } = startedWith(meddling, { customer: 'c-7', cents: 1 })
    expect({ input, attributes }).toEqual({ input: { customer: 'c-7', cents: 1 }, attributes: undefined })
  })
  it('know the input by its type', () => {
    saga('typed', {
      version: 1,
      input: Input,
      attributes: {
        cents: {
          type: 'number',
          from: ({ input }) => {
            expectTypeOf(input).toEqualTypeOf<z.infer<typeof Input>>()
            return input.cents
          },
        },
        // @ts-expect-error a text is no number
        customer: { type: 'number', from: ({ input }) => input.customer },
      },
    })
  })
  it('have names, and are not many', () => {
    const one = { type: 'text', from: () => 'x' } as const
    for (const name of ['Customer', '', 'a b', 'x'.repeat(65)])
      expect(() => plan({ [name]: one })).toThrow(/^saga found/)
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, one]))
    expect(() => plan(many(17))).toThrow('more than 16')
    expect(Object.keys(plan(many(16)).attributes ?? {})).toHaveLength(16)
  })
  it('are in the hash of the plan, and their mappings are not', () => {
    const one = (type: 'text' | 'number', from: () => never) => definitionHash(plan({ a: { type, from } }))
    const never = (): never => {
      throw new Error('not asked')
    }
    expect(one('text', never)).toBe(one('text', () => never()))
    expect(new Set([one('text', never), one('number', never), definitionHash(plan())]).size).toBe(3)
  })
})

const shop = participant('shop', {
  sell: command({ input: z.object({ cents: z.number() }), output: z.object({ id: z.string() }) }),
})
const selling = () =>
  saga('selling', { version: 1, input: z.json(), attributes: { all: { type: 'boolean', from: () => true } } })
    .step('sell', shop.sell, () => ({ cents: 1 }))
    .attribute('sold', { type: 'text', of: 'sell', from: ({ sell }) => sell.id })
/** What each event brings that the saga is found by. */
const foundIn = ({ history }: Play) =>
  history.flatMap(({ event }) =>
    'attributes' in event ? [[event.type, 'step' in event ? event.step : '', event.attributes]] : [],
  )

describe('an attribute of a step', () => {
  it('stands in the event that says that the step is done, whatever that is', () => {
    const play = new Play(
      selling()
        .local('count', ({ sell }) => sell.id.length)
        .attribute('count', { type: 'number', of: 'count', from: ({ count, sell }) => count + sell.id.length })
        .waitFor('word', signal('word', z.boolean()))
        .attribute('word', { type: 'boolean', of: 'word', from: ({ word }) => word })
        .parallel('both', { one: (b) => b.local('x', () => 1), two: (b) => b.local('x', () => 2) })
        .attribute('both', { type: 'number', of: 'both', from: ({ both }) => both.one.x + both.two.x })
        .step('again', shop.sell, () => ({ cents: 2 }))
        .attribute('again', { type: 'text', of: 'again', from: ({ again }) => again.id })
        .end(),
    )
    play.start()
    play.answer('sell', 'success', { id: 'abc' })
    play.signal('word', false)
    play.ask({ kind: 'skip', step: 'again', output: { id: 'by hand' } })
    expect(foundIn(play)).toEqual([
      ['saga-started', '', { all: true }],
      ['step-succeeded', 'sell', { sold: 'abc' }],
      ['step-computed', 'count', { count: 6 }],
      ['wait-ended', 'word', { word: false }],
      ['block-completed', 'both', { both: 3 }],
      ['step-resolved', 'again', { again: 'by hand' }],
    ])
    expect(play.status).toBe('completed')
  })
  it('is not taken of a step that is skipped, nor of one of the same name inside a block', () => {
    const plan = saga('skipping', { version: 1, input: z.json() })
      .when(() => false)
      .local('odd', () => 1)
      .attribute('odd', { type: 'number', of: 'odd', from: () => 1 })
      .each(
        'items',
        () => [1],
        (b) => b.local('sum', () => 1),
      )
      .attribute('sums', { type: 'number', of: 'items', from: ({ items }) => items.length })
      .end()
    const play = new Play(plan)
    play.start()
    expect(foundIn(play)).toEqual([['block-completed', 'items', { sums: 1 }]])
  })
  it('stops no saga: where its mapping fails it is left out, and told', () => {
    const plan = selling()
      .attribute('throws', { type: 'text', of: 'sell', from: () => JSON.parse('{') })
      .attribute('wrong', { type: 'number', of: 'sell', from: ({ sell }) => sell.id as unknown as number })
      .attribute('none', { type: 'text', of: 'sell', from: () => undefined })
      .end()
    const play = new Play(plan)
    play.start()
    const decision = play.answer('sell', 'success', { id: 'abc' })
    expect(decision).toMatchObject({ missed: ['throws', 'wrong'], events: [{ attributes: { sold: 'abc' } }, {}] })
    expect(play.status).toBe('completed')
  })
  it('is found in a fork that is given the step', () => {
    const plan = selling()
      .attribute('chars', { type: 'number', of: 'sell', from: ({ sell }) => sell.id.length })
      .step('last', shop.sell, () => ({ cents: 1 }))
      .attribute('last', { type: 'text', of: 'last', from: ({ last }) => last.id })
      .end()
    const play = new Play(plan)
    play.start()
    play.answer('sell', 'success', { id: 'abc' })
    play.fork('last')
    expect(foundIn(play.forked())).toEqual([['saga-started', '', { all: true, sold: 'abc', chars: 3 }]])
  })
  it('that no plan takes from the step breaks an invariant', () => {
    const play = new Play(selling().end())
    play.start()
    play.answer('sell', 'success', { id: 'abc' })
    const forged = play.history.map((envelope) =>
      envelope.event.type === 'step-succeeded'
        ? { ...envelope, event: { ...envelope.event, attributes: { sold: 'abc', all: false } } }
        : envelope,
    )
    expect(violations(forged, outlineOf(play.definition))).toMatchObject([{ invariant: 'S3', seq: 3 }])
  })
  it('knows the step’s output by its type, and what is surely done with it', () => {
    const chain = selling()
      .after()
      .local('beside', () => 2)
    chain.attribute('typed', {
      type: 'number',
      of: 'beside',
      from: (seen) => {
        expectTypeOf(seen.beside).toEqualTypeOf<number>()
        expectTypeOf(seen.sell).toEqualTypeOf<{ id: string } | undefined>()
        return seen.beside
      },
    })
    const past = chain.pivot('pay', shop.sell, () => ({ cents: 1 }))
    past.attribute('early', {
      type: 'text',
      of: 'sell',
      from: (seen) => {
        expectTypeOf(seen.pay).toEqualTypeOf<{ id: string } | undefined>()
        return seen.sell.id
      },
    })
    past.attribute('paid', { type: 'text', of: 'pay', from: ({ pay, sell }) => pay.id + sell.id })
    // @ts-expect-error a text is no number
    past.attribute('wrong', { type: 'number', of: 'pay', from: ({ pay }) => pay.id })
    // @ts-expect-error there is no such step
    expect(() => past.attribute('of', { type: 'text', of: 'nobody', from: () => 'x' }).end()).toThrow(
      'it is taken from nobody',
    )
    const inside = () =>
      saga('inside', { version: 1, input: z.json() }).each(
        'items',
        () => [1],
        // @ts-expect-error a plan inside a block has none of its own
        (b) => b.local('x', () => 1).attribute('x', { type: 'number', of: 'x', from: () => 1 }),
      )
    expect(inside).toThrow('inside a block')
  })
  it('has a name of its own', () => {
    expect(() => selling().attribute('all', { type: 'text', of: 'sell', from: () => 'x' })).toThrow('two attributes')
    expect(() => selling().attribute('All', { type: 'text', of: 'sell', from: () => 'x' })).toThrow('not a name')
  })
  it('is in the hash of the plan with its step, and comes back out of the data', () => {
    const plan = selling().end()
    const other = selling()
      .attribute('more', { type: 'text', of: 'sell', from: () => 'x' })
      .end()
    expect(definitionHash(plan)).not.toBe(definitionHash(other))
    const data = definitionData(other)
    expect(data.attributes?.more).toEqual({ type: 'text', of: 'sell', from: 'sell.attributes[more]' })
    expect(definitionData(definitionFrom(data, mappingsOf(other)))).toEqual(data)
    const wrong = { ...data, attributes: { more: { type: 'text', of: 'nobody', from: 'sell.attributes[more]' } } }
    expect(readPlan(wrong)).toMatchObject({ faults: [{ path: 'attributes.more' }] })
  })
})
