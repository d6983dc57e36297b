/** Old forms of events come out as present ones, step by step; forms that nobody here knows stop one saga and no other. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { decodeEvent, eventRecord } from '../../../shared/message/event-record.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import { UPCASTS } from '../../../shared/message/upcast/forms.ts'
import { Upcasts } from '../../../shared/message/upcast/upcast.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { sagasProjection } from '../../../shared/view/sagas-projection.ts'
import { auditHandMade } from '../../support/audit-log.ts'
import { fabricateLog, order } from '../../support/fabricate-log.ts'
import { accepted, foldView, tableRows } from '../../support/fold-view.ts'
import { fulfil } from '../../support/fulfil.ts'
import { started } from '../../support/fulfil-events.ts'
import { historyOf } from '../../support/given-when-then.ts'
import { readGolden } from '../../support/golden/golden-log.ts'
import { delivered, withHeader } from '../../support/wire.ts'

/** As if the shop had begun with other words: a type that was renamed, and then a field of it. */
const toys = new Upcasts({
  present: { 'saga-completed': 2 },
  steps: {
    'saga-ended.v0': ({ data }) => ({ type: 'saga-completed', format: 0, data }),
    'saga-completed.v0': ({ type, data }) => ({ type, format: 1, data: { result: 'gone', ...data } }),
    'saga-completed.v1': ({ type, data }) => {
      const { result, ...rest } = data as { result?: unknown }
      if (result === undefined) throw new Error('no result')
      return { type, format: 2, data: { ...rest, output: result } }
    },
    'saga-stuck.v0': (old) => old,
  },
})

describe('an event of an older form', () => {
  const completed = { kind: 'ok', type: 'saga-completed' }
  it('takes every step on the way to the present one, from wherever it begins', () => {
    const data = { result: { cents: 5 } }
    for (const [type, format] of [
      ['saga-ended', 0],
      ['saga-completed', 0],
      ['saga-completed', 1],
    ] as const)
      expect(toys.upcast({ type, format, data })).toEqual({ ...completed, data: { output: { cents: 5 } } })
    expect(toys.upcast({ type: 'saga-ended', format: 0, data: {} })).toEqual({ ...completed, data: { output: 'gone' } })
  })
  it('of the present form is given back as it is', () => {
    const data = { output: 1 }
    expect(toys.upcast({ type: 'saga-completed', format: 2, data })).toEqual({ ...completed, data })
  })
  it.each([
    ['newer than this version knows', { type: 'saga-completed', format: 3 }, 'newer than the format 2'],
    ['older, where no step is known', { type: 'saga-killed', format: 0 }, 'older than, with no way to, the format 1'],
    ['of an unknown type', { type: 'saga-dreamt', format: 1 }, 'unknown event type saga-dreamt.v1'],
    ['with a name that every object has', { type: 'constructor', format: 1 }, 'unknown event type'],
    ['whose step throws', { type: 'saga-completed', format: 1 }, 'saga-completed.v1: no result'],
    ['whose steps go round', { type: 'saga-stuck', format: 0 }, 'come to no end'],
  ])('%s is unreadable, and says why', (_, stored, why) => {
    expect(toys.upcast({ ...stored, data: {} })).toEqual({ kind: 'unreadable', why: expect.stringContaining(why) })
  })
  it('is read from its record as a present one', () => {
    const [envelope] = historyOf([started])
    const record = delivered(eventRecord(envelope as EventEnvelope, 'kasaga'))
    const old = { ...withHeader(record, H.type, 'kasaga.saga-ended.v0'), value: Buffer.from('{"result":7}') }
    expect(decodeEvent(old, toys)).toEqual({
      kind: 'event',
      envelope: { ...envelope, event: { type: 'saga-completed', output: 7 } },
    })
    expect(decodeEvent(old)).toMatchObject({ kind: 'unreadable', sagaId: 'order-1' })
  })
})

const root = fileURLToPath(new URL('../../golden', import.meta.url))
const goldens = readdirSync(root).flatMap((version) => readdirSync(`${root}/${version}`).map((f) => `${version}/${f}`))

test.each(goldens)('the golden log %s goes through records as it is', (file) => {
  for (const envelope of readGolden(readFileSync(`${root}/${file}`, 'utf8')).history) {
    const type = envelope.event.type
    expect(UPCASTS.upcast({ type, format: UPCASTS.formatOf(type), data: {} })).toMatchObject({ kind: 'ok', type })
    expect(decodeEvent(delivered(eventRecord(envelope, 'kasaga')))).toEqual({ kind: 'event', envelope })
  }
})

/** The same event as a later version would have written it. */
const fromTheFuture = (type: string, name: string) => (type === name ? type.replace(/\d+$/, '2') : type)

describe('an event of a form that is newer than the reader', () => {
  const turns = [order('order-1', 'completed'), order('order-2', 'completed')]
  const newer = 'kasaga.step-succeeded.v1'
  const records = fabricateLog(turns).map((record) => {
    const isFirst = new TextDecoder().decode(record.key ?? undefined) === 'order-1'
    const type = record.headers.find(([name]) => name === H.type)?.[1]
    return isFirst && type ? withHeader(record, H.type, fromTheFuture(new TextDecoder().decode(type), newer)) : record
  })
  it('stops its saga at the owner, and no other', () => {
    const state = new PartitionState(new Definitions([fulfil]), { endedSagasMax: 10, endedWholeMax: 10 })
    for (const batch of accepted(records).batches) state.replay(batch)
    expect([...state.quarantined]).toEqual([['order-1', expect.stringContaining('newer than the format 1')]])
    expect(state.known('order-2' as never)).toMatchObject({ status: 'ended' })
  })
  it('is told in the views', () => {
    const rows = tableRows(sagasProjection, foldView(sagasProjection, records), 'sagas')
    expect(rows.map(({ saga_id, quarantined }) => [saga_id, quarantined])).toEqual([
      ['order-1', expect.stringContaining('step-succeeded.v2 is newer than the format 1 of this version')],
      ['order-2', null],
    ])
  })
  it('is told by the auditor', async () => {
    const report = await auditHandMade({
      turns,
      records: (all, index) =>
        all.map((record) => ({
          ...record,
          headers: record.headers.map(([name, value]) => [
            name,
            index === 0 && name === H.type ? fromTheFuture(String(value), newer) : value,
          ]),
        })),
    })
    expect(report.violations).toContainEqual(
      expect.objectContaining({ invariant: 'S3', saga: 'order-1', message: expect.stringContaining('newer than') }),
    )
    expect(report.violations.filter(({ saga }) => saga === 'order-2')).toEqual([])
  })
})
