/** What participants were sent, what they did, and what was given up, held against the log. */
import { describe, expect, test } from 'vitest'
import {
  type ParticipantAudit,
  type ParticipantRow,
  rowsOfPages,
} from '../../../services/auditor/participant-ledger.ts'
import { deadLetterRecord } from '../../../shared/message/dead-letter.ts'
import { auditHandMade, broken, mixedTurns, type Send, TOPICS } from '../../support/audit-log.ts'
import { order, stored } from '../../support/fabricate-log.ts'

const turns = mixedTurns()

describe('commands', () => {
  const sent = (sends: (all: Send[]) => Send[]) => auditHandMade({ turns, sends }, { commands: true })

  test('sent once or more, as their events say', async () => {
    expect(await sent((all) => [...all, ...all])).toMatchObject({ clean: true })
  })

  test('one that was never sent', async () => {
    const report = await sent((all) => all.slice(1))
    const message = 'the command a/stock/forward/1 was never sent to inventory'
    expect(report.violations).toEqual([{ invariant: 'S10', saga: 'a', message }])
  })

  test('one that is not said to be sent may be missing, unless all is at rest', async () => {
    const made = { chained: true, turns: [order('r', 'running')], sends: (all: Send[]) => all.slice(0, -1) }
    const info = await auditHandMade(made, { commands: true })
    expect(info).toMatchObject({ clean: true, notes: [expect.stringContaining('newest effects')] })
    expect(broken(await auditHandMade(made, { commands: true, atRest: { now: 5_000 } }))).toEqual(['S10'])
  })

  test('one that no event asks for', async () => {
    const report = await sent((all) => [
      ...all,
      ...all.slice(0, 1).map(({ participant, record }) => {
        const headers = record.headers.map(
          ([name, value]) => [name, name === 'ce_id' ? 'a/stock/forward/7' : value] as const,
        )
        return { participant, record: { ...record, headers } }
      }),
    ])
    expect(report.violations).toMatchObject([{ invariant: 'S10', saga: 'a' }])
  })

  test('one whose bytes are not what its event says', async () => {
    const report = await sent(([first, ...others]) =>
      first ? [first, { ...first, record: { ...first.record, value: '{"step":"other"}' } }, ...others] : others,
    )
    expect(report.violations).toMatchObject([{ invariant: 'S9', saga: 'a' }])
  })

  test('those of another installation are left alone', async () => {
    const report = await sent((all) => [
      ...all,
      ...all.slice(0, 1).map(({ participant, record }) => {
        const change = (name: string, value: string | Uint8Array) =>
          name === 'ce_replyto' ? 'other.replies' : name === 'ce_id' ? 'x/stock/forward/1' : value
        return {
          participant,
          record: { ...record, headers: record.headers.map(([n, v]) => [n, change(n, v)] as const) },
        }
      }),
    ])
    expect(report).toMatchObject({ clean: true })
  })
})

/** In `mixedTurns`: a and e are completed, b has its charge rejected, c is stuck on shipping, d is cancelled while charging. */
const CHARGED: readonly ParticipantRow[] = [
  { orderId: 'a', applied: 2_500, undone: 0 },
  { orderId: 'c', applied: 2_500, undone: 0 },
  { orderId: 'd', applied: 2_500, undone: 2_500 },
  { orderId: 'e', applied: 2_500, undone: 0 },
]
const RESERVED: readonly ParticipantRow[] = ['a', 'b', 'c', 'd', 'e'].map((orderId) => {
  return { orderId, applied: 1, undone: orderId === 'b' || orderId === 'd' ? 1 : 0 }
})

function payment(rows: readonly ParticipantRow[], mismatches: readonly string[] = []): ParticipantAudit {
  const pages = rowsOfPages(async ({ after = '', ordersMax }) => {
    return rows.filter(({ orderId }) => orderId > after).slice(0, ordersMax)
  }, 2)
  return { name: 'payment', step: 'charge', units: () => 2_500, rows: () => pages, mismatches: async () => mismatches }
}

const inventory = (rows: readonly ParticipantRow[]): ParticipantAudit => {
  return {
    name: 'inventory',
    step: 'stock',
    definition: 'fulfil-order',
    async *rows() {
      yield rows
    },
  }
}

describe('participants', () => {
  const of = (...participants: ParticipantAudit[]) => auditHandMade({ turns }, { participants })
  const charged = (change: (row: ParticipantRow) => readonly ParticipantRow[]) => of(payment(CHARGED.flatMap(change)))
  const only = (id: string, change: Partial<ParticipantRow>) => (row: ParticipantRow) => [
    row.orderId === id ? { ...row, ...change } : row,
  ]

  test('whose rows are what the sagas say', async () => {
    const report = await of(payment(CHARGED), inventory(RESERVED))
    expect(report.violations).toEqual([])
    expect(report.checked).toContainEqual({ id: 'S8', over: 4, of: 'orders of payment' })
  })

  test('a charge of unknown outcome may have never happened', async () => {
    expect(await charged((row) => (row.orderId === 'd' ? [] : [row]))).toMatchObject({ clean: true })
  })

  const faults: readonly [string, (row: ParticipantRow) => readonly ParticipantRow[], string][] = [
    ['a completed saga that is charged twice', only('a', { applied: 5_000 }), 'a'],
    ['a completed saga that is refunded', only('a', { undone: 2_500 }), 'a'],
    ['a completed saga without a charge', (row) => (row.orderId === 'a' ? [] : [row]), 'a'],
    ['a charge of the wrong amount', only('e', { applied: 2_499 }), 'e'],
    ['a compensated saga that is not refunded', only('d', { undone: 0 }), 'd'],
    ['a compensated saga that is refunded twice', only('d', { undone: 5_000 }), 'd'],
    ['a stuck saga whose charge is gone', (row) => (row.orderId === 'c' ? [] : [row]), 'c'],
    ['a charge that was rejected', (row) => (row.orderId === 'a' ? [row, { ...row, orderId: 'b' }] : [row]), 'b'],
    ['an order that no saga knows', (row) => (row.orderId === 'e' ? [row, { ...row, orderId: 'x' }] : [row]), 'x'],
  ]
  test.each(faults)('%s', async (_, change, saga) => {
    const report = await charged(change)
    expect(report.violations).toMatchObject([{ invariant: 'S8', saga, message: expect.stringContaining('payment') }])
  })

  test('stock that was set aside and not given back', async () => {
    const rows = RESERVED.map((row) => (row.orderId === 'b' ? { ...row, undone: 0 } : row))
    expect((await of(inventory(rows))).violations).toMatchObject([{ invariant: 'S8', saga: 'b' }])
  })

  test('are held against the order that a command is for, which need not have the id of its saga', async () => {
    const turns = [order('a', 'completed')]
    const rows = [{ orderId: 'of-a', applied: 2_500, undone: 0 }]
    const named = { ...payment(rows), orderId: () => 'of-a' }
    expect(await auditHandMade({ turns }, { participants: [named] })).toMatchObject({ clean: true })
    expect(broken(await auditHandMade({ turns }, { participants: [payment(rows)] }))).toEqual(['S8'])
  })

  test('of two sagas with one order, the refused one says nothing of it', async () => {
    const turns = [order('a', 'completed'), order('b', 'compensated')]
    const rows = [{ orderId: 'shared', applied: 2_500, undone: 0 }]
    const named = { ...payment(rows), orderId: () => 'shared' }
    expect(await auditHandMade({ turns }, { participants: [named] })).toMatchObject({ clean: true })
  })

  test('a payload that cannot be counted is told, and the audit goes on', async () => {
    const units = () => {
      throw new TypeError('no cents')
    }
    const report = await of({ ...payment([]), units })
    expect(broken(report)).toEqual(['S8'])
    expect(report.violations[0]?.message).toContain('no cents')
    expect(report.sagas.total).toBe(5)
  })

  test('two rows of one order, and what the tables say against themselves', async () => {
    const twice: ParticipantAudit = {
      ...inventory([]),
      async *rows() {
        yield RESERVED
        yield RESERVED.slice(0, 1)
      },
    }
    expect((await of(twice)).violations).toMatchObject([{ invariant: 'S8', saga: 'a' }])
    expect((await of(payment(CHARGED, ['the till is short']))).violations).toMatchObject([{ invariant: 'S8' }])
  })
})

describe('dead letters', () => {
  const counted = { 4: { inputs: { applied: 0, deadLettered: 1, ignored: {} } } }
  const letter = () => {
    const place = { topic: TOPICS.commands, partition: 0, offset: 4n, timestamp: 1 }
    const record = stored({ key: 'k', value: '?', headers: [] }, place)
    return deadLetterRecord(record, { reason: 'not-json', message: '?', group: 'g', service: 'orchestrator', at: 1 })
  }

  test('are counted by reason, and one that is stored twice is well', async () => {
    const report = await auditHandMade({ turns, headers: counted, deadLetters: [letter(), letter()] })
    expect(report).toMatchObject({ clean: true, deadLetters: { total: 2, byReason: { 'not-json': 2 } } })
  })

  test('that the log counts and nobody kept', async () => {
    expect(broken(await auditHandMade({ turns, headers: counted }))).toEqual(['S18'])
  })
})
