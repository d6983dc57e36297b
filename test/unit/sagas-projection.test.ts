import { describe, expect, test } from 'vitest'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { ordersView } from '../../services/orders/orders-view.ts'
import type { SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { capped, MESSAGE_CHARS_MAX } from '../../shared/view/capped.ts'
import type { Projection } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { PROGRESS_CHARS_MAX } from '../../shared/view/step-progress.ts'
import { type Ending, fabricateLog, order, orderEvents, sagaOf, stored } from '../support/fabricate-log.ts'
import { foldView, tableRows } from '../support/fold-view.ts'

function rowsOf(projection: Projection, table: string, ending: Ending) {
  return tableRows(projection, foldView(projection, fabricateLog([order('order-1', ending)])), table)
}

const saga = (ending: Ending) => rowsOf(sagasProjection, 'sagas', ending)[0]

describe('a saga in the views', () => {
  test('is completed with its times from its events', () => {
    expect(saga('completed')).toEqual({
      saga_id: 'order-1',
      definition: 'fulfil-order',
      version: 1,
      status: 'completed',
      phase: 'completed',
      standing: '',
      current_step: 'ship',
      direction: 'forward',
      attempt: 1,
      timeout_at: 99_000,
      retry_at: null,
      awaits: null,
      cause: null,
      cause_step: null,
      cause_code: null,
      cause_message: null,
      stuck_step: null,
      error_code: null,
      error_message: null,
      input_hash: 'hash-order-1',
      definition_hash: definitionHash(fulfilOrder),
      deadline_at: null,
      pivot: null,
      priority: 5,
      held_for: null,
      seq: 8,
      partition: 0,
      started_at: 1_000,
      updated_at: 1_007,
      ended_at: 1_007,
      parent_saga_id: null,
      parent_step: null,
      origin_saga_id: null,
      origin_step: null,
      incident: null,
      incident_actor: null,
      incident_reason: null,
      quarantined: null,
      cancel_requested: null,
    })
  })

  test('is compensated, with the refusal that turned it back', () => {
    expect(saga('compensated')).toMatchObject({
      status: 'compensated',
      cause: 'rejected',
      cause_step: 'charge',
      cause_code: 'card-declined',
      current_step: 'stock',
      direction: 'compensate',
      ended_at: 1_008,
    })
  })

  test('is stuck with its step and error, which are gone once it goes on', () => {
    expect(saga('stuck')).toMatchObject({
      status: 'stuck',
      stuck_step: 'ship',
      error_code: 'carrier-down',
      ended_at: null,
    })
    expect(saga('retried')).toMatchObject({ status: 'completed', stuck_step: null, error_code: null, attempt: 2 })
  })

  test('says who cancelled it, and forgets when its step was to be tried again', () => {
    const expected = { status: 'compensated', cause: 'cancelled', cause_code: 'bo', cause_step: null, retry_at: null }
    expect(saga('cancelled')).toMatchObject(expected)
  })

  test('has one row a step and direction, with attempts, in the order in which they began', () => {
    const steps = rowsOf(sagasProjection, 'steps', 'cancelled').sort(
      (a, b) => Number(a.first_seq) - Number(b.first_seq),
    )
    expect(steps.map(({ step, direction, status, attempts }) => [step, direction, status, attempts])).toEqual([
      ['stock', 'forward', 'succeeded', 1],
      ['charge', 'forward', 'requested', 1],
      ['charge', 'compensate', 'succeeded', 2],
      ['stock', 'compensate', 'succeeded', 1],
    ])
    expect(steps[2]).toMatchObject({
      participant: 'payment',
      requested_at: 1_005,
      attempt_at: 1_007,
      finished_at: 1_008,
    })
  })

  test('has its history with offsets: the header of the batch is at 0', () => {
    const events = rowsOf(sagasProjection, 'events', 'running')
    expect(events.map(({ seq, type, offset }) => [seq, type, offset])).toEqual([
      [1, 'saga-started', 1n],
      [2, 'step-requested', 2n],
      [3, 'step-succeeded', 3n],
      [4, 'step-requested', 4n],
    ])
    expect(JSON.parse(String(events[2]?.data))).toEqual({ step: 'stock', attempt: 1, output: { parcel: 'p-1' } })
  })

  test('has one row for each attribute, under a text that can be asked for', () => {
    const row = { saga_id: 'order-1', number: null }
    expect(rowsOf(sagasProjection, 'saga_attributes', 'completed')).toEqual([
      { ...row, name: 'customer', type: 'text', value: 'c-order-1' },
      { ...row, name: 'euros', type: 'number', value: '25.5', number: 25.5 },
      { ...row, name: 'gift', type: 'boolean', value: 'false' },
    ])
  })

  test('is found by what a step brings, and by the newest of it', () => {
    const [started, requested, succeeded, ...rest] = orderEvents('order-1', 'running')
    const attributes = { euros: 'none', parcel: 7 }
    const found = [started, requested, { ...succeeded, attributes } as SagaEvent, ...rest] as SagaEvent[]
    const log = fabricateLog([sagaOf('order-1', found)])
    const rows = tableRows(sagasProjection, foldView(sagasProjection, log), 'saga_attributes')
    expect(rows.map(({ name, type, value, number }) => [name, type, value, number])).toEqual([
      ['customer', 'text', 'c-order-1', null],
      ['euros', 'text', 'none', null],
      ['gift', 'boolean', 'false', null],
      ['parcel', 'number', '7', 7],
    ])
  })

  test('of a fork says where it comes from, and what it was given', () => {
    const [started, ...rest] = orderEvents('order-1', 'running')
    const origin = { sagaId: sagaId('order-0'), step: 'charge', seq: 7 }
    const given = [{ step: 'pack', output: { of: 'x' } }, { step: 'wrap' }]
    const fork = [{ ...started, origin, given } as SagaEvent, ...rest]
    const view = foldView(sagasProjection, fabricateLog([sagaOf('order-1', fork)]))
    expect(tableRows(sagasProjection, view, 'sagas')[0]).toMatchObject({
      origin_saga_id: 'order-0',
      origin_step: 'charge',
    })
    const shown = { direction: 'forward', status: 'given', attempts: 0, first_seq: 1, finished_at: 1_000 }
    expect(tableRows(sagasProjection, view, 'steps')).toMatchObject([
      { step: 'charge' },
      { ...shown, step: 'pack' },
      { step: 'stock' },
      { ...shown, step: 'wrap' },
    ])
  })

  test('keeps the newest progress of each step, cut where it is long', () => {
    const [started, requested] = orderEvents('order-1', 'running')
    const said = (payload: Json): SagaEvent => ({ type: 'step-progressed', step: 'stock', timeoutAt: null, payload })
    const rowAfter = (...payloads: readonly Json[]) => {
      const events = [started, requested, ...payloads.map(said)] as SagaEvent[]
      const view = foldView(sagasProjection, fabricateLog([sagaOf('order-1', events)]))
      return tableRows(sagasProjection, view, 'steps')[0]
    }
    expect(rowAfter()).toMatchObject({ progress: null, progress_at: null, progress_cut_from: null })
    expect(rowAfter({ percent: 40 }, { percent: 60 })).toMatchObject({
      status: 'progressed',
      progress: '{"percent":60}',
      progress_at: 1_003,
      progress_cut_from: null,
    })
    // Each is a pair: the limit falls between its halves.
    const pairs = '\u{1F680}'.repeat(PROGRESS_CHARS_MAX)
    const row = rowAfter({ percent: 40 }, pairs)
    expect(row?.progress).toBe(`"${pairs.slice(0, PROGRESS_CHARS_MAX - 2)}`)
    expect(row?.progress_cut_from).toBe(JSON.stringify(pairs).length)
    expect(rowAfter(pairs, 1)).toMatchObject({ progress: '1', progress_cut_from: null })
  })

  test('is marked when one of its events cannot be read, and the others go on', () => {
    const records = fabricateLog([order('order-1', 'completed'), order('order-2', 'completed')])
    const broken = records.map((record, index) => (index === 3 ? { ...record, value: Buffer.from('no JSON') } : record))
    const rows = tableRows(sagasProjection, foldView(sagasProjection, broken), 'sagas')
    expect(rows.map(({ saga_id, status }) => [saga_id, status])).toEqual([
      ['order-1', 'completed'],
      ['order-2', 'completed'],
    ])
    expect(rows[0]?.quarantined).toContain('offset 3 of partition 0')
    expect(rows[1]?.quarantined).toBeNull()
  })

  test('is not changed by a batch that was not accepted', () => {
    const turns = [order('order-1', 'running'), order('order-2', 'running')]
    const clean = tableRows(sagasProjection, foldView(sagasProjection, fabricateLog(turns)), 'sagas')
    const voided = fabricateLog(turns, { voidBefore: new Set([0, 1]) })
    expect(tableRows(sagasProjection, foldView(sagasProjection, voided), 'sagas')).toEqual(clean)
  })
})

describe('an order in the view of orders', () => {
  test.each([
    ['running', { status: 'placed', reserved: true, charged: false, shipped: false, ended_at: null }],
    ['completed', { status: 'delivered', reserved: true, charged: true, shipped: true, tracking: 't-1' }],
    ['compensated', { status: 'cancelled', reserved: false, charged: false, shipped: false }],
    ['stuck', { status: 'blocked', reserved: true, charged: true, shipped: false }],
  ] as const)('%s', (ending, expected) => {
    const [row] = rowsOf(ordersView, 'orders', ending)
    expect(row).toMatchObject({ order_id: 'order-1', country: 'NO', lines: 2, total_cents: 2_500, ...expected })
  })

  test('is not made of another definition', () => {
    const events = order('other-1', 'completed').map((entry) =>
      entry.event.type === 'saga-started' ? { ...entry, event: { ...entry.event, definition: 'other' } } : entry,
    )
    expect(tableRows(ordersView, foldView(ordersView, fabricateLog([events])), 'orders')).toEqual([])
  })
})

test('records carry bytes, as a broker gives them', () => {
  const record = stored({ key: 'k', value: null, headers: [] }, { topic: 't', partition: 0, offset: 1n, timestamp: 1 })
  expect(record.key).toEqual(new TextEncoder().encode('k'))
})

describe('long texts from outside', () => {
  test('are cut in rows, and say how long they were', () => {
    const long = `${'x'.repeat(MESSAGE_CHARS_MAX - 1)}\u{1f600}${'y'.repeat(5_000)}`
    const cut = capped(long)
    expect(cut.startsWith('x'.repeat(MESSAGE_CHARS_MAX - 1))).toBe(true)
    expect(cut.isWellFormed()).toBe(true)
    expect(cut.endsWith(`… (${long.length} characters)`)).toBe(true)
    expect(capped('short')).toBe('short')
  })

  test('are cut wherever an event has them', () => {
    const message = 'm'.repeat(100_000)
    const error = { code: 'no', message }
    const rows = foldView(
      sagasProjection,
      fabricateLog([
        sagaOf('order-1', [
          ...orderEvents('order-1', 'running'),
          { type: 'step-rejected', step: 'charge', error } as SagaEvent,
          { type: 'saga-stuck', step: 'charge', error } as SagaEvent,
        ]),
      ]),
    )
    for (const name of ['sagas', 'steps', 'acts'])
      for (const row of tableRows(sagasProjection, rows, name))
        for (const value of Object.values(row)) expect(String(value).length).toBeLessThan(MESSAGE_CHARS_MAX * 2)
    expect(tableRows(sagasProjection, rows, 'steps').some((row) => String(row.error_message).includes('(100000'))).toBe(
      true,
    )
  })
})
