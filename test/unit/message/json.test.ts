import { describe, expect, it } from 'vitest'
import { canonicalJson, frozenJson, JSON_LIMITS, parseJson, parseJsonText } from '../../../shared/message/json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('the decoder', () => {
  it.each([
    'null',
    'true',
    '0',
    '-1',
    '9007199254740991',
    '-9007199254740991',
    '1.5e10',
    '0.1234567890123456789',
    '"a"',
    '[]',
    '{"a":{"b":[1]}}',
    ' {} ',
  ])('takes %s as JSON.parse does', (text) =>
    expect(parseJsonText(text)).toEqual({ kind: 'ok', value: JSON.parse(text) }),
  )

  it.each([
    ['nesting', '['.repeat(5_000) + ']'.repeat(5_000), 'too-deep'],
    ['nesting of objects', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, 'too-deep'],
    ['nesting that never closes', '['.repeat(100_000), 'too-deep'],
    ['__proto__', '{"__proto__":{"x":1}}', 'forbidden-key'],
    ['__proto__ inside', '{"a":[{"__proto__":1}]}', 'forbidden-key'],
    ['__proto__ in escapes', '{"\\u005f\\u005fproto\\u005f\\u005f":1}', 'forbidden-key'],
    ['__proto__ in escapes of letters', '{"__pr\\u006Fto__":1}', 'forbidden-key'],
    ['constructor', '{"constructor":{"prototype":1}}', 'forbidden-key'],
    ['prototype', '{"proto\\u0074ype":1}', 'forbidden-key'],
    ['an integer past 2^53', '{"n":9007199254740993}', 'unsafe-integer'],
    ['a negative one', '[-9007199254740992]', 'unsafe-integer'],
    ['a very long one', '1'.repeat(400), 'unsafe-integer'],
    ['a number past any double', '[1e999]', 'unsafe-integer'],
    ['a negative one past any double', '[-1E+999]', 'unsafe-integer'],
    ['nothing', '', 'not-json'],
    ['half', '{"a":', 'not-json'],
    ['a string that does not end', '{"a":"\\', 'not-json'],
    ['closing what is not open', ']]]]', 'not-json'],
    ['two values', '1 2', 'not-json'],
    ['what only JavaScript has', '{a:1}', 'not-json'],
    ['no number', '[NaN]', 'not-json'],
  ])('refuses %s', (_, text, fault) => expect(parseJsonText(text)).toMatchObject({ kind: 'refused', fault }))

  it('does not take what is inside a string for structure', () => {
    const text = JSON.stringify({ a: '[[[[{{{{::::'.repeat(1_000), b: '__proto__ 99999999999999999999 \\" {' })
    expect(parseJsonText(text)).toEqual({ kind: 'ok', value: JSON.parse(text) })
  })

  it('counts keys, and stops at the limit', () => {
    const object = (keys: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, i])))
    expect(parseJsonText(object(JSON_LIMITS.keysMax)).kind).toBe('ok')
    expect(parseJsonText(object(JSON_LIMITS.keysMax + 1))).toMatchObject({ fault: 'too-many-keys' })
  })

  it('stops at the limit of nesting', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(parseJsonText(nested(JSON_LIMITS.depthMax)).kind).toBe('ok')
    expect(parseJsonText(nested(JSON_LIMITS.depthMax + 1))).toMatchObject({ fault: 'too-deep' })
  })

  it('takes UTF-8 and refuses other bytes, no bytes and too many', () => {
    expect(parseJson(bytes('"ü"'))).toEqual({ kind: 'ok', value: 'ü' })
    expect(parseJson(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ fault: 'not-utf8' })
    expect(parseJson(null)).toMatchObject({ fault: 'not-json' })
    expect(parseJson(bytes(`"${'a'.repeat(JSON_LIMITS.bytesMax)}"`))).toMatchObject({ fault: 'too-large' })
    expect(parseJsonText('"aaaa"', { ...JSON_LIMITS, bytesMax: 5 })).toMatchObject({ fault: 'too-large' })
  })

  it('leaves no object with another prototype', () => {
    const parsed = parseJsonText('{"a":1}')
    expect(Object.getPrototypeOf(parsed.kind === 'ok' ? parsed.value : undefined)).toBe(Object.prototype)
  })
})

describe('the canonical text', () => {
  it('is the same whatever the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}')
    expect(canonicalJson({ a: true, b: [1, { c: 'x', d: null }] })).toBe(
      canonicalJson({ b: [1, { d: null, c: 'x' }], a: true }),
    )
  })
  it('differs where values do', () => expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] })))
})

describe('a frozen value', () => {
  it('cannot be written to at any depth', () => {
    const value = frozenJson({ a: [{ b: 1 }] }) as { a: { b: number }[] }
    expect(() => value.a.push({ b: 2 })).toThrow(TypeError)
    expect(() => Object.assign(value.a[0] ?? {}, { b: 2 })).toThrow(TypeError)
  })
})
