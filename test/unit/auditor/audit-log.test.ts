/** Each fault that is planted into a log is found, under its own name; a sound log is clean. */
import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../services/auditor/report.ts'
import { reportText } from '../../../services/auditor/report-text.ts'
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { auditHandMade, broken, cancelled, mixedTurns } from '../../support/audit-log.ts'
import { batchOf, order } from '../../support/fabricate-log.ts'

test('a sound log is clean', async () => {
  const report = await auditHandMade({ turns: mixedTurns() }, { commands: true })
  expect(report.violations).toEqual([])
  expect(report).toMatchObject({ clean: true, voidBatches: 0, strayRecords: 0, events: mixedTurns().flat().length })
  expect(report.sagas).toEqual({ total: 5, completed: 2, compensated: 2, stuck: 1, failed: 0, running: 0 })
  expect(exitCodeOf(report)).toBe(0)
  expect(reportText(report)).toContain('clean      no violation found')
  expect(reportText(report)).toContain('not        S8: no tables of participants were given')
})

test('a sound log is clean without definitions too, and the report says what was not looked at', async () => {
  const report = await auditHandMade({ turns: mixedTurns() }, { definitions: new Definitions([]) })
  expect(report.violations).toEqual([])
  expect(report.notes.join()).toContain('5 sagas were checked without their definition')
  expect(report.notChecked.map(({ id }) => id)).toEqual(expect.arrayContaining(['S8', 'S16', 'S17', 'L1', 'S2']))
})

test('events that were changed after they were written are named, with saga and offset', async () => {
  const turns = [order('a', 'completed'), order('b', 'completed')]
  const sound = await auditHandMade({ turns, chained: true })
  expect(sound.violations).toEqual([])
  expect(sound.checked).toContainEqual({ id: 'S24', over: turns.flat().length, of: 'chained events' })
  const records = (batch: NewRecord[], index: number) =>
    batch.map((record, i) => (index === 1 && i === 3 ? { ...record, value: '{"step":"stock","attempt":1}' } : record))
  const report = await auditHandMade({ turns, chained: true, records })
  const message = expect.stringMatching(/^event 3: the hash of the event at offset 12 is not that of it/)
  expect(report.violations).toEqual([{ invariant: 'S24', message, saga: 'b', partition: 0, offset: '12' }])
  expect((await auditHandMade({ turns })).notes).toContain('16 events of an older version carry no hash (S24)')
})

test('an empty log is clean', async () => {
  expect(await auditHandMade({ turns: [] })).toMatchObject({ clean: true, events: 0, batches: 0 })
})

const completed = () => order('a', 'completed')
const compensated = () => order('b', 'compensated')
const without = (events: EventEnvelope[], type: SagaEvent['type']) => events.filter(({ event }) => event.type !== type)
const renumbered = (events: EventEnvelope[]) => events.map((event, i) => ({ ...event, seq: i + 1 }))
const changed = (events: EventEnvelope[], type: SagaEvent['type'], change: object) =>
  events.map((envelope) =>
    envelope.event.type === type ? { ...envelope, event: { ...envelope.event, ...change } as SagaEvent } : envelope,
  )

const steps = (events: EventEnvelope[], type: SagaEvent['type']) =>
  events.flatMap(({ event }) => (event.type === type && 'step' in event ? [event.step] : []))

function swapped(events: EventEnvelope[], one: string, other: string): EventEnvelope[] {
  return events.map((envelope) => {
    const { event } = envelope
    if (!event.type.startsWith('compensation-') || !('step' in event)) return envelope
    const step = event.step === one ? other : event.step === other ? one : event.step
    return { ...envelope, event: { ...event, step } as SagaEvent }
  })
}

describe('a planted fault in the events of a saga is found', () => {
  const faults: readonly [name: string, events: () => EventEnvelope[], invariant: string][] = [
    ['a missing seq', () => completed().filter(({ seq }) => seq !== 3), 'S1'],
    ['a repeated seq', () => completed().flatMap((event) => (event.seq === 3 ? [event, event] : [event])), 'S1'],
    ['no start', () => completed().slice(1), 'S1'],
    ['a second start', () => renumbered([...order('a', 'running').slice(0, 1), ...completed()]), 'S1'],
    ['an event after the end', () => renumbered([...completed(), ...completed().slice(-2, -1)]), 'S1'],
    ['a second end', () => renumbered([...completed(), ...completed().slice(-1)]), 'S1'],
    ['an answer that nothing asked for', () => renumbered(without(completed(), 'step-requested')), 'S3'],
    ['a step before those that it needs', () => renumbered(completed().filter(({ seq }) => seq !== 3)), 'S4'],
    ['an end before all is undone', () => renumbered(without(compensated(), 'compensation-succeeded')), 'S5'],
    [
      'nothing undone at all',
      () =>
        renumbered(compensated().filter(({ event }) => !('step' in event && event.type.startsWith('compensation-')))),
      'S5',
    ],
    ['compensations in the wrong order', () => swapped(cancelled('d'), 'charge', 'stock'), 'S6'],
    [
      'turning back past the pivot',
      () => renumbered([...completed().slice(0, -1), ...order('a', 'compensated').slice(-4)]),
      'S7',
    ],
    [
      'an attempt that is asked for twice',
      () => renumbered(completed().flatMap((event) => (event.seq === 2 ? [event, event] : [event]))),
      'S9',
    ],
    ['a timer that fired early', () => order('d', 'cancelled'), 'S15'],
    ['another version half-way', () => changed(completed(), 'step-requested', { version: 2 }), 'S23'],
  ]
  test.each(faults)('%s', async (_, events, invariant) => {
    const report = await auditHandMade({ turns: [order('z', 'completed'), events(), order('y', 'compensated')] })
    expect(broken(report)).toContain(invariant)
    expect(new Set(report.violations.map(({ saga }) => saga))).toEqual(new Set([events()[0]?.sagaId]))
    expect(exitCodeOf(report)).toBe(1)
    expect(reportText(report)).toContain(`  ${invariant}`)
  })

  test('the cancelled saga that faults are planted into has two steps to undo', () => {
    expect(steps(cancelled('d'), 'compensation-succeeded')).toEqual(['charge', 'stock'])
  })
})

describe('batches', () => {
  const turns = mixedTurns()

  test('a number that comes again is a void batch, and no violation', async () => {
    const records = (batch: NewRecord[], index: number) =>
      index === 3 ? [...batchOf(turns[0] ?? [], { number: 2, owner: 'stale' }), ...batch] : batch
    const report = await auditHandMade({ turns, records })
    expect(report).toMatchObject({ clean: true, voidBatches: 1, events: turns.flat().length })
  })

  test('a number ahead is void as well, and tells that the log lost a batch', async () => {
    const records = (batch: NewRecord[], index: number) => (index === 4 ? batch.slice(0, 1) : batch)
    const report = await auditHandMade({ turns: turns.slice(0, 6), records })
    expect(broken(report)).toContain('S20')
    expect(report.voidBatches).toBeGreaterThan(0)
  })

  test.each([
    ['a mark of commands that goes back', { commands: 0n, inputs: none() }, 'S12'],
    ['a mark of replies that goes back', { replies: 0n, inputs: none() }, 'S12'],
    ['more inputs than offsets', { inputs: { applied: 99, deadLettered: 0, ignored: {} } }, 'S12'],
    ['ignored inputs that are too many', { inputs: { applied: 0, deadLettered: 0, ignored: { late: 99 } } }, 'S12'],
    ['effects sent that go back', { sentThrough: 1 }, 'S10'],
    ['effects sent that had not landed', { sentThrough: 99 }, 'S10'],
  ] as const)('%s', async (_, header, invariant) => {
    const report = await auditHandMade({ turns, headers: { 5: header } })
    expect(broken(report)).toEqual([invariant])
    expect(report.violations[0]).toMatchObject({ partition: 0, offset: expect.stringMatching(/^\d+$/) })
  })

  test('a mark past the end of what there is to consume', async () => {
    const last = turns.length - 1
    expect(broken(await auditHandMade({ turns, headers: { [last]: { commands: 99n } } }))).toEqual(['S12'])
  })

  test('an event that cannot be read', async () => {
    const records = (batch: NewRecord[], index: number) =>
      batch.map((record, i) => (index === 2 && i === 1 ? { ...record, value: '[' } : record))
    const report = await auditHandMade({ turns, records })
    expect(report.violations).toContainEqual(
      expect.objectContaining({ invariant: 'S3', saga: 'a', message: expect.stringContaining('cannot be read') }),
    )
  })
})

function none() {
  return { applied: 0, deadLettered: 0, ignored: {} }
}

describe('at rest', () => {
  test('a saga that waits for its timer is well; one whose timer is overdue is not', async () => {
    const turns = [order('r', 'running')]
    expect(await auditHandMade({ turns }, { atRest: { now: 90_000 } })).toMatchObject({ clean: true })
    expect(broken(await auditHandMade({ turns }, { atRest: { now: 200_000 } }))).toEqual(['L5'])
  })

  test('a saga that waits for nothing, and is not stuck, is left behind', async () => {
    const turns = [order('r', 'running').slice(0, 3), order('s', 'stuck')]
    const report = await auditHandMade({ turns }, { atRest: { now: 90_000 } })
    expect(report.violations.map(({ invariant, saga }) => [invariant, saga])).toEqual([['L1', 'r']])
  })
})

test('a list of violations is bounded, their number is not', async () => {
  const turns = Array.from({ length: 300 }, (_, i) => order(`n${i}`, 'completed').slice(1))
  const report = await auditHandMade({ turns })
  expect(report.violations).toHaveLength(200)
  expect(report.violationsTotal).toBeGreaterThanOrEqual(300)
  expect(reportText(report)).toMatch(/and \d+ more/)
})
