import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadLetterRecord, withoutValue } from '../../../shared/message/dead-letter.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import {
  letterOf,
  noteOf,
  noteRecord,
  placeFrom,
  placeText,
  redriveRecord,
  takesRedrives,
} from '../../../shared/message/redrive.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'

const WHY = { reason: 'not-json', message: 'no JSON', group: 'g', service: 's', at: 0 }
const bytes = (text: string | Uint8Array) => (typeof text === 'string' ? new TextEncoder().encode(text) : text)

function stored(record: NewRecord, topic: string, offset: bigint): LogRecord {
  const { key, value, headers } = record
  return {
    ...{ topic, partition: 0, offset, timestamp: 0 },
    key: key === null ? null : bytes(key),
    value: value === null ? null : bytes(value),
    headers: headers.map(([name, text]) => [name, bytes(text)]),
  }
}

const anyBytes = fc.option(fc.uint8Array({ maxLength: 8 }))
const anyRecord = fc.record({
  key: anyBytes,
  value: anyBytes,
  headers: fc.array(fc.tuple(fc.constantFrom('ce_id', 'own', 'own'), fc.uint8Array({ maxLength: 4 }))),
})
const isOurs = ([name]: readonly [string, unknown]) => name.startsWith('dlq-')

test('a record that fails and is put back, however often, is the record that came, and counts it', () => {
  fc.assert(
    fc.property(anyRecord, fc.integer({ min: 1, max: 4 }), (came, times) => {
      let record = stored(came, 'k.commands', 0n)
      for (let n = 1n; n <= BigInt(times); n++) {
        const dead = stored(deadLetterRecord(record, WHY), 'k.dead-letters', n)
        expect(letterOf(dead)).toMatchObject({
          redrives: Number(n) - 1,
          origin: { topic: 'k.commands', offset: n - 1n },
        })
        record = stored(redriveRecord(dead, { actor: 'ann' }), 'k.commands', n)
      }
      expect(record).toMatchObject({ key: came.key, value: came.value })
      expect(record.headers.filter((header) => !isOurs(header))).toEqual(came.headers)
      const said = record.headers.filter(isOurs).map(([name, value]) => [name, new TextDecoder().decode(value)])
      expect(Object.fromEntries(said)).toEqual({
        'dlq-attempts': String(times),
        'dlq-redrive-count': String(times),
        'dlq-redriven-by': 'ann',
      })
    }),
  )
})

test('a note names its letter, and neither is taken for the other', () => {
  const dead = stored(deadLetterRecord(stored({ key: 'a', value: '{', headers: [] }, 'k.replies', 7n), WHY), 'd', 12n)
  const note = stored(noteRecord(dead, { actor: 'ann', reason: 'mended', at: 0 }), 'd', 13n)
  expect(noteOf(note)).toEqual({
    place: { partition: 0, offset: 12n },
    by: 'ann',
    reason: 'mended',
    at: '1970-01-01T00:00:00.000Z',
  })
  expect([letterOf(note), noteOf(dead)]).toEqual([undefined, undefined])
})

test('a letter without its value says so', () => {
  const letter = deadLetterRecord(stored({ key: 'a', value: 'x', headers: [] }, 'k.commands', 0n), WHY)
  expect(letterOf(stored(withoutValue(letter), 'd', 0n))).toMatchObject({ isValueOmitted: true, key: 'a' })
})

test('what a stranger has written is no letter', () => {
  const headers = [
    ['dlq-reason', 'x'] as const,
    ['dlq-original-topic', 't'] as const,
    ['dlq-failed-at', 'now'] as const,
  ]
  const place = [['dlq-original-partition', '0'] as const, ['dlq-original-offset', '-1'] as const]
  expect(letterOf(stored({ key: null, value: null, headers }, 'd', 0n))).toBeUndefined()
  expect(letterOf(stored({ key: null, value: null, headers: [...headers, ...place] }, 'd', 0n))).toBeUndefined()
})

test('places have a text, and only those', () => {
  expect(placeFrom(placeText({ partition: 3, offset: 2n ** 60n }))).toEqual({ partition: 3, offset: 2n ** 60n })
  for (const text of ['', '0', '0-', '-1-2', '0-1-2', '0:1', ' 0-1']) expect(placeFrom(text)).toBeUndefined()
})

test('commands and replies are put back, and nothing into the log', () => {
  const topics = kasagaTopics('k')
  const takes = ['k.commands', 'k.replies', 'payment.commands', 'k.events', 'k.dead-letters', 'k.control', 'else']
  expect(takes.filter((topic) => takesRedrives(topic, topics))).toEqual(['k.commands', 'k.replies', 'payment.commands'])
})
