/** Whatever is changed in an event after it was written, the log alone shows it (S24), and only what it touches stops. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { H } from '../../shared/message/headers.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { headerOf, keyOf, type LogRecord } from '../../shared/message/record.ts'
import { PartitionState } from '../../shared/runtime/partition-state.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { mixedTurns } from '../support/audit-log.ts'
import { fabricateLog } from '../support/fabricate-log.ts'
import { accepted } from '../support/fold-view.ts'
import { auditRecords, flipped, placesOf, renumbered } from '../support/tamper.ts'
import { bytesOf, withHeader } from '../support/wire.ts'
import { parameters } from './property-runs.ts'

const turns = mixedTurns()
const whole = fabricateLog(turns, { chained: true })
const SAGAS = ['a', 'b', 'c', 'd', 'e']
const events = whole.flatMap((record, i) => (record.key === null ? [] : [i]))
/** Which of the batches, and so also which of the header records before it. */
const batchAt = (index: number) => whole.slice(0, index + 1).filter(({ key }) => key === null).length
const LAST_BATCH = turns.length

const anyEvent = fc.constantFrom(...events)

const replaced = (index: number, change: (record: LogRecord) => LogRecord) =>
  whole.map((record, i) => (i === index ? change(record) : record))

function fold(records: readonly LogRecord[]): PartitionState {
  const state = new PartitionState(new Definitions([fulfilOrder]), { endedSagasMax: 100, endedWholeMax: 100 })
  for (const batch of accepted(records).batches) state.replay(batch)
  return state
}

const sound = fold(whole)

test('a log as it was written is clean, and nobody is quarantined', () => {
  expect(auditRecords(whole).listed).toEqual([])
  expect(sound.quarantined.size).toBe(0)
  expect(SAGAS.map((id) => sound.known(sagaId(id))?.status)).not.toContain(undefined)
})

describe('a byte that is not as it was', () => {
  test('is found by the auditor, whichever it is', () => {
    const anyByte = anyEvent.chain((index) => {
      const places = whole[index] ? placesOf(whole[index]) : []
      return fc.record({
        index: fc.constant(index),
        place: fc.constantFrom(...places),
        mask: fc.integer({ min: 1, max: 255 }),
      })
    })
    fc.assert(
      fc.property(anyByte, ({ index, place, mask }) => {
        const changed = replaced(index, (record) => flipped(record, place, mask))
        const { byInvariant } = auditRecords(changed)
        expect(Object.keys(byInvariant)).toEqual(expect.arrayContaining([expect.stringMatching(/^(S24|S3)$/)]))
        const state = fold(changed)
        const own = whole[index] && keyOf(whole[index])
        expect(state.quarantined.size).toBeGreaterThan(0)
        expect(state.quarantined.has(String(own))).toBe(true)
        for (const id of SAGAS)
          if (!state.quarantined.has(id)) expect(state.known(sagaId(id))).toEqual(sound.known(sagaId(id)))
      }),
      parameters(1_000),
    )
  }, 600_000)

  test('of a header that somebody on the way added is none of ours', () => {
    const added = whole.map((record) => ({ ...record, headers: [...record.headers, ['x-hop', bytesOf('1')] as const] }))
    expect(auditRecords(added).listed).toEqual([])
    expect(fold(added).quarantined.size).toBe(0)
  })
})

describe('an event that is gone', () => {
  test('is missed, as a hole or in a copy without holes', () => {
    for (const index of events.filter((one) => batchAt(one) < LAST_BATCH)) {
      const left = whole.filter((_, i) => i !== index)
      for (const log of [left, renumbered(left)]) expect(auditRecords(log).total).toBeGreaterThan(0)
    }
  })

  test('is missed where its batch was made to fit, and those after it were numbered anew', () => {
    const follows = (index: number) => events.filter((i) => i > index && keyOf(at(i)) === keyOf(at(index)))
    for (const index of events.filter((one) => follows(one).length > 0)) {
      const later = new Set(follows(index))
      const header = whole.findLastIndex(({ key }, i) => key === null && i < index)
      const forged = whole.flatMap((record, i) => {
        if (i === index) return []
        if (i === header) return [fewer(record)]
        return [later.has(i) ? numberedDown(record) : record]
      })
      expect(auditRecords(renumbered(forged)).byInvariant).toHaveProperty('S24')
      expect(fold(renumbered(forged)).quarantined.has(String(keyOf(at(index))))).toBe(true)
    }
  })
})

test('two events of a saga that changed places are found, also with their numbers', () => {
  const pairs = events.flatMap((i) => {
    const next = events.find((other) => other > i && keyOf(at(other)) === keyOf(at(i)))
    return next === undefined ? [] : [[i, next] as const]
  })
  for (const [one, other] of pairs) {
    const put = (record: LogRecord, place: LogRecord) => {
      const moved = { ...record, offset: place.offset }
      return withHeader(
        withHeader(moved, H.sequence, headerOf(place, H.sequence) ?? ''),
        H.id,
        headerOf(place, H.id) ?? '',
      )
    }
    const swapped = whole.map((record, i) =>
      i === one ? put(at(other), record) : i === other ? put(at(one), record) : record,
    )
    expect(auditRecords(swapped).byInvariant).toHaveProperty('S24')
    expect(fold(swapped).quarantined.has(String(keyOf(at(one))))).toBe(true)
  }
  expect(pairs.length).toBeGreaterThan(20)
})

test('a batch that is gone is missed; one that never counted is not', () => {
  for (let number = 1; number < LAST_BATCH; number++) {
    const without = whole.filter((_, i) => batchAt(i) !== number)
    expect(auditRecords(renumbered(without)).byInvariant).toHaveProperty('S20')
  }
  expect(auditRecords(fabricateLog(turns, { chained: true, voidBefore: new Set([3]) })).listed).toEqual([])
})

function at(index: number): LogRecord {
  const record = whole[index]
  if (!record) throw new Error(`there is no record ${index}`)
  return record
}

function fewer(record: LogRecord): LogRecord {
  const header = JSON.parse(String(Buffer.from(record.value ?? [])))
  return { ...record, value: bytesOf(JSON.stringify({ ...header, count: header.count - 1 })) }
}

function numberedDown(record: LogRecord): LogRecord {
  const seq = Number(headerOf(record, H.sequence)) - 1
  return withHeader(withHeader(record, H.sequence, String(seq)), H.id, `${keyOf(record)}#${seq}`)
}
