/** Values that a JSON Schema takes, as far as the API's own schemas go. */
import type { Schema } from './api-operations.ts'
import type { Dice } from './dice.ts'
import { anyJson } from './odd-json.ts'

/** Texts by the name of the field that they are for. None names what the good orders live on. */
export interface Names {
  readonly [field: string]: readonly string[]
}

const TEXTS = [
  '2026-01-31T10:00:00Z',
  'x',
  'Order-7',
  'a.b:c_d',
  '0',
  '7',
  '42',
  '0:3',
  '1:999999',
  '12~victim-1',
  '12~victim-1~forward~charge',
  '0-7',
  '1-99',
  'off',
  'on it',
  'charge',
  'parcels[3].label',
  'eu-4711',
  '3f9ac1d20b7e',
  'bulk-7',
  '2026-01-31T10:00:00Z',
  '1700000000000:3:victim-1',
]

/** A value that the schema takes. */
export function valueFor(schema: Schema, dice: Dice, names: Names, field = ''): unknown {
  if (schema.enum) return dice.pick(schema.enum)
  if (schema.oneOf) return valueFor(dice.pick(schema.oneOf), dice, names, field)
  if (schema.anyOf) return valueFor(dice.pick(schema.anyOf), dice, names, field)
  switch (schema.type) {
    case undefined:
      return anyJson(dice)
    case 'string':
      return textFor(schema, dice, names[field] ?? TEXTS)
    case 'boolean':
      return dice.chance(0.5)
    case 'integer':
    case 'number':
      return numberFor(schema, dice)
    case 'array':
      return Array.from(
        { length: Math.max(schema.minItems ?? 0, dice.below(1 + Math.min(3, schema.maxItems ?? 3))) },
        () => valueFor(schema.items ?? {}, dice, names, field),
      )
    case 'object':
      return objectFor(schema, dice, names)
    default:
      throw new TypeError(`no value is known for the type ${schema.type}`)
  }
}

function objectFor({ properties = {}, required = [] }: Schema, dice: Dice, names: Names): Record<string, unknown> {
  const wanted = Object.entries(properties).filter(([name]) => required.includes(name) || dice.chance(0.5))
  return Object.fromEntries(wanted.map(([name, schema]) => [name, valueFor(schema, dice, names, name)]))
}

function numberFor({ minimum, exclusiveMinimum = 0, maximum = 1_000, type }: Schema, dice: Dice): number {
  const least = minimum ?? exclusiveMinimum + (type === 'integer' ? 1 : 0.25)
  return dice.pick([least, Math.min(maximum, 1), Math.min(maximum, 5), maximum].filter((one) => one >= least))
}

/** @throws TypeError where no text is known that fits: whoever adds such a field adds one. */
function textFor({ pattern, minLength = 0, maxLength = 1_000 }: Schema, dice: Dice, pool: readonly string[]): string {
  const form = pattern === undefined ? /^/ : new RegExp(pattern)
  const fits = (text: string) => form.test(text) && text.length >= minLength && text.length <= maxLength
  const own = pool.filter(fits)
  const fitting = own.length > 0 ? own : TEXTS.filter(fits)
  if (fitting.length === 0) throw new TypeError(`no text is known that fits ${pattern}`)
  return dice.pick(fitting)
}
