/** JSON as nobody should write it: values that do not fit, and texts that are broken. */
import type { Dice } from './dice.ts'

const WORDS = [
  '',
  'a',
  'constructor',
  'null',
  'true',
  '0',
  '-1',
  '\u0000',
  '\ud800',
  '\u202e',
  'ß',
  '😀',
  'a b',
  '../..',
  "'--",
]
const NUMBERS = [0, -0, -1, 1, 0.5, 1e-9, 9_007_199_254_740_991, 1e30, -1e308, 65_536]

/** Any value at all, small. */
export function anyJson(dice: Dice, depth = 3): unknown {
  const kind = dice.below(depth > 0 ? 7 : 5)
  if (kind === 0) return null
  if (kind === 1) return dice.chance(0.5)
  if (kind === 2) return dice.pick(NUMBERS)
  if (kind <= 4) return dice.pick(WORDS)
  const many = Array.from({ length: dice.below(4) }, () => anyJson(dice, depth - 1))
  return kind === 5
    ? many
    : Object.fromEntries(many.map((value, i) => [`${dice.pick(['k', 'é', 'id', ''])}${i}`, value]))
}

/** Another value in place of this one. */
export function oddValue(dice: Dice, value: unknown): unknown {
  if (typeof value === 'string' && dice.chance(0.5))
    return dice.pick([
      `${value} `,
      `${value}\u0000`,
      value.repeat(300),
      '',
      ` ${value}`,
      `${value}\ud800`,
      value.slice(1),
    ])
  if (typeof value === 'number' && dice.chance(0.5)) return dice.pick([-value, value / 2, String(value), 1e15, 0])
  return anyJson(dice)
}

type Place = readonly (string | number)[]

/** Where something stands in a value. */
function placesIn(value: unknown, here: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [here]
  const inside = Object.entries(value).flatMap(([key, item]) =>
    placesIn(item, [...here, Array.isArray(value) ? Number(key) : key]),
  )
  return [here, ...inside]
}

/** A copy with one thing changed: another value, a field left out, an unknown one, one too many. */
export function changedJson(dice: Dice, value: unknown): unknown {
  const copy = structuredClone(value)
  const place = dice.pick(placesIn(copy))
  const last = place.at(-1)
  let around: Record<string | number, unknown> | undefined
  let at: unknown = copy
  for (const key of place) {
    around = at as Record<string | number, unknown>
    at = around[key]
  }
  if (around === undefined || last === undefined) return changedRoot(dice, copy)
  if (dice.chance(0.3)) Array.isArray(around) ? around.splice(Number(last), 1) : delete around[last]
  else around[last] = oddValue(dice, at)
  return copy
}

function changedRoot(dice: Dice, root: unknown): unknown {
  if (typeof root !== 'object' || root === null || dice.chance(0.4)) return oddValue(dice, root)
  if (Array.isArray(root)) return [...root, anyJson(dice)]
  return { ...root, [dice.pick(['x', 'urgency', 'ID', 'constructors', ' '])]: anyJson(dice) }
}

/** What the decoder says of a broken text. */
export type TextFault = 'not-json' | 'not-utf8' | 'too-deep' | 'forbidden-key' | 'unsafe-integer'

export interface BrokenText {
  readonly bytes: Buffer
  readonly fault: TextFault
}

const DEEP = 70

/** The text of a value, broken in one way that has one name. */
export function brokenText(dice: Dice, text: string): BrokenText {
  const of = (fault: TextFault, broken: string | Buffer): BrokenText => ({ bytes: Buffer.from(broken), fault })
  switch (dice.below(8)) {
    case 0:
      return of('not-json', `${text}${dice.pick([']', ' x', '{}', '\u0000', ','])}`)
    case 1:
      // The whole is an object here, so that its beginning is none.
      return of('not-json', `{"a":${text}`.slice(0, 1 + dice.below(text.length + 4)))
    case 2:
      return of(
        'not-json',
        dice.pick(['', ' ', 'undefined', 'NaN', "{'a':1}", '{a:1}', '[1,]', '01', '+1', '"\n"', '<a/>']),
      )
    case 3:
      return of(
        'not-utf8',
        Buffer.concat([
          Buffer.from('["'),
          dice.pick([Buffer.from([0xff]), Buffer.from([0xc3, 0x28]), Buffer.from([0xed, 0xa0, 0x80])]),
          Buffer.from('"]'),
        ]),
      )
    case 4:
      return of('too-deep', `${'['.repeat(DEEP + dice.below(3_000))}${text}`)
    case 5:
      return of(
        'forbidden-key',
        `{"a":${text},"${dice.pick(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])}":1}`,
      )
    case 6:
      return of(
        'unsafe-integer',
        `[${text},${dice.pick(['9007199254740993', '-9007199254740993', '1e999', '123456789012345678901234567890'])}]`,
      )
    default:
      return of('not-json', `${dice.pick(['\ufeff', '//', '{'])}${text}}`)
  }
}
