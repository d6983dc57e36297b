import { describe, expect, it } from 'vitest'
import {
  act,
  asked,
  BROKEN,
  cancelCause,
  compensated,
  DEADLINE_AT,
  DECLINED,
  done,
  FATAL,
  failed,
  reply,
  requested,
  saying,
  signal,
  started,
  stuck,
  succeeded,
  timedOut,
  timer,
  turned,
  undoFailed,
  undone,
  undoRequested,
} from '../../support/fulfil-events.ts'
import { given, type Happened, T0 } from '../../support/given-when-then.ts'

const back = (more: Parameters<typeof reply>[2] = {}) => ({ ...more, back: true })
/** Cancelled with a charge on its way: its undo is asked for first. */
const undoing: Happened[] = [
  started,
  ...done('stock'),
  requested('charge'),
  turned(cancelCause),
  undoRequested('charge'),
]
/** The last undo is out. */
const last: Happened[] = [...undoing, undone('charge'), undoRequested('stock')]
/** Its undo failed for good. */
const parked: Happened[] = [...last, undoFailed('stock', FATAL, { retryAt: null }), stuck('stock', FATAL)]

describe('undoing', () => {
  it('goes against the order, one at a time, with the output where it is known', () => {
    given(...undoing)
      .when(reply('charge', 'success', back()))
      .thenEvents(undone('charge'), undoRequested('stock'))
    given(started, ...done('stock'), ...done('charge'))
      .when(act('cancel'))
      .thenEvents(turned(cancelCause), undoRequested('charge', { chargeId: 'c-1' }))
  })
  it('ends compensated', () => {
    const state = given(...last)
      .when(reply('stock', 'success', back()))
      .thenEvents(undone('stock'), compensated)
    expect(state).toMatchObject({ status: 'compensated', root: { cause: cancelCause } })
  })
  it('ends at once when nothing was sent', () => {
    given(started).when(act('cancel')).thenEvents(turned(cancelCause), compensated)
  })
  it('hears no answer to the step any more', () => {
    for (const outcome of ['success', 'rejected', 'failed', 'fatal', 'progress'] as const)
      given(...undoing)
        .when(reply('charge', outcome))
        .thenIgnored('step-given-up')
  })
  it('changes nothing for what it did not ask', () => {
    given(...undoing)
      .when(reply('stock', 'success', back()))
      .thenIgnored('step-not-open')
    given(...last)
      .when(reply('charge', 'success', back()))
      .thenIgnored('step-not-open')
    given(...undoing)
      .when(reply('charge', 'success', back({ attempt: 2 })))
      .thenIgnored('old-attempt')
    given(...undoing)
      .when(reply('ship', 'success', back()))
      .thenRefused('unknown-step')
    given(...undoing)
      .when(reply('nowhere', 'success', back()))
      .thenRefused('unknown-step')
  })
  it('takes no cancel, and keeps signals', () => {
    given(...undoing)
      .when(act('cancel', 'r-2'))
      .thenIgnored('already-compensating')
    given(...undoing)
      .when(signal('s'))
      .thenEvents({ type: 'signal-received', name: 'paid', payload: { by: 'ann' }, requestId: 's' })
  })
  it('has no deadline', () =>
    given(...undoing)
      .when(timer, { now: T0 + 29_999 })
      .thenIgnored('nothing-due'))
  it('gets more time by progress', () => {
    given(...undoing)
      .when(reply('charge', 'progress', back({ body: 1 })), { now: T0 + 9 })
      .thenEvents({ type: 'compensation-progressed', step: 'charge', timeoutAt: T0 + 30_009, payload: 1 })
    given(...undoing, undoFailed('charge', BROKEN, { retryAt: T0 }))
      .when(reply('charge', 'progress', back()))
      .thenIgnored('step-not-open')
  })
})

describe('an undo that fails', () => {
  it('is tried again', () => {
    given(...last)
      .when(reply('stock', 'failed', back({ body: saying(BROKEN) })))
      .thenEvents(undoFailed('stock', BROKEN, { retryAt: T0 + 250 }))
    given(...last, undoFailed('stock', BROKEN, { retryAt: T0 + 250 }))
      .when(timer, { now: T0 + 249 })
      .thenIgnored('nothing-due')
    given(...last, undoFailed('stock', BROKEN, { retryAt: T0 + 250 }))
      .when(timer, { now: T0 + 250 })
      .thenEvents(undoRequested('stock', { attempt: 2, at: T0 + 250 }))
  })
  it('is tried again when nobody answers', () => {
    given(...last)
      .when(timer, { now: T0 + 30_000 })
      .thenEvents(undoFailed('stock', timedOut(1, 30_000), { retryAt: T0 + 30_250 }))
  })
  it('calls a person when attempts are used up', () => {
    const twice = [
      undoFailed('stock', BROKEN, { retryAt: T0 }),
      undoRequested('stock', { attempt: 2 }),
      undoFailed('stock', BROKEN, { attempt: 2, retryAt: T0 }),
      undoRequested('stock', { attempt: 3 }),
    ]
    given(...last, ...twice)
      .when(reply('stock', 'failed', back({ attempt: 3, body: saying(BROKEN) })))
      .thenEvents(undoFailed('stock', BROKEN, { attempt: 3, retryAt: null }), stuck('stock', BROKEN))
  })
  it.each([
    ['rejected', DECLINED],
    ['fatal', FATAL],
  ] as const)('calls a person at once when it is %s', (outcome, error) => {
    const state = given(...last)
      .when(reply('stock', outcome, back({ body: saying(error) })))
      .thenEvents(undoFailed('stock', error, { retryAt: null }), stuck('stock', error))
    expect(state).toMatchObject({ status: 'stuck', root: { phase: 'backward', cause: cancelCause } })
  })
  it('is not failed by an old attempt, and is done by one', () => {
    const again = [...last, undoFailed('stock', BROKEN, { retryAt: T0 })]
    for (const outcome of ['failed', 'fatal', 'rejected'] as const) {
      given(...again)
        .when(reply('stock', outcome, back()))
        .thenIgnored('old-attempt')
      given(...again, undoRequested('stock', { attempt: 2 }))
        .when(reply('stock', outcome, back()))
        .thenIgnored('old-attempt')
    }
    given(...again)
      .when(reply('stock', 'success', back()))
      .thenEvents(undone('stock'), compensated)
    given(...again, undoRequested('stock', { attempt: 2 }))
      .when(reply('stock', 'success', back()))
      .thenEvents(undone('stock'), compensated)
  })
})

describe('stuck on the way back', () => {
  it('tries again at a person’s word, with a new budget', () => {
    const state = given(...parked)
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), undoRequested('stock', { attempt: 2 }))
    expect(state.root.steps[0]).toMatchObject({ status: 'undoing', attempt: 2, budgetFrom: 2 })
    expect(state).toMatchObject({ status: 'compensating', root: { cause: cancelCause } })
  })
  it('does so once for one request', () => {
    const again = [asked('retry-requested'), undoRequested('stock', { attempt: 2 })]
    const parkedAgain = [undoFailed('stock', FATAL, { attempt: 2, retryAt: null }), stuck('stock', FATAL)]
    given(...parked, ...again, ...parkedAgain)
      .when(act('retry'))
      .thenIgnored('duplicate-request')
    given(...parked, ...again, ...parkedAgain)
      .when(act('retry', 'r-2'))
      .thenEvents(asked('retry-requested', 'r-2'), undoRequested('stock', { attempt: 3 }))
  })
  it('goes on by itself when the undo is done after all', () => {
    given(...parked)
      .when(reply('stock', 'success', back()))
      .thenEvents(undone('stock'), compensated)
  })
  it('waits for no timer, takes no cancel, hears no other answer, and keeps signals', () => {
    given(...parked)
      .when(timer, { now: DEADLINE_AT * 2 })
      .thenIgnored('nothing-due')
    given(...parked)
      .when(act('cancel', 'r-2'))
      .thenIgnored('already-compensating')
    given(...parked)
      .when(reply('stock', 'failed', back()))
      .thenIgnored('old-attempt')
    given(...parked)
      .when(reply('stock', 'progress', back()))
      .thenIgnored('step-not-open')
    given(...parked)
      .when(reply('stock', 'success'))
      .thenIgnored('step-given-up')
    given(...parked)
      .when(signal('s'))
      .thenEvents({ type: 'signal-received', name: 'paid', payload: { by: 'ann' }, requestId: 's' })
  })
})

describe('stuck on the way forward', () => {
  const toShip: Happened[] = [started, ...done('stock'), ...done('charge'), requested('ship')]
  const unknown: Happened[] = [...toShip, failed('ship', FATAL, { retryAt: null }), stuck('ship', FATAL)]
  const refusedLate: Happened[] = [
    ...toShip,
    succeeded('ship'),
    requested('notify'),
    { type: 'step-rejected', step: 'notify', attempt: 1, error: DECLINED },
    stuck('notify', DECLINED),
  ]
  it('tries again at a person’s word', () => {
    const state = given(...unknown)
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), requested('ship', 2))
    expect(state.root.steps[2]).toMatchObject({ attempt: 2, budgetFrom: 2 })
    given(...refusedLate)
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), requested('notify', 2))
  })
  it('goes on by itself when the pivot is done after all, or turns back when it is refused after all', () => {
    given(...unknown)
      .when(reply('ship', 'success'))
      .thenEvents(succeeded('ship'), requested('notify'))
    given(...unknown)
      .when(reply('ship', 'rejected', { body: saying(DECLINED) }))
      .thenEvents(
        { type: 'step-rejected', step: 'ship', attempt: 1, error: DECLINED },
        turned({ kind: 'rejected', step: 'ship', error: DECLINED }),
        undoRequested('charge', { chargeId: 'c-1' }),
      )
  })
  it('does not hear the old refusal again once it is tried anew', () => {
    given(...refusedLate, asked('retry-requested'), requested('notify', 2))
      .when(reply('notify', 'rejected', { body: saying(DECLINED) }))
      .thenIgnored('old-attempt')
  })
  it('hears neither failure nor progress nor timers', () => {
    given(...unknown)
      .when(reply('ship', 'failed'))
      .thenIgnored('old-attempt')
    given(...unknown)
      .when(reply('ship', 'progress'))
      .thenIgnored('step-not-open')
    given(...unknown)
      .when(timer, { now: DEADLINE_AT * 2 })
      .thenIgnored('nothing-due')
    given(...refusedLate)
      .when(reply('notify', 'success'))
      .thenIgnored('step-not-open')
  })
})
