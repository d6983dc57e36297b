/** What a saga can be found by: declared with its definition, taken from the input when the saga starts. */
import type { Attributes, AttributeValue } from '../message/events.ts'
import { frozenJson, type Json } from '../message/json.ts'
import { isName } from './check-names.ts'
import type { Mapping } from './definition.ts'

export interface AttributeSpec {
  readonly type: AttributeType
  /** Sees the input. Gives undefined or null where the saga has none. */
  readonly from: Mapping
}

export type AttributeType = 'text' | 'number' | 'boolean'
export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>

export const ATTRIBUTES_MAX = 16
export const ATTRIBUTE_CHARS_MAX = 256

/** What is wrong with a declaration; nothing when it can be used. */
export function attributeFaults(names: readonly string[]): string[] {
  const faults = names
    .filter((name) => !isName(name))
    .map((name) => `not a name of an attribute: ${JSON.stringify(name)}; letters, digits and -, a small letter first`)
  return names.length > ATTRIBUTES_MAX ? [...faults, `more than ${ATTRIBUTES_MAX} attributes`] : faults
}

export interface TakenAttributes {
  readonly values: Attributes
  /** Those whose mapping threw, or gave what the attribute cannot be: the saga goes on without them. */
  readonly missed: readonly string[]
}

/** The attributes of a saga with that input. Nothing stops a saga for what it could be found by. */
export function attributesOf(specs: AttributeSpecs, input: Json): TakenAttributes {
  const values: Record<string, AttributeValue> = {}
  const missed: string[] = []
  const seen = { input: frozenJson(input) }
  for (const [name, { type, from }] of Object.entries(specs)) {
    const value = taken(() => from(seen))
    if (isAttribute(type, value)) values[name] = value
    else if (value !== undefined && value !== null) missed.push(name)
  }
  return { values, missed }
}

/** What no attribute can be, for a mapping that threw. */
const THREW = Symbol('threw')

function taken(run: () => unknown): unknown {
  try {
    return run()
  } catch {
    return THREW
  }
}

function isAttribute(type: AttributeType, value: unknown): value is AttributeValue {
  switch (type) {
    case 'text':
      return typeof value === 'string' && value.length <= ATTRIBUTE_CHARS_MAX
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return typeof value === 'boolean'
  }
}
