/** What a snapshot says of a saga is held against the log: whatever is changed in one, with hashes that fit, is found and named. */
import { expect, test } from 'vitest'
import type { AuditReport } from '../../../services/auditor/report.ts'
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import { type AcceptedBatch, BatchReader } from '../../../shared/message/batch.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { markRecord, partRecord, sha256 } from '../../../shared/runtime/snapshot/snapshot-mark.ts'
import { linesOf } from '../../../shared/runtime/snapshot/snapshot-text.ts'
import { capture } from '../../../shared/runtime/snapshot/state-tables.ts'
import { piecesOf } from '../../../shared/runtime/snapshot/text-pieces.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { auditHandMade, mixedTurns, TOPICS } from '../../support/audit-log.ts'

const { endedSagasMax, endedWholeMax, freeLocksMax } = ORCHESTRATOR_LIMITS
const LIMITS = { endedSagasMax, endedWholeMax, freeLocksMax: freeLocksMax ?? 0 }
const STAMP = { at: 0, source: '/test' }
/** Some sagas have ended at this batch, others have not. */
const AT = 9

type Change = (lines: string[]) => string[]

async function foldedTo(broker: Broker, number: number): Promise<{ state: PartitionState; batch: AcceptedBatch }> {
  const state = new PartitionState(new Definitions([fulfilOrder]), ORCHESTRATOR_LIMITS)
  const reader = new BatchReader()
  for await (const records of broker.read(TOPICS.events, 0, 0n))
    for (const record of records) {
      const batch = reader.read(record)
      if (batch) state.replay(batch)
      if (batch?.header.number === number) return { state, batch }
    }
  throw new Error(`the log has no batch ${number}`)
}

/** As its owner would have written it, but for the change, with the hashes of what is written. */
async function snapshotOf(broker: Broker, change: Change, owner: string): Promise<NewRecord[]> {
  const { state, batch } = await foldedTo(broker, AT)
  const { header, offset, nextOffset: next } = batch
  const [text, ...more] = piecesOf(change([...linesOf(capture(state.tables, 'all'))]), 10_000_000)
  if (!text || more.length > 0) throw new Error('it is one piece')
  const place = { number: AT, offset }
  const segment = { id: `${owner}/${AT}`, parts: 1, bytes: text.length, sha256: sha256(text) }
  const { rest, unreadable } = state
  const mark = {
    ...{ owner, standing: { ...place, owner, next }, unsent: place, sentThrough: header.sentThrough },
    ...{ marks: { commands: header.commands, replies: header.replies }, rest, unreadable },
    ...{ limits: LIMITS, segments: [segment] },
  }
  return [partRecord(segment.id, 0, text, STAMP), markRecord(mark, STAMP)]
}

function audited(change: Change, owner = 'test'): Promise<AuditReport> {
  return auditHandMade({
    turns: mixedTurns(),
    chained: true,
    snapshots: (broker) => snapshotOf(broker, change, owner),
  })
}

const entryOf = (table: string, id: string) => `["+","${table}","${id}"`
const replaced =
  (entry: string, text: string | RegExp, instead: string): Change =>
  (lines) =>
    lines.map((line) => (line.startsWith(entry) ? line.replace(text, instead) : line))

test('a snapshot that says what the log says is clean, and the report says for how many sagas', async () => {
  const report = await audited((lines) => lines)
  expect(report.violations).toEqual([])
  expect(report.checked).toContainEqual({ id: 'S2', over: 5, of: 'sagas in snapshots' })
  expect(report.notChecked.map(({ id }) => id)).not.toContain('S2')
})

const CHANGES: readonly (readonly [what: string, saga: string, change: Change])[] = [
  ['an older saga', 'c', replaced(entryOf('live', 'c'), /"seq":(\d+)/, '"seq":1')],
  ['another status', 'c', replaced(entryOf('live', 'c'), /"status":"\w+"/, '"status":"lost"')],
  ['another version', 'd', replaced(entryOf('live', 'd'), '"version":1', '"version":2')],
  ['a saga less', 'd', (lines) => lines.filter((line) => !line.startsWith(entryOf('live', 'd')))],
  ['a saga that never was', 'x', (lines) => [...lines, ...lines.flatMap((line) => renamed(line, 'd', 'x'))]],
  [
    'a saga that has ended as a live one',
    'a',
    (lines) => [...lines, ...lines.flatMap((line) => renamed(line, 'd', 'a'))],
  ],
]

function renamed(line: string, from: string, to: string): string[] {
  return line.startsWith(entryOf('live', from)) ? [line.replace(`"live","${from}"`, `"live","${to}"`)] : []
}

test.each(CHANGES)('%s is found, with saga, partition and offset', async (_, saga, change) => {
  let isChanged = false
  const report = await audited((lines) => {
    const changed = change([...lines])
    isChanged = changed.join() !== lines.join()
    return changed
  })
  expect(isChanged).toBe(true)
  expect(report.violations).toHaveLength(1)
  expect(report.violations[0]).toMatchObject({
    invariant: 'S2',
    saga,
    partition: 0,
    offset: expect.stringMatching(/^\d+$/),
  })
  expect(report.violations[0]?.message).toContain(`the snapshot of test at batch ${AT} `)
})

test('one of another log, and one that is not whole, are used by nobody: they are no violation, and are told', async () => {
  const other = await audited((lines) => lines.slice(1), 'another')
  expect(other.violations).toEqual([])
  expect(other.notes.join()).toContain('1 snapshots of partition 0 are of another log')
  const damaged = await auditHandMade({
    turns: mixedTurns(),
    snapshots: async (broker) => (await snapshotOf(broker, (lines) => lines, 'test')).slice(1),
  })
  expect(damaged.violations).toEqual([])
  expect(damaged.notes.join()).toContain('1 snapshots of partition 0 are not whole')
  expect(damaged.notChecked.map(({ id }) => id)).toContain('S2')
})
