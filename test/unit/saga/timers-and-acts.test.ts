import { describe, expect, it } from 'vitest'
import {
  act,
  asked,
  BROKEN,
  cancelCause,
  compensated,
  completed,
  DEADLINE_AT,
  done,
  FATAL,
  failed,
  reply,
  requested,
  signal,
  started,
  stuck,
  succeeded,
  timedOut,
  timer,
  turned,
  undoRequested,
} from '../../support/fulfil-events.ts'
import { given, type Happened, T0 } from '../../support/given-when-then.ts'

const toCharge: Happened[] = [started, ...done('stock'), requested('charge')]
const toShip: Happened[] = [started, ...done('stock'), ...done('charge'), requested('ship')]
const toNotify: Happened[] = [...toShip, succeeded('ship'), requested('notify')]

describe('progress', () => {
  it('gives the attempt more time', () => {
    given(...toCharge)
      .when(reply('charge', 'progress', { body: { percent: 5 } }), { now: T0 + 4_000 })
      .thenEvents({ type: 'step-progressed', step: 'charge', timeoutAt: T0 + 9_000, payload: { percent: 5 } })
  })
  it('moves the time at which the timer is due', () => {
    const more: Happened = {
      at: T0 + 4_000,
      event: { type: 'step-progressed', step: 'charge', timeoutAt: T0 + 9_000, payload: 1 },
    }
    given(...toCharge, more)
      .when(timer, { now: T0 + 8_999 })
      .thenIgnored('nothing-due')
  })
  it('does nothing to a step that waits to be tried again', () =>
    given(started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 }))
      .when(reply('stock', 'progress'))
      .thenIgnored('step-not-open'))
})

describe('a timer', () => {
  it('is never early', () =>
    given(...toCharge)
      .when(timer, { now: T0 + 4_999 })
      .thenIgnored('nothing-due'))
  it('makes an unanswered attempt a failed one', () => {
    const error = timedOut(1, 5_000)
    given(...toCharge)
      .when(timer, { now: T0 + 5_000 })
      .thenEvents(failed('charge', error, { retryAt: T0 + 5_250 }))
  })
  it('sends the next attempt when its time has come, not before', () => {
    const waiting = given(started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 + 250 }))
    waiting.when(timer, { now: T0 + 249 }).thenIgnored('nothing-due')
    const state = waiting.when(timer, { now: T0 + 250 }).thenEvents(requested('stock', 2, T0 + 250))
    expect(state.root.steps[0]).toMatchObject({ attempt: 2, budgetFrom: 1 })
  })
  it('turns the saga back at its deadline, and undoes what is open', () => {
    const late: Happened[] = [
      started,
      ...done('stock'),
      { at: DEADLINE_AT - 1, event: requested('charge', 1, DEADLINE_AT - 1) },
    ]
    given(...late)
      .when(timer, { now: DEADLINE_AT - 1 })
      .thenIgnored('nothing-due')
    given(...late)
      .when(timer, { now: DEADLINE_AT })
      .thenEvents(turned({ kind: 'deadline', deadlineAt: DEADLINE_AT }), undoRequested('charge', { at: DEADLINE_AT }))
  })
  it('leaves the deadline to the pivot once that is out', () => {
    const sent: Happened = { at: DEADLINE_AT, event: requested('ship', 1, DEADLINE_AT) }
    const out = [started, ...done('stock'), ...done('charge'), sent]
    given(...out)
      .when(timer, { now: DEADLINE_AT + 1 })
      .thenIgnored('nothing-due')
    given(...out, succeeded('ship'), { at: DEADLINE_AT, event: requested('notify', 1, DEADLINE_AT) })
      .when(timer, { now: DEADLINE_AT + 1 })
      .thenIgnored('nothing-due')
  })
})

describe('cancel', () => {
  it('before the pivot turns the saga back, also while a step is open', () => {
    given(...toCharge)
      .when(act('cancel'))
      .thenEvents(turned(cancelCause), undoRequested('charge'))
  })
  it('while the pivot is out waits for its answer', () => {
    const state = given(...toShip)
      .when(act('cancel'))
      .thenEvents(asked('cancel-requested'))
    expect(state).toMatchObject({ status: 'running', cancelRequestId: 'r-1' })
    given(...toShip, asked('cancel-requested'))
      .when(reply('ship', 'success'))
      .thenEvents(succeeded('ship'), requested('notify'))
    given(...toShip, asked('cancel-requested'))
      .when(act('cancel'))
      .thenIgnored('duplicate-request')
    given(...toShip, asked('cancel-requested'))
      .when(act('cancel', 'r-2'))
      .thenIgnored('already-cancelling')
    given(...toShip, failed('ship', BROKEN, { retryAt: T0 }))
      .when(act('cancel'))
      .thenEvents(asked('cancel-requested'))
  })
  const tooLate = { type: 'cancel-refused', requestId: 'r-1', actor: 'ann', why: 'past-pivot' } as const
  it('past the pivot is refused, once', () => {
    given(...toNotify)
      .when(act('cancel'))
      .thenEvents(tooLate)
    given(...toNotify, tooLate)
      .when(act('cancel'))
      .thenIgnored('duplicate-request')
    given(...toNotify, asked('cancel-requested', 'r-0'))
      .when(act('cancel'))
      .thenEvents(tooLate)
  })
  it('while the pivot may be done is refused', () => {
    given(...toShip, failed('ship', FATAL, { retryAt: null }), stuck('ship', FATAL))
      .when(act('cancel'))
      .thenEvents({ ...tooLate, why: 'pivot-unknown' })
  })
})

describe('signals', () => {
  const kept = (requestId: string) =>
    ({ type: 'signal-received', name: 'paid', payload: { by: 'ann' }, requestId }) as const
  it('are kept, each once', () => {
    expect(
      given(...toCharge)
        .when(signal('s-1'))
        .thenEvents(kept('s-1')).signals,
    ).toHaveLength(1)
    given(...toCharge, kept('s-1'))
      .when(signal('s-1'))
      .thenIgnored('duplicate-request')
  })
  it('are refused past the hundredth', () => {
    const many = Array.from({ length: 100 }, (_, i) => kept(`s-${i}`))
    given(...toCharge, ...many)
      .when(signal('new'))
      .thenRefused('too-many-signals')
  })
})

describe('what an ended saga hears', () => {
  it.each([reply('notify', 'success'), timer, act('cancel'), act('retry'), signal('s')])(
    '$kind changes nothing',
    (input) => {
      given(...toNotify, succeeded('notify'), completed)
        .when(input)
        .thenIgnored('saga-ended')
      given(started, turned(cancelCause), compensated).when(input).thenIgnored('saga-ended')
    },
  )
  it('retry of one that is not stuck changes nothing', () => {
    given(...toCharge)
      .when(act('retry'))
      .thenIgnored('not-stuck')
    given(...toCharge, turned(cancelCause), undoRequested('charge'))
      .when(act('retry'))
      .thenIgnored('not-stuck')
  })
})
