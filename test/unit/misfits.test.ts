/** What a change of a contract breaks, for whom. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { breakingChanges, breakText } from '../../shared/contracts/breaking-changes.ts'
import { contractFiles } from '../../shared/contracts/contract-files.ts'
import { jsonSchemaOf } from '../../shared/contracts/json-schema.ts'
import { misfits } from '../../shared/contracts/misfits.ts'
import { type AnyCommand, wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { participant } from '../../shared/saga/contract.ts'
import { everyKind } from '../support/every-kind.ts'

const base = z.object({
  orderId: z.string().max(20),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int().min(1) })),
  kind: z.enum(['express', 'slow']),
  note: z.string().optional(),
  left: z.number().nullable(),
})

function breaks(part: 'input' | 'output', after: z.ZodType, before: z.ZodType = base): string[] {
  const files = (schema: z.ZodType) => {
    const other = z.object({})
    const spec = part === 'input' ? { input: schema, output: other } : { input: other, output: schema }
    return contractFiles(wireContracts(Object.values<AnyCommand>(participant('shop', { do: spec }))))
  }
  return breakingChanges(files(before), files(after)).map(breakText)
}

describe('a payload', () => {
  test.each<[string, z.ZodType]>([
    ['the same', base],
    ['an optional field more', base.extend({ hint: z.string().optional() })],
    ['a field with a default more', base.extend({ hint: z.string().default('') })],
    ['a field less', base.omit({ orderId: true })],
    [
      'wider',
      base.extend({
        orderId: z.string().max(30),
        kind: z.enum(['express', 'slow', 'never']),
        note: z.unknown().optional(),
      }),
    ],
    ['a required field optional', base.partial()],
  ])('may be %s', (_, after) => expect(breaks('input', after)).toEqual([]))

  test.each<[string, z.ZodType, string]>([
    ['a required field more', base.extend({ coupon: z.string() }), 'coupon: is required now, and was not'],
    ['an optional one required', base.extend({ note: z.string() }), 'note: is required now, and was not'],
    ['shorter', base.extend({ orderId: z.string().max(10) }), 'orderId: is narrower now: maxLength 10'],
    ['without a way', base.extend({ kind: z.enum(['slow']) }), 'kind: is narrower now: no "express"'],
    ['never null', base.extend({ left: z.number() }), 'left: is narrower now: number, not null'],
    ['whole', base.extend({ left: z.int().nullable() }), 'left: is narrower now: integer, not number'],
    [
      'narrower inside',
      base.extend({ lines: z.array(z.object({ sku: z.string(), quantity: z.int().min(2) })) }),
      'lines[].quantity: is narrower now: minimum 2',
    ],
    ['closed', z.strictObject(base.shape), '*: is narrower now: {}'],
  ])('may not be %s', (_, after, text) => {
    const found = breaks('input', after)
    expect(found.length).toBeGreaterThan(0)
    if (!text.startsWith('*')) expect(found).toContain(`shop.do.v1 input ${text}`)
  })
})

describe('an answer', () => {
  test.each<[string, z.ZodType]>([
    ['the same', base],
    ['an optional field more', base.extend({ hint: z.string().optional() })],
    ['an optional field less', base.omit({ note: true })],
  ])('may be %s', (_, after) => expect(breaks('output', after)).toEqual([]))

  test.each<[string, z.ZodType, string]>([
    [
      'a required field less',
      base.omit({ orderId: true }),
      'orderId: is gone, or not always there any more, and is read',
    ],
    [
      'a required field more',
      base.extend({ hint: z.string() }),
      'hint: is required now, and answers that are remembered lack it',
    ],
    [
      'wider',
      base.extend({ kind: z.enum(['express', 'slow', 'never']) }),
      'kind: is wider now: who reads it takes no "never"',
    ],
    [
      'narrower',
      base.extend({ orderId: z.string().max(10) }),
      'orderId: is narrower now: maxLength 10, and answers that are remembered may be otherwise',
    ],
  ])('may not be %s', (_, after, text) => expect(breaks('output', after)).toEqual([`shop.do.v1 output ${text}`]))
})

test('a command or saga that is gone is told, and one that is new is fine', () => {
  const all = contractFiles(wireContracts([], [everyKind]))
  expect(all.size).toBeGreaterThan(2)
  expect(breakingChanges(new Map(), all)).toEqual([])
  const told = breakingChanges(all, new Map()).map(breakText)
  expect(told).toHaveLength(all.size)
  expect(told.at(-1)).toBe(
    'every-kind.v2: the saga is gone: starts that lie in the topic name it, and those that run wait for it',
  )
})

test('schemas that hold themselves are compared to their end', () => {
  type Node = { name: string; parts: Node[] }
  const tree: z.ZodType<Node> = z.lazy(() => z.object({ name: z.string(), parts: z.array(tree) }))
  const shorter: z.ZodType<Node> = z.lazy(() => z.object({ name: z.string().max(3), parts: z.array(shorter) }))
  expect(misfits(jsonSchemaOf(tree), jsonSchemaOf(tree))).toEqual([])
  expect(misfits(jsonSchemaOf(tree), jsonSchemaOf(shorter)).map(({ path }) => path)).toContain('name')
  expect(breaks('input', shorter, tree).length).toBeGreaterThan(0)
})
