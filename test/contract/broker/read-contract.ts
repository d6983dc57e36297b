import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { TheBroker } from '../broker-suite.ts'
import {
  appendTo,
  baseOf,
  bytesOf,
  expectCode,
  fresh,
  freshTopic,
  numbered,
  readAll,
  record,
  textOf,
  values,
} from './support.ts'

const CLOCK_SKEW_MS = 60_000

/** A record as plain data, whichever way it was written. */
function plain(r: Pick<NewRecord, 'key' | 'value' | 'headers'>): unknown {
  return {
    key: r.key === null ? null : bytesOf(r.key),
    value: r.value === null ? null : bytesOf(r.value),
    headers: r.headers.map(([name, value]) => [name, bytesOf(value)]),
  }
}

const bytesOrText = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: fc.option(bytesOrText),
  value: fc.option(bytesOrText),
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), bytesOrText), {
    maxLength: 4,
  }),
})
const anyAppends = fc.array(
  fc.record({ partition: fc.nat(2), records: fc.array(anyRecord, { minLength: 1, maxLength: 6 }) }),
  { maxLength: 12 },
)

export function readContract(broker: TheBroker): void {
  test('headers are bytes, in the order written, repeated names and all', async () => {
    const topic = await freshTopic(broker())
    const headers: NewRecord['headers'] = [
      ['b', 'text é€😀'],
      ['a', new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
      ['b', ''],
      ['ce_id', new Uint8Array(0)],
      ['b', 'last'],
    ]
    await appendTo(broker(), [topic, 0], [record('v', { headers })])
    const [read] = await readAll(broker(), topic)
    expect(read?.headers.map(([name, value]) => [name, bytesOf(value)])).toEqual(
      headers.map(([name, value]) => [name, bytesOf(value)]),
    )
  })

  test('null and empty keys and values stay apart', async () => {
    const topic = await freshTopic(broker())
    const written = [
      record(null, { key: null }),
      record('', { key: null }),
      record(null, { key: '' }),
      record('', { key: '' }),
      record(new Uint8Array(0), { key: new Uint8Array(0) }),
    ]
    await appendTo(broker(), [topic, 0], written)
    expect((await readAll(broker(), topic)).map(plain)).toEqual(written.map(plain))
  })

  test('text is written as UTF-8, and bytes as they are', async () => {
    const topic = await freshTopic(broker())
    const raw = new Uint8Array([0, 255, 128, 7])
    await appendTo(broker(), [topic, 0], [record('välue €😀', { key: 'kéy' }), record(raw, { key: raw })])
    const [text, bytes] = await readAll(broker(), topic)
    expect(textOf(text?.key)).toBe('kéy')
    expect(textOf(text?.value)).toBe('välue €😀')
    expect(bytesOf(bytes?.value ?? '')).toEqual([0, 255, 128, 7])
    expect(bytesOf(bytes?.key ?? '')).toEqual([0, 255, 128, 7])
  })

  test('records say where they are from and when they were stamped', async () => {
    const topic = await freshTopic(broker(), 3)
    const before = Date.now()
    await appendTo(broker(), [topic, 2], [record('v')])
    const [read] = await readAll(broker(), topic, 2)
    expect(read).toMatchObject({ topic, partition: 2, offset: 0n })
    expect(read?.timestamp).toBeGreaterThan(before - CLOCK_SKEW_MS)
    expect(read?.timestamp).toBeLessThan(Date.now() + CLOCK_SKEW_MS)
  })

  test('read starts at any offset, inside a batch too, and an empty partition or the end gives nothing', async () => {
    const topic = await freshTopic(broker(), 2)
    await appendTo(broker(), [topic, 0], numbered('a', 0, 5))
    await appendTo(broker(), [topic, 0], numbered('a', 5, 10))
    for (const from of [0, 3, 5, 7, 9]) {
      const expected = Array.from({ length: 10 - from }, (_, i) => `a${from + i}`)
      expect(values(await readAll(broker(), topic, 0, BigInt(from)))).toEqual(expected)
    }
    expect(await readAll(broker(), topic, 0, 10n)).toEqual([])
    expect(await readAll(broker(), topic, 1)).toEqual([])
  })

  test('read ends where the partition ended when it was called', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('old', 0, 500))
    await appendTo(broker(), [topic, 0], numbered('old', 500, 520))
    const seen: (string | undefined)[] = []
    for await (const records of broker().read(topic, 0, 0n)) {
      seen.push(...values(records))
      await appendTo(broker(), [topic, 0], numbered('new', 0, 3))
    }
    expect(seen).toEqual(Array.from({ length: 520 }, (_, i) => `old${i}`))
  })

  test('read of a missing topic throws topic-missing', async () => {
    await expectCode(readAll(broker(), fresh('missing')), 'topic-missing')
  })

  test('read from beyond the end throws offset-out-of-range: a log that shrank is noticed', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('a', 0, 3))
    await expectCode(readAll(broker(), topic, 0, 4n), 'offset-out-of-range')
  })

  test('5,000 records come back in offset order', async () => {
    const topic = await freshTopic(broker())
    for (let i = 0; i < 5_000; i += 500) await appendTo(broker(), [topic, 0], numbered('r', i, i + 500))
    const all = await readAll(broker(), topic)
    expect(all.length).toBe(5_000)
    expect(all.every((r, i) => r.offset === BigInt(i) && textOf(r.value) === `r${i}`)).toBe(true)
  })

  test('offsets tells start and end of every partition', async () => {
    const topic = await freshTopic(broker(), 3)
    await appendTo(broker(), [topic, 0], numbered('a', 0, 4))
    await appendTo(broker(), [topic, 2], numbered('a', 0, 1))
    const offsets = [...(await broker().offsets(topic))].sort((x, y) => x.partition - y.partition)
    expect(offsets).toEqual([
      { partition: 0, start: 0n, end: 4n },
      { partition: 1, start: 0n, end: 0n },
      { partition: 2, start: 0n, end: 1n },
    ])
  })

  test('whatever is appended is read back, byte for byte and in order', async () => {
    await fc.assert(
      fc.asyncProperty(anyAppends, async (appends) => {
        const topic = await freshTopic(broker(), 3)
        const results = await broker().append(appends.map((a) => ({ topic, ...a })))
        results.forEach(baseOf)
        for (const partition of [0, 1, 2]) {
          const written = appends.filter((a) => a.partition === partition).flatMap((a) => a.records)
          expect((await readAll(broker(), topic, partition)).map(plain)).toEqual(written.map(plain))
        }
      }),
      { numRuns: 12 },
    )
  })
}
