/** The comparison of schemas against a validator: where it finds nothing, every value of the writer is one of the reader's. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc, { type GeneratorValue } from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonSchema } from '../../shared/contracts/json-schema.ts'
import { misfits } from '../../shared/contracts/misfits.ts'
import { parameters } from './property-runs.ts'

type Draw = GeneratorValue
const NAMES = ['a', 'b', 'c'] as const
const DEPTH_MAX = 3

const upTo = (g: Draw, max: number): number => g(fc.nat, { max })
const oneOf = <T>(g: Draw, all: readonly T[]): T => all[upTo(g, all.length - 1)] as T
const maybe = (g: Draw, part: JsonSchema): JsonSchema => (upTo(g, 1) === 0 ? part : {})

const KINDS: Readonly<Record<string, (g: Draw, depth: number) => JsonSchema>> = {
  any: () => ({}),
  null: () => ({ type: 'null' }),
  boolean: () => ({ type: 'boolean' }),
  string: (g) => ({
    type: 'string',
    ...maybe(g, { minLength: upTo(g, 2) }),
    ...maybe(g, { maxLength: 2 + upTo(g, 2) }),
  }),
  integer: (g) => ({ type: 'integer', ...maybe(g, { minimum: upTo(g, 2) }), ...maybe(g, { maximum: 2 + upTo(g, 2) }) }),
  number: (g) => ({
    type: 'number',
    ...maybe(g, { exclusiveMinimum: upTo(g, 2) }),
    ...maybe(g, { maximum: 3 + upTo(g, 2) }),
  }),
  enum: (g) => ({ type: 'string', enum: oneOf(g, [['x'], ['x', 'y'], ['x', 'y', 'zz']]) }),
  const: (g) => ({ const: oneOf(g, ['x', 1, true, null]) }),
  array: (g, depth) => ({
    type: 'array',
    items: drawn(g, depth + 1),
    ...maybe(g, { minItems: upTo(g, 1) }),
    ...maybe(g, { maxItems: 2 }),
  }),
  tuple: (g, depth) => ({
    type: 'array',
    prefixItems: [drawn(g, depth + 1), drawn(g, depth + 1)],
    items: false,
    minItems: 2,
  }),
  record: (g, depth) => ({
    type: 'object',
    propertyNames: { type: 'string' },
    additionalProperties: drawn(g, depth + 1),
  }),
  object: (g, depth) => object(g, depth),
  strict: (g, depth) => ({ ...object(g, depth), additionalProperties: false }),
  either: (g, depth) => ({ anyOf: [drawn(g, depth + 1), drawn(g, depth + 1)] }),
  nullable: (g) => ({ ...drawnOf(g, ['string', 'integer'], DEPTH_MAX), type: ['string', 'null'] }),
  both: (g, depth) => ({ allOf: [object(g, depth), object(g, depth)] }),
}

function drawnOf(g: Draw, kinds: readonly string[], depth: number): JsonSchema {
  return KINDS[oneOf(g, kinds)]?.(g, depth) ?? {}
}

function drawn(g: Draw, depth: number): JsonSchema {
  const flat = ['any', 'null', 'boolean', 'string', 'integer', 'number', 'enum', 'const']
  return drawnOf(g, depth >= DEPTH_MAX ? flat : Object.keys(KINDS), depth)
}

function object(g: Draw, depth: number): JsonSchema {
  const names = NAMES.filter(() => upTo(g, 1) === 0)
  const properties = Object.fromEntries(names.map((name) => [name, drawn(g, depth + 1)]))
  return { type: 'object', properties, required: names.filter(() => upTo(g, 1) === 0) }
}

/** Mostly the same: what a change of a contract looks like. */
function changed(g: Draw, schema: unknown, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((part) => changed(g, part, depth))
  const chance = upTo(g, 11)
  if (chance === 0 && depth < DEPTH_MAX) return drawn(g, depth)
  if (chance === 1) return { anyOf: [schema, drawn(g, DEPTH_MAX)] }
  if (chance === 2) return {}
  const kept = Object.entries(schema).filter(([name]) => name === 'type' || upTo(g, 7) > 0)
  return Object.fromEntries(kept.map(([name, part]) => [name, changedPart(g, name, part, depth)]))
}

function changedPart(g: Draw, name: string, part: unknown, depth: number): unknown {
  if (name === 'required' || name === 'enum' || name === 'type' || name === 'const') {
    return name === 'required' && upTo(g, 5) === 0 ? [...NAMES] : part
  }
  if (typeof part === 'number') return Math.max(0, part + upTo(g, 2) - 1)
  if (name !== 'properties') return changed(g, part, depth + 1)
  const all = Object.entries(part as object).map(([key, own]) => [key, changed(g, own, depth + 1)])
  return Object.fromEntries(upTo(g, 5) === 0 ? [...all, ['added', { type: 'string' }]] : all)
}

/** A value that the schema most probably allows. */
function valueFor(g: Draw, schema: JsonSchema): unknown {
  const { anyOf, allOf, type } = schema as { anyOf?: JsonSchema[]; allOf?: JsonSchema[]; type?: string | string[] }
  if (anyOf) return valueFor(g, oneOf(g, anyOf))
  if (allOf) return Object.assign({}, ...allOf.map((part) => valueFor(g, part)))
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return oneOf(g, schema.enum)
  const around = [schema.minimum, schema.maximum, schema.exclusiveMinimum, 0].filter((n) => typeof n === 'number')
  switch (Array.isArray(type) ? oneOf(g, type) : type) {
    case 'null':
      return null
    case 'boolean':
      return upTo(g, 1) === 0
    case 'string':
      return 'xxxxx'.slice(0, Number(schema.minLength ?? 0) + upTo(g, 2))
    case 'integer':
      return oneOf(g, around) + upTo(g, 2) - 1
    case 'number':
      return oneOf(g, around) + oneOf(g, [0, 0.5, 1, -1])
    case 'array':
      return Array.isArray(schema.prefixItems)
        ? schema.prefixItems.map((place) => valueFor(g, place))
        : Array.from({ length: Number(schema.minItems ?? 0) + upTo(g, 1) }, () =>
            valueFor(g, schema.items as JsonSchema),
          )
    case 'object':
      return objectFor(g, schema)
    default:
      return oneOf(g, [null, true, 1, 'x', [], {}, ['x'], { a: 1 }, 1.5])
  }
}

function objectFor(g: Draw, { properties = {}, required = [], additionalProperties }: JsonSchema): unknown {
  const own = Object.entries(properties as Record<string, JsonSchema>)
  const kept = own.filter(([name]) => (required as string[]).includes(name) || upTo(g, 1) === 0)
  const more = typeof additionalProperties === 'object' ? [['k', valueFor(g, additionalProperties as JsonSchema)]] : []
  return Object.fromEntries([...kept.map(([name, schema]) => [name, valueFor(g, schema)]), ...more])
}

test('what it finds nothing wrong with, a validator does not refuse', () => {
  const ajv = new Ajv2020({ strict: false, validateSchema: false })
  const seen = { fits: 0, refused: 0 }
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const writer = drawn(g, 0)
      const reader = changed(g, writer) as JsonSchema
      const [isWritten, isRead] = [ajv.compile(writer), ajv.compile(reader)]
      const fits = misfits(writer, reader).length === 0
      const values = Array.from({ length: 8 }, () => valueFor(g, writer)).filter((value) => isWritten(value))
      for (const value of values) {
        if (fits) expect(isRead(value), JSON.stringify({ writer, reader, value })).toBe(true)
        else if (!isRead(value)) seen.refused++
      }
      ajv.removeSchema(writer).removeSchema(reader)
      if (fits && JSON.stringify(writer) !== JSON.stringify(reader)) seen.fits += values.length
    }),
    parameters(2_000),
  )
  // It is no use when it never says yes to a change, nor when nothing was there to find.
  expect(seen.fits).toBeGreaterThan(200)
  expect(seen.refused).toBeGreaterThan(200)
})

test('every schema reads what itself has written', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const schema = drawn(g, 0)
      expect(misfits(schema, structuredClone(schema))).toEqual([])
    }),
    parameters(500),
  )
})
