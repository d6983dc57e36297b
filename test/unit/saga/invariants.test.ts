import { describe, expect, it } from 'vitest'
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { type InvariantId, outlineOf, violations } from '../../../shared/saga/invariants.ts'
import { fulfil } from '../../support/fulfil.ts'
import {
  asked,
  BROKEN,
  cancelCause,
  compensated,
  completed,
  DEADLINE_AT,
  DECLINED,
  done,
  FATAL,
  failed,
  rejected,
  requested,
  started,
  stuck,
  succeeded,
  timedOut,
  turned,
  undoFailed,
  undone,
  undoRequested,
} from '../../support/fulfil-events.ts'
import { type Happened, historyOf, T0 } from '../../support/given-when-then.ts'

const plan = outlineOf(fulfil)
const whole = [started, ...done('stock'), ...done('charge'), ...done('ship'), ...done('notify'), completed]
const cancelled = [started, ...done('stock'), ...done('charge'), turned(cancelCause)]
const at = (time: number, event: SagaEvent): Happened => ({ at: time, event })
const pastPivot: SagaEvent = { type: 'cancel-refused', requestId: 'r', actor: 'ann', why: 'past-pivot' }

/** A bad history, what it breaks, and whether that shows without the plan. */
type Planted = readonly [what: string, InvariantId, history: readonly Happened[], withoutPlan: boolean]

const PLANTED: readonly Planted[] = [
  ['no start', 'S1', [requested('stock')], true],
  ['two starts', 'S1', [started, started], true],
  ['an event after the end', 'S1', [...whole, asked('retry-requested')], true],
  ['an end after the end', 'S1', [...whole, completed], true],
  ['a second turn', 'S3', [...cancelled, turned(cancelCause)], true],
  ['an answer to nothing', 'S3', [started, succeeded('stock')], true],
  ['an attempt while one is open', 'S3', [started, requested('stock'), requested('stock', 2)], true],
  ['a step forward on the way back', 'S3', [started, ...done('stock'), turned(cancelCause), requested('charge')], true],
  ['an undo before the turn', 'S3', [started, ...done('stock'), undoRequested('stock')], true],
  ['a retry of what is not stuck', 'S3', [started, asked('retry-requested')], true],
  ['a command while stuck', 'S3', [started, stuck('stock', FATAL), requested('stock')], true],
  ['stuck twice', 'S3', [started, stuck('stock', FATAL), stuck('stock', FATAL)], true],
  ['a completed saga that turned back', 'S3', [started, turned(cancelCause), completed], true],
  ['compensated without a turn', 'S3', [started, compensated], true],
  [
    'a step done that was not confirmed',
    'S3',
    [started, requested('stock'), rejected('stock', DECLINED), succeeded('stock')],
    true,
  ],
  ['a step that the plan does not have', 'S4', [started, { ...requested('stock'), step: 'other' } as SagaEvent], false],
  ['a step left out', 'S4', [started, ...done('stock'), requested('ship')], false],
  ['a step before the one before it is done', 'S4', [started, requested('stock'), requested('charge')], false],
  ['completed with a step open', 'S4', [started, requested('stock'), completed], true],
  ['completed with a step left out', 'S4', [started, ...done('stock'), completed], false],
  ['a step that was not undone', 'S5', [...cancelled, undoRequested('charge'), undone('charge'), compensated], false],
  ['nothing undone', 'S5', [...cancelled, compensated], false],
  ['an unknown outcome not undone', 'S5', [started, requested('stock'), turned(cancelCause), compensated], false],
  [
    'an undo not confirmed',
    'S5',
    [started, ...done('stock'), turned(cancelCause), undoRequested('stock'), compensated],
    true,
  ],
  [
    'an undo given up',
    'S5',
    [
      started,
      ...done('stock'),
      turned(cancelCause),
      undoRequested('stock'),
      undoFailed('stock', FATAL, { retryAt: null }),
      compensated,
    ],
    true,
  ],
  ['an undo of what was never sent', 'S5', [started, turned(cancelCause), undoRequested('stock')], true],
  [
    'an undo of what was refused',
    'S5',
    [started, requested('stock'), rejected('stock', DECLINED), turned(cancelCause), undoRequested('stock')],
    true,
  ],
  [
    'an undo twice',
    'S5',
    [
      started,
      ...done('stock'),
      turned(cancelCause),
      undoRequested('stock'),
      undone('stock'),
      undoRequested('stock', { attempt: 2 }),
    ],
    true,
  ],
  [
    'an undo of a step that has none',
    'S5',
    [
      started,
      ...done('stock'),
      ...done('charge'),
      requested('ship'),
      turned(cancelCause),
      { ...undoRequested('stock'), step: 'ship' } as SagaEvent,
    ],
    false,
  ],
  [
    'undone in forward order',
    'S6',
    [...cancelled, undoRequested('stock'), undone('stock'), undoRequested('charge')],
    false,
  ],
  ['two undone at once', 'S6', [...cancelled, undoRequested('charge'), undoRequested('stock')], false],
  [
    'turned back past the pivot',
    'S7',
    [started, ...done('stock'), ...done('charge'), ...done('ship'), turned(cancelCause)],
    false,
  ],
  [
    'turned back while the pivot is out',
    'S7',
    [started, ...done('stock'), ...done('charge'), requested('ship'), turned(cancelCause)],
    false,
  ],
  [
    'undone past the pivot',
    'S7',
    [started, ...done('stock'), ...done('charge'), ...done('ship'), turned(cancelCause), undoRequested('charge')],
    false,
  ],
  ['turned back after a cancel was too late', 'S7', [started, ...done('stock'), pastPivot, turned(cancelCause)], true],
  [
    'an attempt number twice',
    'S10',
    [started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 }), requested('stock', 1)],
    true,
  ],
  ['an attempt left out', 'S10', [started, requested('stock', 2)], true],
  [
    'an undo attempt twice',
    'S10',
    [
      started,
      ...done('stock'),
      turned(cancelCause),
      undoRequested('stock'),
      undoFailed('stock', BROKEN, { retryAt: T0 }),
      undoRequested('stock'),
    ],
    true,
  ],
  ['an answer to an attempt that was not sent', 'S10', [started, requested('stock'), succeeded('stock', 2)], true],
  ['a command to nobody', 'S10', [started, { ...requested('stock'), participant: '' } as SagaEvent], true],
  ['a command given up before it is sent', 'S10', [started, at(T0 + 99_999, requested('stock'))], true],
  [
    'an answer that was heard after the turn',
    'S14',
    [started, requested('stock'), turned(cancelCause), undoRequested('stock'), succeeded('stock')],
    true,
  ],
  [
    'a refusal that was heard after the turn',
    'S14',
    [started, requested('stock'), turned(cancelCause), rejected('stock', DECLINED)],
    true,
  ],
  [
    'a timeout before its time',
    'S15',
    [started, requested('stock'), at(T0 + 29_999, failed('stock', timedOut(1, 30_000), { retryAt: T0 + 99_000 }))],
    true,
  ],
  [
    'a timeout that forgets progress',
    'S15',
    [
      started,
      requested('stock'),
      at(T0 + 9, { type: 'step-progressed', step: 'stock', timeoutAt: T0 + 30_009, payload: null }),
      at(T0 + 30_000, failed('stock', timedOut(1, 30_000), { retryAt: null })),
    ],
    true,
  ],
  [
    'a retry before its time',
    'S15',
    [
      started,
      requested('stock'),
      failed('stock', BROKEN, { retryAt: T0 + 250 }),
      at(T0 + 249, requested('stock', 2, T0 + 249)),
    ],
    true,
  ],
  [
    'an undo’s timeout before its time',
    'S15',
    [
      started,
      requested('stock'),
      turned(cancelCause),
      undoRequested('stock'),
      at(T0 + 1, undoFailed('stock', timedOut(1, 30_000), { retryAt: T0 })),
    ],
    true,
  ],
  [
    'an undo’s retry before its time',
    'S15',
    [
      started,
      requested('stock'),
      turned(cancelCause),
      undoRequested('stock'),
      undoFailed('stock', BROKEN, { retryAt: T0 + 9 }),
      undoRequested('stock', { attempt: 2 }),
    ],
    true,
  ],
  [
    'a deadline before its time',
    'S15',
    [started, at(DEADLINE_AT - 1, turned({ kind: 'deadline', deadlineAt: DEADLINE_AT }))],
    true,
  ],
]

const found = (history: readonly EventEnvelope[], withPlan: boolean) =>
  violations(history, withPlan ? plan : undefined).map(({ invariant }) => invariant)

describe('the invariants of a history', () => {
  it.each(PLANTED)('find %s (%s)', (_, invariant, happened, withoutPlan) => {
    const history = historyOf(happened)
    expect(found(history, true)).toContain(invariant)
    if (withoutPlan) expect(found(history, false)).toContain(invariant)
  })

  it.each([
    ['a gap', [1, 3]],
    ['a repeat', [1, 1]],
    ['a wrong first number', [0, 1]],
  ] as const)('find %s in the numbers (S1)', (_, numbers) => {
    const history = historyOf([started, requested('stock')]).map((envelope, i) => ({
      ...envelope,
      seq: numbers[i] ?? 0,
    }))
    expect(found(history, false)).toContain('S1')
  })

  it('find the event of another saga (S1), and say where', () => {
    const [first, second] = historyOf([started, requested('stock')])
    if (!first || !second) throw new Error('two events')
    const stray = { ...second, sagaId: sagaId('another') }
    expect(violations([first, stray], plan)).toMatchObject([{ invariant: 'S1', seq: 2 }])
  })

  it('hold for good histories, with the plan and without', () => {
    const good: readonly (readonly Happened[])[] = [
      [],
      whole,
      [
        ...cancelled,
        undoRequested('charge', { chargeId: 'c-1' }),
        undone('charge'),
        undoRequested('stock'),
        undone('stock'),
        compensated,
      ],
      [
        started,
        requested('stock'),
        rejected('stock', DECLINED),
        turned({ kind: 'rejected', step: 'stock', error: DECLINED }),
        compensated,
      ],
      [started, stuck('stock', FATAL), asked('retry-requested'), requested('stock')],
      [
        started,
        requested('stock'),
        failed('stock', BROKEN, { retryAt: T0 + 999 }),
        stuck('stock', FATAL),
        asked('retry-requested'),
        requested('stock', 2),
      ],
    ]
    for (const happened of good) {
      expect(violations(historyOf(happened), plan)).toEqual([])
      expect(violations(historyOf(happened))).toEqual([])
    }
  })
})
