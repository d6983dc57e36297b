import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { crc32c } from '../../../shared/adapters/kafka/crc32c.ts'
import { type AbortedTransaction, decodeRecords } from '../../../shared/adapters/kafka/record-batch-decoder.ts'
import { encodeRecordBatch } from '../../../shared/adapters/kafka/record-batch-encoder.ts'
import { WireReader } from '../../../shared/adapters/kafka/wire-reader.ts'
import { WireWriter } from '../../../shared/adapters/kafka/wire-writer.ts'
import type { NewRecord } from '../../../shared/message/record.ts'

const HEAD_BYTES = 61
const value = (text: string): NewRecord => ({ key: null, value: text, headers: [] })

/** A batch as a broker would have stored it. */
function stored(options: { base: bigint; texts?: string[]; attributes?: number; producerId?: bigint; body?: Buffer }) {
  const batch = encodeRecordBatch((options.texts ?? ['x']).map(value), 1_000)
  const bytes = Buffer.concat([batch.subarray(0, HEAD_BYTES), options.body ?? batch.subarray(HEAD_BYTES)])
  bytes.writeBigInt64BE(options.base, 0)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt16BE(options.attributes ?? 0, 21)
  bytes.writeBigInt64BE(options.producerId ?? -1n, 43)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

function decode(bytes: Buffer, from = 0n, aborted: readonly AbortedTransaction[] = []) {
  const { records, next } = decodeRecords({ topic: 't', partition: 0, from, aborted, bytes })
  return { texts: records.map((record) => Buffer.from(record.value ?? []).toString()), next, records }
}

test('the checksum is CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test.each([0, -1, 1, 63, -64, 64, 300, -70_000, 2 ** 31 - 1, -(2 ** 31)])('varint %d comes back', (number) => {
  expect(new WireReader(new WireWriter().varint(number).done()).varint()).toBe(number)
})

test('several batches come back in order, with offsets past 2^53 exact', () => {
  const base = 2n ** 53n + 1n
  const bytes = Buffer.concat([stored({ base, texts: ['a', 'b'] }), stored({ base: base + 2n, texts: ['c'] })])
  const { texts, next, records } = decode(bytes, base)
  expect(texts).toEqual(['a', 'b', 'c'])
  expect(records.map((record) => record.offset)).toEqual([base, base + 1n, base + 2n])
  expect(next).toBe(base + 3n)
  expect(records[0]?.timestamp).toBe(1_000)
})

test('records before the offset asked for are left out', () => {
  expect(decode(stored({ base: 10n, texts: ['a', 'b', 'c'] }), 12n)).toMatchObject({ texts: ['c'], next: 13n })
})

test('a batch that was cut off is left for the next answer', () => {
  const whole = stored({ base: 0n, texts: ['a'] })
  const cut = stored({ base: 1n, texts: ['b'] }).subarray(0, 40)
  expect(decode(Buffer.concat([whole, cut]))).toMatchObject({ texts: ['a'], next: 1n })
  expect(decode(cut, 1n)).toMatchObject({ texts: [], next: 1n })
})

test('a gap in the offsets, and a batch of which nothing is left, are passed', () => {
  const empty = stored({ base: 5n, texts: ['a', 'b', 'c'], body: Buffer.alloc(0) })
  empty.writeInt32BE(0, 57)
  empty.writeUInt32BE(crc32c(empty.subarray(21)), 17)
  expect(decode(Buffer.concat([empty, stored({ base: 20n })]), 2n)).toMatchObject({ texts: ['x'], next: 21n })
  expect(decode(empty, 2n)).toMatchObject({ texts: [], next: 8n })
})

const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const marker = (base: bigint, producerId: bigint, kind: 0 | 1) =>
  stored({
    base,
    producerId,
    attributes: TRANSACTIONAL | CONTROL,
    body: encodeRecordBatch([{ key: Uint8Array.of(0, 0, 0, kind), value: '', headers: [] }], 0).subarray(HEAD_BYTES),
  })

test('records of aborted transactions and control records are not delivered, others are', () => {
  const bytes = Buffer.concat([
    stored({ base: 0n, texts: ['lost'], producerId: 7n, attributes: TRANSACTIONAL }),
    stored({ base: 1n, texts: ['kept'], producerId: 8n, attributes: TRANSACTIONAL }),
    marker(2n, 7n, 0),
    stored({ base: 3n, texts: ['after'], producerId: 7n, attributes: TRANSACTIONAL }),
    marker(4n, 7n, 1),
    marker(5n, 8n, 1),
  ])
  const { texts, next } = decode(bytes, 0n, [{ producerId: 7n, firstOffset: 0n }])
  expect(texts).toEqual(['kept', 'after'])
  expect(next).toBe(6n)
})

test('gzip is read, a codec that is not read is named', () => {
  const plain = stored({ base: 0n, texts: ['zipped'] })
  const body = gzipSync(plain.subarray(HEAD_BYTES))
  expect(decode(stored({ base: 0n, attributes: 1, body })).texts).toEqual(['zipped'])
  expect(() => decode(stored({ base: 0n, attributes: 3, body }))).toThrow(
    expect.objectContaining({ code: 'codec-unsupported', message: expect.stringContaining('lz4') }),
  )
})

test('bytes that changed on the way are an error, not a record', () => {
  const bytes = stored({ base: 0n, texts: ['a'] })
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2)
  expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'record-corrupt', retriable: false }))
})
