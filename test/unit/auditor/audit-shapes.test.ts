/** Blocks, child sagas, kills and what follows an end, as an audit sees them. */
import { describe, expect, test } from 'vitest'
import { CommandLedger } from '../../../services/auditor/command-ledger.ts'
import { Findings } from '../../../services/auditor/findings.ts'
import { ParticipantLedger, type ParticipantRow } from '../../../services/auditor/participant-ledger.ts'
import { restlessness } from '../../../services/auditor/saga-audit.ts'
import { outlineOf } from '../../../services/auditor/saga-outline.ts'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { effectRecord } from '../../../shared/runtime/effect-record.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { effectsOf } from '../../../shared/saga/effects.ts'
import { auditHandMade, broken } from '../../support/audit-log.ts'
import { type Happened, historyOf, T0 } from '../../support/given-when-then.ts'
import { delivered } from '../../support/wire.ts'
import { LAWFUL_BLOCKS, oneLost } from '../saga/invariants/lawful-blocks.ts'
import { LAWFUL_ENDS, LAWFUL_FAMILIES } from '../saga/invariants/lawful-ends.ts'
import * as s from '../saga/invariants/shapes.ts'

const outline = (...events: readonly Happened[]) => outlineOf(historyOf(events))
const statusOf = (...events: readonly Happened[]) => outline(...events).status
const audited = (events: readonly Happened[], definitions: Definitions) =>
  auditHandMade({ turns: [historyOf(events)] }, { definitions })

describe('a history of every shape', () => {
  test.each([...LAWFUL_ENDS, ...LAWFUL_BLOCKS, ...LAWFUL_FAMILIES])('is clean: $what', async ({ plan, events }) => {
    expect((await audited(events, new Definitions([plan]))).violations).toEqual([])
    expect((await audited(events, new Definitions([]))).violations).toEqual([])
  })
})

describe('after the end of a saga', () => {
  const refused = [s.start, s.ask('x'), s.no('x'), s.back(s.because('x')), s.compensated]
  const plans = new Definitions([s.through])

  test('a success that came late is undone', async () => {
    expect(await audited([...refused, s.late('x'), ...s.undid('x')], plans)).toMatchObject({ clean: true })
  })
  test('nothing else is', async () => {
    expect(broken(await audited([...refused, ...s.undid('x')], plans))).toContain('S1')
    expect(broken(await audited([s.start, s.back(s.cancelled), s.compensated, s.signalled('x')], plans))).toEqual([
      'S1',
    ])
  })
  test('a kill is counted and told', async () => {
    const report = await audited([s.start, s.ask('x'), s.killed], plans)
    expect(report).toMatchObject({ clean: true, sagas: { total: 1, failed: 1, running: 0 } })
    expect(report.notes.join()).toContain('1 sagas were killed')
  })
})

describe('a saga that waits for a participant', () => {
  const held: Happened = { type: 'step-held', step: 'x', participant: 'shop' }
  const undoHeld: Happened = { type: 'compensation-held', step: 'x', participant: 'shop' }
  const plans = new Definitions([s.through])
  const LONG = T0 + 86_400_000

  test.each([
    ['before it is sent', [s.start, held]],
    ['to be sent again', [s.start, s.ask('x'), s.lost('x', T0), held]],
    ['to be undone', [s.start, ...s.did('x'), s.back(s.cancelled), undoHeld]],
  ] as const)('is at rest, however long it does: %s', async (_, events) => {
    expect(restlessness(outline(...events), LONG)).toBeUndefined()
    expect(await audited(events, plans)).toMatchObject({ violations: [] })
  })
  test('is not, once what it waited for is asked for no more', () => {
    expect(restlessness(outline(s.start, held, s.back(s.cancelled)), LONG)).toMatchObject({ invariant: 'L1' })
    expect(restlessness(outline(s.start, held, s.ask('x')), LONG)).toMatchObject({ invariant: 'L5' })
  })
  test('has sent nothing', () => {
    expect(outline(s.start, held).steps.get('x/forward')).toMatchObject({ status: 'held', attempts: 0 })
  })
})

describe('where a saga stands', () => {
  const parked = [s.start, ...s.did('a'), s.ask('b'), s.stuck('c')]
  test.each([
    ['stuck', parked],
    ['stuck', [...parked, s.ok('b')]],
    ['running', [...parked, s.retry]],
    ['compensating', [...parked, s.back(s.cancelled)]],
    ['failed', [...parked, s.killed]],
    ['compensated', [s.voided, s.answered('compensate')]],
  ] as const)('%s', (status, events) => expect(statusOf(...events)).toBe(status))

  test('what is parked on its way back stays so when more turns back', () => {
    const first = [s.start, s.opened('trip', 'parallel'), ...s.begun('trip[car]', 'trip[hotel]')]
    const back = [...s.did('trip[car].book'), s.back(s.superseded, 'trip[car]'), s.undo('trip[car].book')]
    const failed = [...first, ...back, s.undoLost('trip[car].book'), s.stuck('trip[car].book')]
    expect(statusOf(...failed, s.back(s.cancelled))).toBe('stuck')
    expect(statusOf(...first, s.stuck('trip[car].book'), s.back(s.superseded, 'trip[car]'))).toBe('running')
  })
  test('a scope that turned back has a row of its own', () => {
    const rows = [...outline(...oneLost).steps].map(([key, { status }]) => `${key} ${status}`)
    expect(rows).toContain('parcels[1]/compensate succeeded')
    expect(rows).toContain('parcels[1].label/compensate succeeded')
    expect(rows).toContain('parcels/forward succeeded')
  })
})

describe('at rest', () => {
  const later = T0 + 99_000
  const broke = (...events: readonly Happened[]) => restlessness(outline(...events), later)?.invariant
  test('a saga may wait for its child for ever, and for a person', () => {
    expect(broke(s.start, s.askKid())).toBeUndefined()
    expect(broke(s.start, s.stuck('a'))).toBeUndefined()
  })
  test('a timer beside what is parked has to fire', () => {
    expect(broke(s.start, ...s.did('a'), s.stuck('b'), s.ask('c'))).toBe('L5')
  })
  test('the timers of what turned back need not', () => {
    const opened = [s.start, s.opened('trip', 'parallel'), ...s.begun('trip[car]', 'trip[hotel]')]
    const waits = s.waiting('trip[hotel].book', null, 'paid')
    expect(broke(...opened, waits, s.ask('trip[car].book'))).toBe('L5')
    expect(broke(...opened, waits, s.ask('trip[car].book'), s.back(s.superseded, 'trip[car]'))).toBeUndefined()
  })
  test('what one turn had no room for has to be done', () => {
    expect(broke(s.start, s.askKid(), s.yields)).toBe('L5')
    expect(broke(s.start, s.askKid(), s.yields, { type: 'turn-yielded', more: false })).toBeUndefined()
  })
})

test('commands to child sagas are for no participant', () => {
  const ledger = new CommandLedger({ findings: new Findings(), replyTo: 'replies', allSent: true })
  for (const envelope of historyOf([s.start, s.askKid(), s.ask('z')])) ledger.asked(envelope, 1)
  expect([...ledger.participants]).toEqual(['shop'])
  expect([ledger.size, ledger.toChildren]).toEqual([1, 1])
})

test('a step that was renamed is asked for under the name that its participant knows', () => {
  const findings = new Findings()
  const topics = kasagaTopics('kasaga')
  const ledger = new CommandLedger({ findings, replyTo: topics.replies, allSent: true })
  const { step: _, ...asks } = s.ask('z') as Extract<SagaEvent, { type: 'step-requested' }>
  for (const envelope of historyOf([s.start, { ...asks, step: 'renamed', sentAs: 'z' }])) {
    ledger.asked(envelope, 1)
    for (const effect of effectsOf(envelope))
      ledger.sent(delivered(effectRecord(effect, { topics, source: '/test' }).record, 0n, 'shop.commands'), 'shop')
  }
  ledger.settle(1)
  ledger.expectSent('shop')
  expect(ledger.sends).toBe(1)
  expect([...ledger.unasked.keys(), ...ledger.unsent]).toEqual([])
  expect(findings.listed).toEqual([])
})

describe('participants of the steps of a block', () => {
  const label = (row: Omit<ParticipantRow, 'orderId'>) => [{ orderId: 'o', ...row }]
  async function found(rows: readonly ParticipantRow[], order: (at: number) => string): Promise<number> {
    const findings = new Findings()
    let asked = 0
    const audit = {
      name: 'labels',
      step: 'parcels[].label',
      orderId: () => order(asked++),
      async *rows() {
        yield rows
      },
    }
    const ledger = new ParticipantLedger([audit], findings)
    ledger.expect('o', outline(...oneLost, ...s.did('z'), s.completed))
    await ledger.meet(audit)
    return findings.total
  }

  test.each([
    ['three applied, and the one that failed undone', label({ applied: 3, undone: 1 }), 0],
    ['one undone too many', label({ applied: 3, undone: 2 }), 1],
    ['one applied too few', label({ applied: 2, undone: 1 }), 1],
    ['none undone', label({ applied: 3, undone: 0 }), 1],
    ['no row', [], 1],
  ])('of one order: %s', async (_, rows, breaches) => expect(await found(rows, () => 'o')).toBe(breaches))

  test('each of an order of its own', async () => {
    const rows = ['o-0', 'o-1', 'o-2'].map((orderId, i) => ({ orderId, applied: 1, undone: i === 1 ? 1 : 0 }))
    expect(await found(rows, (i) => `o-${i}`)).toBe(0)
    expect(
      await found(
        rows.map((row) => ({ ...row, undone: 0 })),
        (i) => `o-${i}`,
      ),
    ).toBe(1)
  })
})
