import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../../shared/message/errors.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import {
  act,
  asked,
  cancelCause,
  compensated,
  completed,
  done,
  FATAL,
  requested,
  started,
  stuck,
  succeeded,
  turned,
  undoRequested,
} from '../../support/fulfil-events.ts'
import { foldOf, given, type Happened, historyOf } from '../../support/given-when-then.ts'

const fold = (...happened: readonly Happened[]) => foldOf(historyOf(happened))

describe('the fold', () => {
  it.each<[string, readonly Happened[]]>([
    ['no start', [requested('stock')]],
    ['two starts', [started, started]],
    ['an event after the end', [started, turned(cancelCause), compensated, asked('retry-requested')]],
    ['an answer to nothing', [started, succeeded('stock')]],
    ['an attempt while one is open', [started, requested('stock'), requested('stock', 2)]],
    ['a command on the way back', [started, turned(cancelCause), requested('stock')]],
    ['a second turn', [started, turned(cancelCause), turned(cancelCause)]],
    ['an undo before the turn', [started, ...done('stock'), undoRequested('stock')]],
    [
      'an end while an undo is open',
      [started, ...done('stock'), turned(cancelCause), undoRequested('stock'), compensated],
    ],
    ['an end that does not fit the way', [started, turned(cancelCause), completed]],
    ['compensated without a turn', [started, compensated]],
    ['a retry of what is not stuck', [started, asked('retry-requested')]],
  ])('refuses %s', (_, happened) => expect(() => fold(...happened)).toThrow(InvariantError))

  it('refuses a number that is not the next', () => {
    const [first, second] = historyOf([started, requested('stock')])
    if (!first || !second) throw new Error('two events')
    expect(() => evolve(evolve(undefined, first), { ...second, seq: 3 })).toThrow(/S1/)
    expect(() => evolve(undefined, { ...first, seq: 2 })).toThrow(/S1/)
  })

  it('shows nobody anything that can be written to', () => {
    const state = fold(started, ...done('stock'))
    expect(Object.isFrozen(state?.input)).toBe(true)
    expect(Object.isFrozen(state?.root.steps[0]?.output)).toBe(true)
  })

  it('remembers a bounded number of requests', () => {
    const asks = Array.from({ length: 150 }, (_, i) => [
      stuck('stock', FATAL),
      asked('retry-requested', `r-${i}`),
    ]).flat()
    const state = fold(started, ...asks)
    expect(state?.acts).toHaveLength(100)
    expect(state?.acts.at(-1)).toBe('r-149')
    given(started, ...asks, stuck('stock', FATAL))
      .when(act('retry', 'r-149'))
      .thenIgnored('duplicate-request')
  })
})
