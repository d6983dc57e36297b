/** S16: the rows are a function of the log, wherever it is cut into chunks. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ordersView } from '../../services/orders/orders-view.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { ENDINGS, fabricateLog, order } from '../support/fabricate-log.ts'
import { accepted, foldView, tableRows } from '../support/fold-view.ts'

/** Sagas with their endings, and whose turn it is: each pick takes that saga's next event into the batch under way. */
const logs = fc.record({
  endings: fc.array(fc.constantFrom(...ENDINGS), { minLength: 1, maxLength: 8 }),
  picks: fc.array(fc.nat(7), { maxLength: 120 }),
  batchEvents: fc.integer({ min: 1, max: 7 }),
  voids: fc.array(fc.nat(40), { maxLength: 6 }),
  unreadable: fc.array(fc.nat(150), { maxLength: 3 }),
  cuts: fc.array(fc.nat(60), { maxLength: 20 }),
})

function interleaved(endings: readonly (typeof ENDINGS)[number][], picks: readonly number[]): EventEnvelope[] {
  const queues = endings.map((ending, index) => order(`order-${index}`, ending, 1_000 + index * 3))
  const picked = picks.flatMap((pick) => queues[pick % queues.length]?.shift() ?? [])
  return [...picked, ...queues.flat()]
}

function inBatches(events: readonly EventEnvelope[], size: number): EventEnvelope[][] {
  const count = Math.ceil(events.length / size)
  return Array.from({ length: count }, (_, index) => events.slice(index * size, (index + 1) * size))
}

test.each([sagasProjection, ordersView])('$name: any chunks make the same rows as one', (projection) => {
  let withVoid = 0
  let withUnreadable = 0
  const property = fc.property(logs, ({ endings, picks, batchEvents, voids, unreadable, cuts }) => {
    const turns = inBatches(interleaved(endings, picks), batchEvents)
    const records = fabricateLog(turns, { voidBefore: new Set(voids) }).map((record, index) =>
      record.key !== null && unreadable.includes(index) ? { ...record, value: Buffer.from('[') } : record,
    )
    if (accepted(records).void > 0) withVoid++
    if (unreadable.some((index) => index < records.length)) withUnreadable++
    const whole = foldView(projection, records)
    const cut = foldView(projection, records, cuts)
    for (const table of Object.keys(projection.tables))
      expect(tableRows(projection, cut, table)).toEqual(tableRows(projection, whole, table))
  })
  fc.assert(property, { numRuns: 400 })
  expect(withVoid).toBeGreaterThan(20)
  expect(withUnreadable).toBeGreaterThan(20)
})
