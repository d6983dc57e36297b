/** The saga id of a business key: one id a key, the same in every language. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSagaId, sagaIdOfKey } from '../../../shared/message/ids.ts'

test.each([
  ['fulfil-order', 'order-4711', 'fulfil-order:order-4711'],
  ['fulfil-order', 'eu:4711', 'fulfil-order:eu:4711'],
  ['a:b', 'c', 'a_3ab:c'],
  ['a', 'b:c', 'a:b:c'],
  ['x', 'a_b', 'x:a_5fb'],
  ['x', 'a/b c', 'x:a_2fb_20c'],
  ['x', 'Zoë', 'x:Zo_c3_ab'],
  ['x', '😀', 'x:_f0_9f_98_80'],
])('%s and %s give %s', (type, key, id) => expect(sagaIdOfKey(type, key)).toBe(id))

/** Characters that an escape could be mixed up with, and any others. */
const text = fc.string({
  unit: fc.constantFrom('a', '_', ':', '5', 'f', '3', '/', 'ë', '😀'),
  minLength: 1,
  maxLength: 6,
})

test('two keys never have one id', () => {
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(text, text, (type, key) => {
      const id = sagaIdOfKey(type, key)
      const pair = JSON.stringify([type, key])
      expect(isSagaId(id)).toBe(true)
      expect(seen.get(id) ?? pair).toBe(pair)
      seen.set(id, pair)
    }),
    { numRuns: 5_000 },
  )
})

test('what makes no id says why', () => {
  expect(() => sagaIdOfKey('', 'x')).toThrow('not empty')
  expect(() => sagaIdOfKey('x', '')).toThrow('not empty')
  expect(() => sagaIdOfKey('x', '\ud800')).toThrow('well-formed')
  expect(sagaIdOfKey('x', 'y'.repeat(198))).toHaveLength(200)
  expect(() => sagaIdOfKey('x', 'y'.repeat(199))).toThrow('201 characters')
  expect(() => sagaIdOfKey('x', 'ë'.repeat(40))).toThrow('242 characters')
})
