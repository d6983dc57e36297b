/** The book of what is under way, held against the states of random sagas after each of their events. */
import { expect, test } from 'vitest'
import { FlowBook } from '../../shared/flow/flow-book.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { stepPath } from '../../shared/message/step-path.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { SagaState, ScopeState } from '../../shared/saga/state.ts'
import { playSaga } from './play-saga.ts'
import { runs } from './property-runs.ts'
import { runOf } from './seeded-runs.ts'

const UNDER_WAY: Readonly<Record<string, string>> = {
  armed: 'sent',
  held: 'held',
  undoing: 'undo sent',
  'undo-held': 'undo held',
}

/** What a state says, found by looking at all of it. */
function underWay(state: SagaState): string[] {
  const found: string[] = []
  const look = (scope: ScopeState, path: string): void => {
    for (const step of scope.steps) {
      const at = stepPath(path, step.name)
      const what = UNDER_WAY[step.status]
      // A child saga is no participant, nor is anything else that Kasaga answers itself.
      if (what !== undefined && !step.child && !('lock' in step)) found.push(`${at} ${what}`)
      for (const inner of step.block?.scopes ?? []) look(inner, `${at}[${inner.key}]`)
    }
  }
  if (state.status !== 'failed') look(state.root, '')
  return found.sort()
}

function inBook(book: FlowBook): string[] {
  return [...book.calls()]
    .map(({ step, direction, status }) => `${step} ${direction === 'compensate' ? 'undo ' : ''}${status}`)
    .sort()
}

/** Folds a saga, looks at it after each event, and answers how often a step of it was held. */
function foldBeside(history: readonly EventEnvelope[], seed: number): number {
  const book = new FlowBook()
  let held = 0
  let state: SagaState | undefined
  for (const envelope of history) {
    state = evolve(state, envelope)
    book.take(envelope, { priority: 5, paused: state.paused !== undefined })
    if (envelope.event.type.endsWith('-held')) held++
    const at = { seed, seq: envelope.seq }
    expect({ ...at, under: inBook(book) }).toEqual({ ...at, under: underWay(state) })
  }
  expect([...book.calls()]).toEqual([])
  return held
}

test('after each event the book has just what the state has under way, and a saga that has ended leaves nothing in it', () => {
  let held = 0
  for (let seed = 1; seed <= runs(300); seed++)
    for (const { history } of playSaga(runOf(seed), { checksEach: false })) held += foldBeside(history, seed)
  expect(held).toBeGreaterThan(0)
})
