/** What a saga can be found by: how it is declared, and what becomes of it at a start. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { definitionHash } from '../../../shared/runtime/definition-hash.ts'
import { attributesOf } from '../../../shared/saga/attributes.ts'
import { saga } from '../../../shared/saga/builder.ts'
import type { SagaInput } from '../../../shared/saga/input.ts'
import { given, SAGA } from '../../support/given-when-then.ts'

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
    expect(attributesOf(odd, null).missed).toEqual(['throws', 'long', 'endless', 'other', 'later'])
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
