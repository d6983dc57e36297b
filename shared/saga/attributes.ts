/** What a saga can be found by: declared with its definition, taken from the input when the saga starts, or from a step when it is done. */
import type { Attributes, AttributeValue } from '../message/events.ts'
import { isName } from './check-names.ts'
import type { Context, Mapping } from './definition.ts'

export interface AttributeSpec {
  readonly type: AttributeType
  /** The step of the saga's own plan that it is taken from, when that is done; absent: from the input. */
  readonly of?: string
  /** Sees the input, and of a step also what the steps so far gave. Gives undefined or null where the saga has none. */
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

/**
 * What a saga can be found by from now on: what is taken of that step, or without one of the input. Nothing stops a saga
 * for what it could be found by.
 */
export function attributesOf(specs: AttributeSpecs, seen: Context, step?: string): TakenAttributes {
  const values: Record<string, AttributeValue> = {}
  const missed: string[] = []
  for (const [name, { type, of, from }] of Object.entries(specs)) {
    if (of !== step) continue
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
