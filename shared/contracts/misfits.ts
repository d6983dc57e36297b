/**
 * Whether a reader's schema takes all that a writer's schema allows, over the part of JSON Schema that contracts are
 * made of. What it does not know must be the same on both sides, else it counts as a misfit: it may cry wolf, and
 * never stays silent.
 *
 * Fields that a reader does not know are ignored by it, so a writer may add some; a field that only the reader knows is
 * taken as not written yet. A test holds this against a validator, over drawn schemas and values.
 */
import type { JsonSchema } from './json-schema.ts'

export interface Misfit {
  /** Where in the value: `lines[].quantity`; empty: the value itself. */
  readonly path: string
  readonly kind: 'missing' | 'narrower' | 'unknown'
  /** `missing`: the reader needs the field. Else what the reader asks for that the writer does not give. */
  readonly why: string
}

interface Sides {
  readonly writer: JsonSchema
  readonly reader: JsonSchema
}

interface Walk {
  readonly roots: Sides
  /** Pairs that are being compared further up: a schema that holds itself comes back to them. */
  readonly above: readonly (readonly [unknown, unknown])[]
}

/** Everything that the reader would not take. Empty: it takes all. */
export function misfits(writer: JsonSchema, reader: JsonSchema): readonly Misfit[] {
  return compare({ writer, reader }, '', { roots: { writer, reader }, above: [] })
}

/** Words about a schema that check nothing. */
const NOTES: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'id',
])

function compare(sides: Sides, path: string, walk: Walk): readonly Misfit[] {
  const writer = resolved(sides.writer, walk.roots.writer)
  const reader = resolved(sides.reader, walk.roots.reader)
  if (walk.above.some(([w, r]) => w === writer && r === reader)) return []
  const next: Walk = { ...walk, above: [...walk.above, [writer, reader]] }
  if (isAny(reader) || isNever(writer)) return []
  const writers = branches(writer)
  if (writers) return writers.flatMap((branch) => compare({ writer: branch, reader }, path, next))
  const readers = branches(reader)
  if (readers) return closest(readers.map((branch) => compare({ writer, reader: branch }, path, next)))
  if (Array.isArray(reader.allOf)) return allOf(reader).flatMap((part) => compare({ writer, reader: part }, path, next))
  if (Array.isArray(writer.allOf)) return compareAll(allOf(writer), reader, { path, walk: next })
  // Of another kind altogether, no more needs to be said of it.
  const own = values({ writer, reader }, path)
  return own.length > 0 ? own : keywords({ writer, reader }, path, next)
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let found: unknown = schema
  for (let hops = 0; hops < 32; hops++) {
    if (found === true) return {}
    if (found === false) return { not: {} }
    const { $ref } = found as JsonSchema
    if (typeof $ref !== 'string') return found as JsonSchema
    found = $ref === '#' ? root : at(root, $ref)
    if (found === undefined) return { 'unresolved $ref': $ref }
  }
  return { 'unresolved $ref': schema.$ref }
}

function at(root: JsonSchema, ref: string): unknown {
  const keys = ref.replace(/^#\//, '').split('/')
  return keys.reduce<unknown>((found, key) => (found as JsonSchema | undefined)?.[key], root)
}

function isNote(key: string): boolean {
  return NOTES.has(key) || key.startsWith('x-')
}

function isAny(schema: JsonSchema): boolean {
  return Object.keys(schema).every(isNote)
}

function isNever({ not }: JsonSchema): boolean {
  return not !== undefined && (not === true || isAny(not as JsonSchema))
}

/** Each way to fit on its own, with what stands beside them; `undefined` when there is one way only. */
function branches(schema: JsonSchema): readonly JsonSchema[] | undefined {
  const { anyOf, oneOf, type, ...rest } = schema
  const among = anyOf ?? oneOf
  if (Array.isArray(among)) {
    if (anyOf !== undefined && oneOf !== undefined) return undefined
    const beside = type === undefined ? rest : { ...rest, type }
    return isAny(beside) ? among : among.map((branch) => ({ allOf: [branch, beside] }))
  }
  if (!Array.isArray(type)) return undefined
  return type.map((one) => ({ ...rest, type: one }))
}

function allOf({ allOf, ...beside }: JsonSchema): readonly JsonSchema[] {
  const parts = allOf as readonly JsonSchema[]
  return isAny(beside) ? parts : [...parts, beside]
}

interface Place {
  readonly path: string
  readonly walk: Walk
}

/**
 * A writer that keeps to all parts. Objects are taken together, because a field that one part does not tell another may;
 * of other values it is enough that one part fits.
 */
function compareAll(parts: readonly JsonSchema[], reader: JsonSchema, { path, walk }: Place): readonly Misfit[] {
  const found = parts.map((part) => resolved(part, walk.roots.writer))
  if (found.some((part) => same(part, reader))) return []
  const together = merged(found)
  if (together) return compare({ writer: together, reader }, path, walk)
  if (found.every((part) => FLAT.has(String(part.type))))
    return closest(found.map((part) => compare({ writer: part, reader }, path, walk)))
  return [narrower(path, 'what cannot be compared with an intersection')]
}

const FLAT: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'null'])
const OF_OBJECTS: ReadonlySet<string> = new Set(['type', 'properties', 'required'])

/** One object out of several; `undefined` where that would need more than their fields. */
function merged(parts: readonly JsonSchema[]): JsonSchema | undefined {
  const plain = parts.filter((part) => !isAny(part))
  const isPlain = (part: JsonSchema) => Object.keys(part).every((key) => OF_OBJECTS.has(key) || isNote(key))
  if (!plain.every((part) => part.type === 'object' && isPlain(part))) return undefined
  const properties: Record<string, JsonSchema> = {}
  for (const part of plain)
    for (const [name, own] of Object.entries((part.properties ?? {}) as Properties))
      properties[name] = properties[name] ? { allOf: [properties[name], own] } : own
  return { type: 'object', properties, required: plain.flatMap(({ required = [] }) => required as string[]) }
}

/** None when one of the ways fits; else what is wrong with the one that is least wrong. */
function closest(ways: readonly (readonly Misfit[])[]): readonly Misfit[] {
  return ways.reduce((best, way) => (way.length < best.length ? way : best))
}

function narrower(path: string, why: string): Misfit {
  return { path, kind: 'narrower', why }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The values that a schema lists; `undefined` when it lists none. */
function listed(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const]
  return Array.isArray(schema.enum) ? schema.enum : undefined
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function isType(given: unknown, wanted: unknown): boolean {
  return wanted === undefined || given === wanted || (given === 'integer' && wanted === 'number')
}

function values({ writer, reader }: Sides, path: string): readonly Misfit[] {
  const written = listed(writer)
  const read = listed(reader)
  const type = typeof reader.type === 'string' ? reader.type : undefined
  if (read) {
    if (!written) return [narrower(path, `only ${read.map((value) => JSON.stringify(value)).join(', ')}`)]
    const others = written.filter((value) => !read.some((known) => same(known, value)))
    return others.map((value) => narrower(path, `no ${JSON.stringify(value)}`))
  }
  if (written) {
    // Lists hold texts and figures; what holds parts is not looked into.
    const others = written.filter(
      (value) => !isType(typeOf(value), type) || (typeof value === 'object' && value !== null),
    )
    return others.map((value) => narrower(path, `${type ?? 'any'}, not ${JSON.stringify(value)}`))
  }
  return isType(writer.type, type) ? [] : [narrower(path, `${type}, not ${writer.type ?? 'anything'}`)]
}

type Bound = readonly [name: string, tighter: (reader: number, writer: number) => boolean]
const atLeast: Bound[1] = (reader, writer) => reader > writer
const atMost: Bound[1] = (reader, writer) => reader < writer
const BOUNDS: Readonly<Record<string, Bound[1]>> = {
  minLength: atLeast,
  minItems: atLeast,
  minProperties: atLeast,
  maxLength: atMost,
  maxItems: atMost,
  maxProperties: atMost,
}
const RANGE: ReadonlySet<string> = new Set(['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'])
const VALUES: ReadonlySet<string> = new Set(['type', 'enum', 'const'])
const PARTS: ReadonlySet<string> = new Set([
  'properties',
  'required',
  'additionalProperties',
  'items',
  'prefixItems',
  'additionalItems',
])
const OF_TYPE: Readonly<Record<string, string>> = {
  minLength: 'string',
  maxLength: 'string',
  pattern: 'string',
  format: 'string',
  contentEncoding: 'string',
  minItems: 'array',
  maxItems: 'array',
  uniqueItems: 'array',
  contains: 'array',
  minProperties: 'object',
  maxProperties: 'object',
  propertyNames: 'object',
}

function keywords({ writer, reader }: Sides, path: string, walk: Walk): readonly Misfit[] {
  const found: Misfit[] = [...range({ writer, reader }, path)]
  for (const [name, wanted] of Object.entries(reader)) {
    if (isNote(name) || RANGE.has(name) || PARTS.has(name) || VALUES.has(name)) continue
    const given = writer[name]
    const concerns = OF_TYPE[name]
    if (concerns !== undefined && typeof writer.type === 'string' && writer.type !== concerns) continue
    const isBound = BOUNDS[name]
    if (isBound && typeof wanted === 'number') {
      const loosest = isBound === atLeast ? 0 : Number.POSITIVE_INFINITY
      if (isBound(wanted, typeof given === 'number' ? given : loosest)) found.push(narrower(path, `${name} ${wanted}`))
    } else if (asksNothing(name, wanted)) continue
    else if (!same(given, wanted)) found.push(narrower(path, `${name} ${JSON.stringify(wanted)}`))
  }
  return [...found, ...arrays({ writer, reader }, path, walk), ...objects({ writer, reader }, path, walk)]
}

/** What JSON is in any case. */
function asksNothing(name: string, wanted: unknown): boolean {
  return (name === 'uniqueItems' && wanted === false) || (name === 'propertyNames' && same(wanted, { type: 'string' }))
}

interface Edge {
  readonly at: number
  /** Whether the edge itself is outside. */
  readonly open: boolean
}

function edge(schema: JsonSchema, side: 'minimum' | 'maximum'): Edge {
  const sign = side === 'minimum' ? 1 : -1
  const open = schema[side === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum']
  const closed = schema[side]
  const edges: Edge[] = []
  if (typeof closed === 'number') edges.push({ at: closed, open: false })
  if (typeof open === 'number') edges.push({ at: open, open: true })
  edges.sort((a, b) => sign * (b.at - a.at) || Number(b.open) - Number(a.open))
  return edges[0] ?? { at: -sign * Number.POSITIVE_INFINITY, open: false }
}

function range({ writer, reader }: Sides, path: string): readonly Misfit[] {
  const numeric = writer.type === undefined || writer.type === 'number' || writer.type === 'integer'
  if (!numeric || listed(writer)) return listed(writer) ? listedInRange(writer, reader, path) : []
  return (['minimum', 'maximum'] as const).flatMap((side) => {
    const [given, wanted] = [edge(writer, side), edge(reader, side)]
    const sign = side === 'minimum' ? 1 : -1
    const tighter = sign * (wanted.at - given.at) > 0 || (wanted.at === given.at && wanted.open && !given.open)
    return tighter ? [narrower(path, `${side} ${wanted.at}${wanted.open ? ', without it' : ''}`)] : []
  })
}

function listedInRange(writer: JsonSchema, reader: JsonSchema, path: string): readonly Misfit[] {
  const [min, max] = [edge(reader, 'minimum'), edge(reader, 'maximum')]
  const isOut = (value: unknown) =>
    typeof value === 'number' &&
    (value < min.at || value > max.at || (value === min.at && min.open) || (value === max.at && max.open))
  return (listed(writer) ?? []).filter(isOut).map((value) => narrower(path, `no ${value}`))
}

function schemaAt(value: unknown): JsonSchema {
  if (value === undefined || value === true) return {}
  return value === false ? { not: {} } : (value as JsonSchema)
}

/** What an array holds at each place, and past the last of those. Draft 7 calls the first `items`, too. */
function places(schema: JsonSchema): { readonly first: readonly unknown[]; readonly rest: unknown } {
  if (Array.isArray(schema.items)) return { first: schema.items, rest: schema.additionalItems }
  return { first: Array.isArray(schema.prefixItems) ? schema.prefixItems : [], rest: schema.items }
}

function arrays({ writer, reader }: Sides, path: string, walk: Walk): readonly Misfit[] {
  if ((writer.type !== undefined && writer.type !== 'array') || listed(writer)) return []
  const [given, wanted] = [places(writer), places(reader)]
  const found = wanted.first.flatMap((place, n) =>
    compare({ writer: schemaAt(given.first[n] ?? given.rest), reader: schemaAt(place) }, `${path}[${n}]`, walk),
  )
  const past = given.first.slice(wanted.first.length)
  const others = [...past, given.rest].flatMap((place) =>
    compare({ writer: schemaAt(place), reader: schemaAt(wanted.rest) }, `${path}[]`, walk),
  )
  return [...found, ...others]
}

type Properties = Readonly<Record<string, JsonSchema>>

function objects({ writer, reader }: Sides, path: string, walk: Walk): readonly Misfit[] {
  if ((writer.type !== undefined && writer.type !== 'object') || listed(writer)) return []
  const given = (writer.properties ?? {}) as Properties
  const wanted = (reader.properties ?? {}) as Properties
  const always = new Set(writer.required as readonly string[] | undefined)
  const at = (name: string) => (path === '' ? name : `${path}.${name}`)
  const missing = ((reader.required ?? []) as readonly string[])
    .filter((name) => !always.has(name))
    .map((name): Misfit => ({ path: at(name), kind: 'missing', why: 'it is required' }))
  const both = Object.keys(given).flatMap((name) => {
    const own = wanted[name]
    if (own !== undefined) return compare({ writer: schemaAt(given[name]), reader: schemaAt(own) }, at(name), walk)
    if (reader.additionalProperties === false)
      return [{ path: at(name), kind: 'unknown' as const, why: 'no such field is taken' }]
    return compare({ writer: schemaAt(given[name]), reader: schemaAt(reader.additionalProperties) }, at(name), walk)
  })
  return [...missing, ...both, ...others({ writer, reader }, at('*'), walk)]
}

/** Fields without a name of their own: of records, and of objects that are open. */
function others({ writer, reader }: Sides, path: string, walk: Walk): readonly Misfit[] {
  const given = schemaAt(writer.additionalProperties)
  if (isNever(given)) return []
  const named = isAny(given) ? [] : Object.values((reader.properties ?? {}) as Properties)
  const rest = schemaAt(reader.additionalProperties)
  return [rest, ...named].flatMap((wanted) => compare({ writer: given, reader: schemaAt(wanted) }, path, walk))
}
