import { expect, test } from 'vitest'
import { isMeant, LetterPage } from '../../../services/gateway/dead-letters/letter-filter.ts'
import {
  fingerprintOf,
  GROUPS_ANSWERED_MAX,
  KINDS_MAX,
  LetterGroups,
} from '../../../services/gateway/dead-letters/letter-groups.ts'
import { newestLetters } from '../../../services/gateway/dead-letters/letter-scan.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { LetterIdsQuery } from '../../../shared/client/dead-letter-api.ts'
import { deadLetterRecord } from '../../../shared/message/dead-letter.ts'
import { type DeadLetter, placeText } from '../../../shared/message/redrive.ts'
import { delivered } from '../../support/wire.ts'

const letter = (own: Partial<DeadLetter> = {}): DeadLetter => ({
  ...{ place: { partition: 0, offset: 0n }, reason: 'unknown-saga', message: 'no saga s-1', service: 'orchestrator' },
  ...{ origin: { topic: 'k.commands', partition: 0, offset: 0n }, failedAt: '2026-01-31T10:00:00.000Z', redrives: 0 },
  ...{ isValueOmitted: false, key: 's-1', saga: 's-1' },
  ...own,
})

test('letters that failed in the same way are one group, with the first, the newest and an example', () => {
  const groups = new LetterGroups()
  for (const [i, minute] of [3, 1, 2].entries())
    groups.take(
      letter({
        ...{ message: `no saga s-${i}`, saga: `s-${i}`, key: `s-${i}`, failedAt: `2026-01-31T10:0${minute}:00.000Z` },
        place: { partition: 1, offset: BigInt(i) },
      }),
    )
  groups.take(letter({ reason: 'not-now', message: 'no saga s-1' }))
  const { groups: found, ungrouped } = groups.answer()
  expect(ungrouped).toBe(0)
  expect(found.map(({ count }) => count)).toEqual([3, 1])
  expect(found[0]).toEqual({
    ...{ fingerprint: fingerprintOf(letter()), reason: 'unknown-saga', service: 'orchestrator', topic: 'k.commands' },
    ...{ pattern: 'no saga #', count: 3, example: '1-0' },
    ...{ firstAt: '2026-01-31T10:01:00.000Z', newestAt: '2026-01-31T10:03:00.000Z' },
  })
})

test('what is past the kinds that are told apart is counted, and no letter is lost of the count', () => {
  const word = (i: number) => [...String(i)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
  const groups = new LetterGroups()
  for (let i = 0; i < KINDS_MAX + 50; i++) groups.take(letter({ message: `odd ${word(i)}` }))
  for (let i = 0; i < 7; i++) groups.take(letter({ message: `odd ${word(KINDS_MAX - 1)}` }))
  const { groups: found, ungrouped } = groups.answer()
  expect(found).toHaveLength(GROUPS_ANSWERED_MAX)
  expect(found[0]).toMatchObject({ count: 8, pattern: `odd ${word(KINDS_MAX - 1)}` })
  expect(found.reduce((sum, { count }) => sum + count, 0) + ungrouped).toBe(KINDS_MAX + 57)
})

test.each([
  [{ reason: 'unknown-saga', topic: 'k.commands', saga: 's-1', key: 's-1' }, true],
  [{ saga: 's-2' }, false],
  [{ fingerprint: fingerprintOf(letter()) }, true],
  [{ fingerprint: '0123456789ab' }, false],
  [{ since: '2026-01-31T10:00:00Z' }, true],
  [{ since: '2026-01-31T12:00:01+02:00' }, false],
  [{ until: '2026-01-31T10:00:00Z' }, false],
  [{ until: '2026-01-31T10:00:00.001Z' }, true],
  [{ redriven: 'yes' }, false],
])('%j is said of it: %s', (asked, isSo) => {
  expect(isMeant(letter(), LetterIdsQuery.parse(asked))).toBe(isSo)
})

test('one whose time cannot be read is in no span of time, and in every list without one', () => {
  const odd = letter({ failedAt: 'yesterday' })
  expect(isMeant(odd, LetterIdsQuery.parse({}))).toBe(true)
  expect(isMeant(odd, LetterIdsQuery.parse({ since: '2000-01-01T00:00:00Z' }))).toBe(false)
})

test.each(['oldest', 'newest'] as const)(
  'pages, %s first, come to each letter of all partitions once',
  async (order) => {
    const broker = new MemoryLog({ clock: systemClock }).connect()
    await broker.createTopics([{ name: 'dead', partitions: 3, retention: { days: 1 } }])
    const why = { reason: 'not-json', message: 'no JSON', group: 'g', service: 's', at: 0 }
    const record = deadLetterRecord(delivered({ key: 'a', value: '{', headers: [] }), why)
    const batches = [4, 0, 3].map((count, partition) => ({
      topic: 'dead',
      partition,
      records: Array(count).fill(record),
    }))
    await broker.append(batches.filter(({ records }) => records.length > 0))
    const found: string[] = []
    for (let more = true; more; ) {
      const after = found.at(-1)
      const page = new LetterPage({ order, limit: 2, after })
      const scan = newestLetters({ broker, topic: 'dead' }, { recordsMax: 3, order })
      for await (const { letters, hasOlder, records } of scan) {
        expect([hasOlder, records]).toEqual(letters.length === 0 ? [false, 0] : [letters[0]?.place.partition === 0, 3])
        for (const one of letters) page.take(one)
      }
      more = page.letters.length > 0
      found.push(...page.letters.map(({ place }) => placeText(place)))
    }
    const all = ['0-1', '0-2', '0-3', '2-0', '2-1', '2-2']
    expect(found).toEqual(order === 'oldest' ? all : all.toReversed())
  },
)
