/** JSON as Avro values and back, along a schema: fields that are absent, any JSON as text, tops that are no record. */
import type { Json } from '../../message/json.ts'

/** What is asked of a type that the registry's library has read. */
export interface AvroType {
  readonly typeName: string
  readonly name?: string
  readonly fields?: readonly { readonly name: string; readonly type: AvroType; defaultValue(): unknown }[]
  readonly itemsType?: AvroType
  readonly valuesType?: AvroType
  readonly types?: readonly AvroType[]
  toBuffer(value: unknown): Buffer
  fromBuffer(bytes: Buffer): unknown
  isValid(value: unknown): boolean
}

/** Names that the schemas are made with. */
const JSON_RECORD = 'kasaga.Json'
const VALUE_FIELD = 'kasaga_value'

type Fields = Readonly<Record<string, unknown>>

function isWrapped({ fields }: AvroType): boolean {
  return fields?.length === 1 && fields[0]?.name === VALUE_FIELD
}

/** The bytes of a value; `undefined` when the schema has no place for it, or for a part of it. */
export function avroBytes(type: AvroType, json: Json): Buffer | undefined {
  try {
    const value = toAvro(type, isWrapped(type) ? { [VALUE_FIELD]: json } : json)
    return type.isValid(value) ? type.toBuffer(value) : undefined
  } catch (error) {
    if (error instanceof Misfit) return undefined
    throw error
  }
}

/** The JSON that the bytes stand for. @throws when they are not of the type, or hold a figure that would not be read as it is. */
export function avroJson(type: AvroType, bytes: Uint8Array): Json {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const value = type.fromBuffer(buffer)
  if (holdsLarge(value) && !type.toBuffer(value).equals(buffer))
    throw new TypeError('it holds a whole number past 2^52 that would not be read as it is')
  const json = toJson(type, value)
  return isWrapped(type) ? ((json as Fields)[VALUE_FIELD] as Json) : json
}

/**
 * Past it the client's Avro gets whole numbers wrong: it reads and writes those below zero as others above. Such ones are
 * not written, and what was read of that size is held against its bytes.
 */
const EXACT_MAX = 2 ** 52

function holdsLarge(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) >= EXACT_MAX
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsLarge)
}

class Misfit extends Error {}

function toAvro(type: AvroType, json: unknown): unknown {
  if (type.name === JSON_RECORD) return { text: JSON.stringify(json) }
  const inner = branchFor(type, json)
  if (inner) return toAvro(inner, json)
  switch (type.typeName) {
    case 'record':
      return toRecord(type, json)
    case 'array':
      return itemsOf(json).map((item) => (type.itemsType ? toAvro(type.itemsType, item) : item))
    case 'map':
      return mapped(fieldsOf(json), (value) => (type.valuesType ? toAvro(type.valuesType, value) : value))
    case 'long':
      if (typeof json === 'number' && json < -EXACT_MAX) throw new Misfit()
      return json
    default:
      return json
  }
}

/** Of a union with null, the type of a value that is not null. */
function branchFor({ types }: AvroType, json: unknown): AvroType | undefined {
  return json === null ? undefined : types?.find(({ typeName }) => typeName !== 'null')
}

function itemsOf(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new Misfit()
  return json
}

function fieldsOf(json: unknown): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Misfit()
  return json as Fields
}

function toRecord({ fields = [] }: AvroType, json: unknown): Fields {
  const all = fieldsOf(json)
  const known = new Set(fields.map(({ name }) => name))
  if (Object.keys(all).some((name) => !known.has(name))) throw new Misfit()
  return Object.fromEntries(fields.map((field) => [field.name, fieldValue(field, all[field.name])]))
}

type Field = NonNullable<AvroType['fields']>[number]

/** A field that may be absent has null for that, so null itself has no place there, unless as any JSON. */
function fieldValue(field: Field, json: unknown): unknown {
  const isOptional = field.defaultValue() === null
  if (json === undefined && isOptional) return null
  if (json === undefined) throw new Misfit()
  const inner = isOptional ? branchFor(field.type, json ?? {}) : undefined
  if (json === null && inner && inner.name !== JSON_RECORD) throw new Misfit()
  return toAvro(inner ?? field.type, json)
}

function toJson(type: AvroType, value: unknown): Json {
  if (type.name === JSON_RECORD) return JSON.parse(String((value as Fields).text)) as Json
  const inner = branchFor(type, value)
  if (inner) return toJson(inner, value)
  if (type.typeName === 'record') return fromRecord(type, value as Fields)
  if (Array.isArray(value)) return value.map((item) => (type.itemsType ? toJson(type.itemsType, item) : item))
  if (type.typeName !== 'map') return value as Json
  return mapped(value as Fields, (part) => (type.valuesType ? toJson(type.valuesType, part) : part)) as Json
}

function fromRecord({ fields = [] }: AvroType, value: Fields): Json {
  const present = fields.filter((field) => value[field.name] !== null || field.defaultValue() !== null)
  return Object.fromEntries(present.map(({ name, type }) => [name, toJson(type, value[name])]))
}

function mapped(all: Fields, to: (value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, to(value)]))
}
