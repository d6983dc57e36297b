/** JSON in Avro: what a schema can say comes back as it was, and what does not fit is found out before it is written. */
import { createRequire } from 'node:module'
import fc, { type GeneratorValue } from 'fast-check'
import { expect, test } from 'vitest'
import { type AvroType, avroBytes, avroJson } from '../../shared/adapters/registry/avro-json.ts'
import { avroSchemaOf } from '../../shared/contracts/avro-schema.ts'
import type { JsonSchema } from '../../shared/contracts/json-schema.ts'
import type { Json } from '../../shared/message/json.ts'
import { parameters } from './property-runs.ts'

type Draw = GeneratorValue
/** As the registry's client reads a schema. */
const { default: AvroHelper } = createRequire(import.meta.url)('@kafkajs/confluent-schema-registry/dist/AvroHelper.js')
const typeOf = (schema: JsonSchema): AvroType =>
  new AvroHelper().getAvroSchema({ type: 'AVRO', schema: JSON.stringify(avroSchemaOf('shop.do.v1', schema)) })

const upTo = (g: Draw, max: number): number => g(fc.nat, { max })
const anyJson = () => fc.jsonValue() as fc.Arbitrary<Json>

interface Drawn {
  readonly schema: JsonSchema
  readonly value: Json
}

const FLAT: readonly ((g: Draw) => Drawn)[] = [
  (g) => ({ schema: {}, value: g(anyJson) }),
  () => ({ schema: { type: 'null' }, value: null }),
  (g) => ({ schema: { type: 'boolean' }, value: g(fc.boolean) }),
  (g) => ({ schema: { type: 'string' }, value: g(fc.string) }),
  (g) => ({ schema: { type: 'integer', minimum: 0, maximum: 9 }, value: upTo(g, 9) }),
  (g) => ({ schema: { type: 'integer' }, value: g(fc.integer, { min: -(2 ** 52), max: 2 ** 53 - 2 }) }),
  (g) => ({ schema: { type: 'number' }, value: g(fc.double, { noNaN: true, noDefaultInfinity: true }) + 0 }),
  (g) => ({ schema: { type: 'string', enum: ['a', 'B_1'] }, value: ['a', 'B_1'][upTo(g, 1)] ?? 'a' }),
  (g) => ({ schema: { type: 'string', enum: ['a b', 'ä'] }, value: ['a b', 'ä'][upTo(g, 1)] ?? 'a b' }),
  () => ({ schema: { const: 'one' }, value: 'one' }),
]

function drawn(g: Draw, depth = 0): Drawn {
  const kind = upTo(g, depth > 2 ? FLAT.length - 1 : FLAT.length + 3)
  const flat = FLAT[kind]
  if (flat) return flat(g)
  if (kind === FLAT.length) return nullable(g, depth)
  if (kind === FLAT.length + 1) {
    const { schema, value } = drawn(g, depth + 1)
    return { schema: { type: 'array', items: schema }, value: Array.from({ length: upTo(g, 2) }, () => value) }
  }
  if (kind === FLAT.length + 2) {
    const { schema, value } = drawn(g, depth + 1)
    const record = { type: 'object', additionalProperties: schema }
    return { schema: record, value: upTo(g, 1) === 0 ? {} : { 'any key': value } }
  }
  return object(g, depth)
}

function nullable(g: Draw, depth: number): Drawn {
  const { schema, value } = drawn(g, depth + 1)
  if (JSON.stringify(schema).includes('"null"') || Object.keys(schema).length === 0) return { schema, value }
  return { schema: { anyOf: [schema, { type: 'null' }] }, value: upTo(g, 1) === 0 ? null : value }
}

function object(g: Draw, depth: number): Drawn {
  const properties: Record<string, JsonSchema> = {}
  const value: Record<string, Json> = {}
  const required: string[] = []
  for (const name of ['a', 'b', 'c']) {
    const field = drawn(g, depth + 1)
    const mayBeNull = field.schema.anyOf !== undefined || field.schema.type === 'null'
    const isRequired = mayBeNull || upTo(g, 1) === 0
    properties[name] = field.schema
    if (isRequired) required.push(name)
    if (isRequired || upTo(g, 1) === 0) value[name] = field.value
  }
  return { schema: { type: 'object', properties, required }, value }
}

test('a value comes back as it was', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const { schema, value } = drawn(g)
      const type = typeOf(schema)
      const bytes = avroBytes(type, value)
      expect(bytes, JSON.stringify({ schema, value })).toBeDefined()
      // As JSON has it: without a sign of zero.
      expect(JSON.stringify(avroJson(type, bytes ?? Buffer.alloc(0)))).toBe(JSON.stringify(value))
    }),
    parameters(500),
  )
})

test('any JSON either comes back as it was, or is not written', () => {
  const seen = { written: 0, refused: 0 }
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const { schema, value: fitting } = drawn(g)
      const value = upTo(g, 3) === 0 ? fitting : g(anyJson)
      const type = typeOf(schema)
      const bytes = avroBytes(type, value)
      seen[bytes ? 'written' : 'refused']++
      if (bytes) expect(avroJson(type, bytes)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    parameters(500),
  )
  expect(Math.min(seen.written, seen.refused)).toBeGreaterThan(50)
})

test('a whole number that the library would read as another one is refused', () => {
  const type = typeOf({ type: 'integer' })
  // -(2^52) - 1 as other writers write it.
  const bytes = Buffer.from('8180808080808010', 'hex')
  const written = [-(2 ** 52) - 1, -(2 ** 53) + 1, 2 ** 53 - 1].map((value) => avroBytes(type, value))
  expect(written).toEqual([undefined, undefined, undefined])
  expect(() => avroJson(type, bytes)).toThrow('2^52')
})
