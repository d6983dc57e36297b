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
  const value = toAvro(type, isWrapped(type) ? { [VALUE_FIELD]: json } : json)
  return type.isValid(value) ? type.toBuffer(value) : undefined
}

/** The JSON that the bytes stand for. @throws when they are not of the type. */
export function avroJson(type: AvroType, bytes: Uint8Array): Json {
  const json = toJson(type, type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
  return isWrapped(type) ? ((json as Fields)[VALUE_FIELD] as Json) : json
}

/** Fits no type. */
const MISFIT = Symbol('misfit')

function toAvro(type: AvroType, json: unknown): unknown {
  if (type.name === JSON_RECORD) return { text: JSON.stringify(json) }
  const inner = branchFor(type, json)
  if (inner) return toAvro(inner, json)
  if (type.typeName === 'record') return toRecord(type, json)
  if (Array.isArray(json)) return json.map((item) => (type.itemsType ? toAvro(type.itemsType, item) : MISFIT))
  if (type.typeName !== 'map' || typeof json !== 'object' || json === null) return json
  return mapped(json as Fields, (value) => (type.valuesType ? toAvro(type.valuesType, value) : MISFIT))
}

/** Of a union with null, the type of a value that is not null. */
function branchFor({ types }: AvroType, json: unknown): AvroType | undefined {
  return json === null ? undefined : types?.find(({ typeName }) => typeName !== 'null')
}

function toRecord({ fields = [] }: AvroType, json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return MISFIT
  const known = new Set(fields.map(({ name }) => name))
  if (Object.keys(json).some((name) => !known.has(name))) return MISFIT
  const entries = fields.map(({ name, type, ...field }) => {
    const own = (json as Fields)[name]
    const isAbsent = own === undefined || (own === null && 'defaultValue' in field && field.defaultValue() === null)
    return [name, own === undefined ? null : isAbsent ? MISFIT : toAvro(type, own)]
  })
  return Object.fromEntries(entries)
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
