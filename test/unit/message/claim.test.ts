import { describe, expect, test } from 'vitest'
import {
  CLAIM_HEADER,
  type Claim,
  claimOf,
  claimRecord,
  claimText,
  isLarger,
  isPayloadId,
  jsonLimitsFor,
  logBytes,
  PAYLOAD_BYTES_MAX,
  redeemed,
  valueBytesMaxFor,
} from '../../../shared/message/claim.ts'
import { JSON_LIMITS, parseJson } from '../../../shared/message/json.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { bytesOf, delivered } from '../../support/wire.ts'

const HEX = '0123456789abcdef'.repeat(4)
const CLAIM: Claim = { id: HEX as Claim['id'], bytes: 5_000_000 }
const RULE = { valueBytesMax: 262_144, payloadBytesMax: PAYLOAD_BYTES_MAX }

function record(value: NewRecord['value'], headers: NewRecord['headers'] = [['ce_type', 't']]): NewRecord {
  return { key: 'k', value, headers }
}

function carrying(text: string, header: string | undefined = text) {
  return delivered(record(text, header === undefined ? [] : [[CLAIM_HEADER, header]]))
}

describe('a claim', () => {
  test('is the same text in the value and in the header, and is read back', () => {
    const written = claimRecord(record('{"a":1}'), CLAIM)
    expect(written.value).toBe(`sha256:${HEX};5000000`)
    expect(written.headers).toEqual([
      ['ce_type', 't'],
      [CLAIM_HEADER, written.value],
    ])
    expect(claimOf(delivered(written))).toEqual(CLAIM)
  })

  test('is gone once its payload is back', () => {
    const back = redeemed(delivered(claimRecord(record('{"a":1}'), CLAIM)), bytesOf('{"a":1}'))
    expect(back).toEqual(delivered(record('{"a":1}')))
  })

  test('is said once, whatever the record said before', () => {
    const written = claimRecord(record('x', [[CLAIM_HEADER, 'y']]), CLAIM)
    expect(written.headers).toEqual([[CLAIM_HEADER, claimText(CLAIM)]])
  })

  test('is never read as JSON', () => {
    expect(parseJson(bytesOf(claimText(CLAIM)))).toMatchObject({ kind: 'refused', fault: 'not-json' })
  })

  test.each([
    ['another hash', `sha512:${HEX};5`],
    ['a short id', `sha256:${HEX.slice(1)};5`],
    ['a long id', `sha256:${HEX}0;5`],
    ['capitals', `sha256:${HEX.toUpperCase()};5`],
    ['a path', `sha256:../../../${HEX.slice(9)};5`],
    ['no size', `sha256:${HEX};`],
    ['a size of nothing', `sha256:${HEX};0`],
    ['a signed size', `sha256:${HEX};-5`],
    ['a huge size', `sha256:${HEX};1234567890`],
    ['more behind it', `sha256:${HEX};5\n`],
  ])('is not what has %s', (_what, text) => {
    expect(claimOf(carrying(text))).toBeUndefined()
  })

  test('needs the header and the value to agree', () => {
    const text = claimText(CLAIM)
    expect(claimOf(carrying(text, `${text}1`))).toBeUndefined()
    expect(claimOf(delivered(record(text, [])))).toBeUndefined()
    expect(claimOf(delivered(record('{"a":1}', [[CLAIM_HEADER, text]])))).toBeUndefined()
    expect(claimOf(delivered(record(null, [[CLAIM_HEADER, text]])))).toBeUndefined()
  })

  test('has an id that is safe as a name', () => {
    expect(isPayloadId(HEX)).toBe(true)
    for (const other of ['', '..', `${HEX}/`, HEX.toUpperCase(), `${HEX}\n`]) expect(isPayloadId(other)).toBe(false)
  })
})

describe('sizes', () => {
  test('are those of UTF-8', () => {
    expect(isLarger(record('ä'.repeat(50)), 99)).toBe(true)
    expect(isLarger(record('ä'.repeat(50)), 100)).toBe(false)
    expect(isLarger(record('a'.repeat(100)), 100)).toBe(false)
    expect(isLarger(record(new Uint8Array(101)), 100)).toBe(true)
    expect(isLarger(record(null), 0)).toBe(false)
  })

  test('a record whose value is kept aside counts as its claim, and never as less than it takes', () => {
    const large = record('x'.repeat(300_000))
    const counted = logBytes([large], RULE.valueBytesMax)
    expect(counted).toBeLessThan(500)
    expect(counted).toBeGreaterThanOrEqual(logBytes([claimRecord(large, CLAIM)], RULE.valueBytesMax))
    expect(logBytes([large], Number.POSITIVE_INFINITY)).toBeGreaterThan(300_000)
  })

  test('many values that are not quite large are kept aside where their batch would not fit', () => {
    const many = Array.from({ length: 10 }, () => record('x'.repeat(200_000)))
    expect(valueBytesMaxFor(many.slice(0, 4), RULE, 950_000)).toBe(RULE.valueBytesMax)
    const bytesMax = valueBytesMaxFor(many, RULE, 950_000)
    expect(bytesMax).toBe(RULE.valueBytesMax / 4)
    expect(logBytes(many, bytesMax)).toBeLessThan(950_000)
  })

  test('the search for a size that fits ends also where none does', () => {
    const many = Array.from({ length: 2_000 }, () => record('x'.repeat(1_000)))
    expect(valueBytesMaxFor(many, RULE, 950_000)).toBe(4_096)
  })
})

test('what JSON may have is as ever without a store, and more with one', () => {
  expect(jsonLimitsFor(undefined)).toEqual({ ...JSON_LIMITS, hint: expect.stringContaining('KASAGA_PAYLOADS') })
  expect(jsonLimitsFor(RULE)).toMatchObject({ bytesMax: PAYLOAD_BYTES_MAX - 65_536, depthMax: JSON_LIMITS.depthMax })
})
