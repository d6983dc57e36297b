import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorPattern } from '../../../shared/message/error-pattern.ts'

test.each([
  ['no saga order-17 is remembered here', 'no saga order-# is remembered here'],
  ['payment.charge.v2 is no command', 'payment.charge.v# is no command'],
  ['took 12.5 s, 3 times', 'took # s, # times'],
  ['of 3F2504E0-4F89-11D3-9A0C-0305E82C3301', 'of #'],
  ['of 01ARZ3NDEKTSV4RRFFQ69G5FAV and 9f86d081884c7d65', 'of # and #'],
  ['a defaced facade', 'a defaced facade'],
  ['[\n  { "path": ["lines", 0] }\n]', '[ { "path": ["lines", #] } ]'],
])('%j reads %j', (text, pattern) => {
  expect(errorPattern(text)).toBe(pattern)
})

test('a record is not told by its own ids, and words that hold them stay', () => {
  expect(errorPattern('saga pear is no pearl; pear', ['pear'])).toBe('saga # is no pearl; #')
  expect(errorPattern('a saga', ['a'])).toBe('a saga')
})

test('texts that differ in figures alone read alike, and are never long', () => {
  const words = fc.array(fc.constantFrom('the', 'step', 'saga', 'of', 'is'), { maxLength: 400 })
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(), (around, one, other) => {
      const text = (figure: number) => [...around, String(figure), 'late'].join(' ')
      expect(errorPattern(text(one))).toBe(errorPattern(text(other)))
      expect(errorPattern(text(one)).length).toBeLessThanOrEqual(200)
    }),
  )
})
