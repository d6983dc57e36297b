/** Rows of a view against a log: those up to the checkpoint, and no others. */
import { expect, test } from 'vitest'
import { Findings } from '../../../services/auditor/findings.ts'
import { LockLedger } from '../../../services/auditor/lock-ledger.ts'
import { ParticipantLedger } from '../../../services/auditor/participant-ledger.ts'
import { PartitionAudit } from '../../../services/auditor/partition-audit.ts'
import { Plans } from '../../../services/auditor/saga-audit.ts'
import { ViewAudit } from '../../../services/auditor/view-audit.ts'
import type { ViewSaga } from '../../../services/auditor/view-rows.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
import { fabricateLog, order } from '../../support/fabricate-log.ts'

const AFTER_THREE: ViewSaga = {
  status: 'running',
  definition: 'fulfil-order',
  version: 1,
  seq: 3,
  endedAt: null,
  steps: 'stock/forward succeeded 1',
  events: 3,
  seqMax: 3,
  offsets: 6n,
}
/** Two batches: the first three events of a saga, at offsets 1 to 3, and its others. */
const turns = (): EventEnvelope[][] => [order('a', 'completed').slice(0, 3), order('a', 'completed').slice(3)]
const checkpoint = { projection: 'sagas', nextOffset: 4n, nextNumber: 2, commands: 1n, replies: 2n }

type Sagas = Readonly<Record<string, ViewSaga>>

function audited(log: readonly LogRecord[], sagas: Sagas, at = checkpoint): { findings: Findings; view: ViewAudit } {
  const findings = new Findings()
  const rows = { checkpoints: [at], sagas: new Map(Object.entries(sagas)) }
  const view = new ViewAudit(0, rows, findings)
  const counts = { total: 0, completed: 0, compensated: 0, stuck: 0, failed: 0, running: 0 }
  const participants = new ParticipantLedger([], findings)
  const empty = { commands: undefined, atRest: undefined, locks: new LockLedger(findings) }
  const shared = { findings, plans: new Plans(undefined), counts, participants, ...empty }
  const partition = new PartitionAudit(0, shared, { view, snapshots: undefined })
  for (const record of log) partition.take(record)
  partition.close()
  return { findings, view }
}

function invariants(log: readonly LogRecord[], sagas: Sagas, at = checkpoint): string[] {
  return audited(log, sagas, at)
    .findings.listed.filter(({ message }) => message.startsWith('view') || message.startsWith('the checkpoint'))
    .map(({ invariant }) => invariant)
}

test('rows as they were at the checkpoint are right, however far the log has gone since', () => {
  expect(invariants(fabricateLog(turns()), { a: AFTER_THREE })).toEqual([])
})

test('it is told how many events the views do not hold, since nothing is known of their rows', () => {
  const [first, second] = turns()
  expect(audited(fabricateLog(turns()), { a: AFTER_THREE }).view.behind).toBe(second?.length)
  expect(audited(fabricateLog([first ?? []]), { a: AFTER_THREE }).view.behind).toBe(0)
  const empty = { ...checkpoint, nextOffset: 0n, nextNumber: 1, commands: 0n, replies: 0n }
  expect(audited(fabricateLog(turns()), {}, empty).view.behind).toBe(8)
})

test('rows that are further than the checkpoint were not written together with it', () => {
  expect(invariants(fabricateLog(turns()), { a: { ...AFTER_THREE, seq: 4 } })).toEqual(['S17'])
  expect(invariants(fabricateLog(turns()), { a: { ...AFTER_THREE, seq: 2 } })).toEqual(['S16'])
})

test('a checkpoint stands at the end of a batch, with the marks of it', () => {
  for (const change of [{ nextNumber: 3 }, { commands: 9n }, { replies: 9n }])
    expect(invariants(fabricateLog(turns()), { a: AFTER_THREE }, { ...checkpoint, ...change })).toEqual(['S17'])
})

test('of a saga with an event that cannot be read, nothing is asked of its row', () => {
  const unreadable = fabricateLog([order('a', 'completed').slice(0, 1)]).map((record) =>
    record.key === null ? record : { ...record, value: null },
  )
  expect(invariants(unreadable, { a: { ...AFTER_THREE, status: null } }, { ...checkpoint, nextOffset: 2n })).toEqual([])
})
