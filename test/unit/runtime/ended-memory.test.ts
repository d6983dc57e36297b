/** What a partition remembers of sagas after their end, and that a replay of the log remembers the same. */
import { expect, test } from 'vitest'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { fabricateLog, sagaOf } from '../../support/fabricate-log.ts'
import { accepted } from '../../support/fold-view.ts'
import * as e from '../../support/shape-events.ts'

const NO_DEFINITIONS = new Definitions([])
const parent = { sagaId: sagaId('day-1'), step: 'trip', attempt: 1, waits: true }
const child = [e.start({ parent }), e.ask('a'), e.done('a'), e.completed]
const undone: SagaEvent[] = [
  { type: 'undo-requested', attempt: 1 },
  { type: 'compensation-started', cause: { kind: 'parent' } },
  e.undo('a'),
]

/** The events of one decision. */
type Turn = readonly [id: string, ...events: readonly SagaEvent[]]

/** The memory as the owner fills it, a decision at a time, and as a replay of the same log does. */
function both(turns: readonly Turn[], limits = { endedSagasMax: 10, endedWholeMax: 10 }) {
  const [live, replayed] = [new PartitionState(NO_DEFINITIONS, limits), new PartitionState(NO_DEFINITIONS, limits)]
  const seqs = new Map<string, number>()
  const placed = turns.map(([id, ...events]) => {
    const seq = (seqs.get(id) ?? 0) + 1
    seqs.set(id, seq + events.length - 1)
    return sagaOf(id, events, { at: 1_000, seq })
  })
  for (const envelopes of placed) {
    const known = live.known(envelopes[0]?.sagaId ?? sagaId('none'))
    const state = envelopes.reduce<SagaState | undefined>(evolve, known?.status === 'ended' ? undefined : known)
    if (state) live.keep(state, undefined)
  }
  for (const batch of accepted(fabricateLog(placed)).batches) replayed.replay(batch)
  return { live, replayed }
}

const statusOf = (state: PartitionState, id: string) => state.known(sagaId(id))?.status

test('of most sagas little is kept, of those that may be asked for all', () => {
  const { live, replayed } = both([
    ['plain', e.start()],
    ['child', ...child],
    ['plain', e.completed],
  ])
  for (const state of [live, replayed]) {
    expect(statusOf(state, 'plain')).toBe('ended')
    expect(statusOf(state, 'child')).toBe('completed')
    expect(state.liveSagas).toBe(0)
    expect(state.quarantined.size).toBe(0)
  }
})

test('a child that its parent undoes goes on after its end, in a replay as well', () => {
  const under = both([
    ['child', ...child],
    ['child', ...undone],
  ])
  for (const state of [under.live, under.replayed]) expect(state.liveSagas).toBe(1)
  const { live, replayed } = both([
    ['child', ...child],
    ['child', ...undone],
    ['child', e.undone('a'), e.compensated],
  ])
  expect(replayed.quarantined.size).toBe(0)
  expect(replayed.known(sagaId('child'))).toEqual(live.known(sagaId('child')))
  expect(statusOf(live, 'child')).toBe('compensated')
})

test('the oldest end is cut short first; one that goes on keeps its place, live and in a replay', () => {
  const turns: Turn[] = [
    ['first', ...child],
    ['second', ...child],
    ['first', ...undone],
    ['third', ...child],
    ['second', ...undone],
  ]
  const { live, replayed } = both(turns, { endedSagasMax: 10, endedWholeMax: 2 })
  for (const state of [live, replayed]) {
    expect(statusOf(state, 'first')).toBe('compensating')
    expect(statusOf(state, 'second')).toBe('compensating')
    expect(statusOf(state, 'third')).toBe('completed')
  }
})

test('it can be forgotten while it goes on, and is remembered again at its end', () => {
  const turns: Turn[] = [
    ['first', ...child],
    ['first', ...undone],
    ['second', ...child],
    ['third', ...child],
    ['first', e.undone('a'), e.compensated],
  ]
  const { live, replayed } = both(turns, { endedSagasMax: 2, endedWholeMax: 2 })
  for (const state of [live, replayed]) {
    expect(statusOf(state, 'first')).toBe('compensated')
    expect(statusOf(state, 'second')).toBeUndefined()
    expect(state.quarantined.size).toBe(0)
  }
})
