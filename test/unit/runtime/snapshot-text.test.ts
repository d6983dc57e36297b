/** A partition's memory as text and back: nothing is lost, and no piece of work or record is large. */
import { expect, test } from 'vitest'
import { lockId, sagaId } from '../../../shared/message/ids.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { linesOf, SnapshotText } from '../../../shared/runtime/snapshot/snapshot-text.ts'
import { apply, capture } from '../../../shared/runtime/snapshot/state-tables.ts'
import { piecesOf } from '../../../shared/runtime/snapshot/text-pieces.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { sagaOf } from '../../support/fabricate-log.ts'
import * as e from '../../support/shape-events.ts'

const ITEMS = 10_000
const ITEM_TEXT = 'ü'.repeat(200)
const LIMITS = { endedSagasMax: 10, endedWholeMax: 10, freeLocksMax: 10 }
const memory = () => new PartitionState(new Definitions([]), LIMITS)

/** A saga of so many items, and in each a block of branches that has begun. */
function largeSaga(items: number): SagaState {
  const events = [
    e.start(),
    { type: 'block-started', step: 'parcels', block: 'each', count: items } as const,
    ...Array.from({ length: items }, (_, i) => [
      { type: 'scope-started', scope: `parcels[${i}]`, item: { n: i, text: ITEM_TEXT } } as const,
      { type: 'block-started', step: `parcels[${i}].ways`, block: 'parallel', count: null } as const,
      { type: 'scope-started', scope: `parcels[${i}].ways[fast]` } as const,
    ]).flat(),
  ]
  const state = sagaOf('large', events).reduce<SagaState | undefined>(evolve, undefined)
  if (!state) throw new Error('there are events')
  return state
}

function there(state: PartitionState): PartitionState {
  const text = new SnapshotText()
  for (const piece of piecesOf(linesOf(capture(state.tables, 'all')), 1_000)) text.push(piece)
  text.end()
  const copy = memory()
  apply(copy.tables, text.captured)
  copy.filled(state.rest)
  return copy
}

test(`a saga of ${ITEMS} items with blocks in them comes back as it was, from lines of which none is long`, () => {
  const saga = largeSaga(ITEMS)
  const state = memory()
  state.keep(saga, 'chain')
  const lines = [...linesOf(capture(state.tables, 'all'))]
  const bytes = lines.reduce((sum, line) => sum + line.length, 0)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(bytes / 20)
  const copy = there(state)
  expect(copy.live(saga.id)).toEqual(saga)
  // What it is made of goes on as what it was made from.
  const next = {
    ...sagaOf('large', [{ type: 'scope-completed', scope: 'parcels[7].ways[fast]' }])[0],
    seq: saga.seq + 1,
  }
  expect(evolve(copy.live(saga.id), next as never)).toEqual(evolve(saga, next as never))
})

test('a lock of which nothing is forgotten has still no time at which it was', () => {
  const state = memory()
  const lock = { id: lockId('sku:1'), seq: 0, token: 0, permits: 1, asks: [], over: [], acts: [] }
  state.locks.keep({ ...lock, overThrough: Number.NEGATIVE_INFINITY })
  state.locks.keep({ ...lock, id: lockId('sku:2'), overThrough: 7 })
  const copy = there(state)
  expect(copy.locks.known(lockId('sku:1')).overThrough).toBe(Number.NEGATIVE_INFINITY)
  expect(copy.locks.known(lockId('sku:2')).overThrough).toBe(7)
  expect(copy.rest).toEqual(state.rest)
})

test('one that broke a decision is told as the log has it: the next owner may know how to decide', () => {
  const state = memory()
  const saga = largeSaga(1)
  state.keep(saga, 'chain')
  state.stop('large', { why: 'its mapping fails', since: 0 })
  expect([state.live(saga.id), state.known(saga.id), state.liveSagas]).toEqual([undefined, undefined, 0])
  const copy = there(state)
  expect(copy.quarantined.size).toBe(0)
  expect(copy.live(sagaId('large'))).toEqual(saga)
})

test.each([
  [1, ['a', 'bc', '']],
  [3, ['ü', 'üüü', 'a'.repeat(10)]],
  [1_000, ['a', 'b']],
  [7, []],
])('text is cut into pieces of %s bytes, whatever its lines are', (bytesMax, lines) => {
  const pieces = [...piecesOf(lines, bytesMax)]
  expect(Buffer.concat(pieces).toString()).toBe(lines.map((line) => `${line}\n`).join(''))
  expect(pieces.slice(0, -1).every((piece) => piece.length === bytesMax)).toBe(true)
  expect(pieces.every((piece) => piece.length > 0 && piece.length <= bytesMax)).toBe(true)
})

test.each(['["+","live"]', '["+","nothing","a",1]', 'no json', '["scopes",[]]', '["+","whole","a",true'])(
  'what is no snapshot is said to be none: %s',
  (line) => {
    const text = new SnapshotText()
    expect(() => {
      text.push(Buffer.from(line.endsWith('true') ? line : `${line}\n`))
      text.end()
    }).toThrow()
  },
)

test('what the code of a definition is shown of a saga that was read from a snapshot cannot be changed by it', () => {
  const [before, after] = [memory(), memory()]
  before.keep(largeSaga(2), undefined)
  const text = new SnapshotText()
  for (const piece of piecesOf(linesOf(capture(before.tables, 'all')), 1_000)) text.push(piece)
  text.end()
  apply(after.tables, text.captured)
  const saga = after.live(sagaId('large'))
  expect(saga?.input).toEqual(largeSaga(2).input)
  expect(Object.isFrozen(saga?.input)).toBe(true)
  const items = saga?.root.steps.flatMap(({ block }) => [...(block?.scopes ?? [])].map(({ item }) => item)) ?? []
  expect(items.map((item) => Object.isFrozen(item))).toEqual([true, true])
})
