import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from '../../../shared/message/murmur2.ts'

/** Of Kafka's own tests, in org.apache.kafka.common.utils. */
const KNOWN: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

describe('murmur2', () => {
  it.each(KNOWN)('of %s is what Kafka’s Java client says', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash)
  })
  it('gives a partition that is never negative, of text and of its bytes alike', () => {
    for (const [text, hash] of KNOWN) {
      expect(partitionOf(text, 12)).toBe((hash & 0x7fffffff) % 12)
      expect(partitionOf(new TextEncoder().encode(text), 12)).toBe(partitionOf(text, 12))
    }
    expect(partitionOf('', 12)).toBeGreaterThanOrEqual(0)
  })
  it('takes text as UTF-8', () =>
    expect(partitionOf('ü', 1_000_003)).toBe(partitionOf(new Uint8Array([0xc3, 0xbc]), 1_000_003)))
})
