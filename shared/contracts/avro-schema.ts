/**
 * Avro schemas out of JSON Schemas, for the part of them that Avro can say without loss. Bounds and formats are left to
 * the contract's own check. What has no place in Avro is refused, by its path.
 *
 * | JSON Schema | Avro |
 * |---|---|
 * | object with named fields | record; a field that may be absent is nullable, with null as its default |
 * | record, array | map, array |
 * | text, enum of names | string, enum |
 * | integer that fits 32 bits, other integer, number | int, long, double |
 * | or null | union with null |
 * | any JSON | record `kasaga.Json` with the JSON as text |
 * | anything but an object at the top | record with the one field `kasaga_value` |
 */
import { ANY, type JsonSchema } from './json-schema.ts'

export type AvroSchema = string | readonly AvroSchema[] | { readonly [key: string]: unknown }

/** Record of any JSON, and the field of a top that is no object: adapters know them by these names. */
export const AVRO_JSON = 'kasaga.Json'
export const AVRO_VALUE_FIELD = 'kasaga_value'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const INT_MAX = 2 ** 31 - 1

interface Naming {
  readonly subject: string
  /** Names of records and enums that stand already: Avro knows them by name from there on. */
  readonly used: Set<string>
}

/** @throws TypeError that names the subject and the place of what Avro cannot say. */
export function avroSchemaOf(subject: string, schema: JsonSchema): AvroSchema {
  const naming = { subject, used: new Set<string>() }
  const top = { type: 'record', name: recordName(subject), namespace: 'kasaga' }
  if (schema.type === 'object' && schema.properties !== undefined && typeof schema.additionalProperties !== 'object') {
    naming.used.add(recordName(subject))
    return { ...top, fields: fieldsOf(schema, '', naming) }
  }
  return { ...top, fields: [{ name: AVRO_VALUE_FIELD, type: typeAt(schema, '', naming) }] }
}

function recordName(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9])/, '_')
}

function refuse({ subject }: Naming, path: string, what: string): never {
  throw new TypeError(`${subject}${path === '' ? '' : `, ${path}`}: Avro cannot say ${what}`)
}

function isAny(schema: JsonSchema): boolean {
  return Object.keys(schema).every((key) => key === 'title' || key === 'description' || key === 'default')
}

function typeAt(schema: JsonSchema, path: string, naming: Naming): AvroSchema {
  if (isAny(schema)) return jsonType(naming)
  const nullable = withoutNull(schema, path, naming)
  if (nullable) return ['null', typeAt(nullable, path, naming)]
  for (const word of ['anyOf', 'oneOf', 'allOf', '$ref', 'not'])
    if (word in schema)
      return refuse(naming, path, word === '$ref' ? 'a schema that holds itself' : `a union or intersection (${word})`)
  if ('const' in schema || 'enum' in schema) return listType(schema, path, naming)
  switch (schema.type) {
    case 'null':
    case 'boolean':
    case 'string':
      return schema.type
    case 'integer':
      return isInt(schema) ? 'int' : 'long'
    case 'number':
      return 'double'
    case 'array':
      return arrayType(schema, path, naming)
    case 'object':
      return objectType(schema, path, naming)
    default:
      return refuse(naming, path, `the type ${JSON.stringify(schema.type)}`)
  }
}

function jsonType({ used }: Naming): AvroSchema {
  if (used.has(AVRO_JSON)) return AVRO_JSON
  used.add(AVRO_JSON)
  return { type: 'record', name: 'Json', namespace: 'kasaga', fields: [{ name: 'text', type: 'string' }] }
}

/** The schema of what is not null, where null is one of two ways. */
function withoutNull(schema: JsonSchema, path: string, naming: Naming): JsonSchema | undefined {
  const { anyOf, oneOf, type, ...rest } = schema
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== 'null')
    if (others.length !== 1 || others.length === type.length) return refuse(naming, path, 'a union of types')
    return { ...rest, type: others[0] }
  }
  const among = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined
  const others = among?.filter((one) => one.type !== 'null')
  return among?.length === 2 && others?.length === 1 ? others[0] : undefined
}

function isInt({ minimum, maximum }: JsonSchema): boolean {
  return typeof minimum === 'number' && typeof maximum === 'number' && minimum >= -INT_MAX - 1 && maximum <= INT_MAX
}

function listType(schema: JsonSchema, path: string, naming: Naming): AvroSchema {
  const values = 'const' in schema ? [schema.const] : (schema.enum as readonly unknown[])
  if (values.every((value) => value === null)) return 'null'
  if (values.every((value) => typeof value === 'boolean')) return 'boolean'
  if (values.every((value) => typeof value === 'number')) return values.every(Number.isSafeInteger) ? 'long' : 'double'
  if (!values.every((value) => typeof value === 'string'))
    return refuse(naming, path, 'a list of values of several types')
  if (!values.every((value) => NAME.test(value))) return 'string'
  return { type: 'enum', name: freshName(path, naming), symbols: values }
}

function freshName(path: string, { subject, used }: Naming): string {
  const name = recordName(`${subject}_${path}`)
  let fresh = name
  for (let n = 2; used.has(fresh); n++) fresh = `${name}_${n}`
  used.add(fresh)
  return fresh
}

function arrayType(schema: JsonSchema, path: string, naming: Naming): AvroSchema {
  if (Array.isArray(schema.items) || schema.prefixItems !== undefined) return refuse(naming, path, 'a tuple')
  return { type: 'array', items: typeAt((schema.items ?? ANY) as JsonSchema, `${path}[]`, naming) }
}

function objectType(schema: JsonSchema, path: string, naming: Naming): AvroSchema {
  const { properties, additionalProperties } = schema
  if (properties === undefined)
    return { type: 'map', values: typeAt((additionalProperties ?? ANY) as JsonSchema, `${path}.*`, naming) }
  if (typeof additionalProperties === 'object')
    return refuse(naming, path, 'an object that has both named and other fields')
  return { type: 'record', name: freshName(path, naming), fields: fieldsOf(schema, path, naming) }
}

function fieldsOf({ properties, required = [] }: JsonSchema, path: string, naming: Naming): AvroSchema[] {
  return Object.entries((properties ?? {}) as Record<string, JsonSchema>).map(([name, schema]) => {
    const at = path === '' ? name : `${path}.${name}`
    if (!NAME.test(name)) return refuse(naming, at, 'a field of that name')
    const type = typeAt(schema, at, naming)
    if ((required as readonly string[]).includes(name)) return { name, type }
    if (Array.isArray(type) || type === 'null') return refuse(naming, at, 'a field that may be absent and may be null')
    return { name, type: ['null', type], default: null }
  })
}
