import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import {
  act,
  BROKEN,
  cancelCause,
  compensated,
  completed,
  DECLINED,
  done,
  FATAL,
  failed,
  ORDER,
  rejected,
  reply,
  requested,
  saying,
  signal,
  start,
  started,
  stuck,
  succeeded,
  timer,
  turned,
  undoRequested,
} from '../../support/fulfil-events.ts'
import { given, type Happened, T0 } from '../../support/given-when-then.ts'

const toCharge: Happened[] = [started, ...done('stock'), requested('charge')]
const toShip: Happened[] = [started, ...done('stock'), ...done('charge'), requested('ship')]
const toNotify: Happened[] = [...toShip, succeeded('ship'), requested('notify')]

describe('a start', () => {
  it('arms the first step', () => {
    const state = given().when(start).thenEvents(started, requested('stock'))
    expect(state).toMatchObject({ status: 'running', seq: 2, input: ORDER })
  })
  it('of a definition that is not known is refused', () =>
    given().plan(undefined).when(start).thenRefused('unknown-definition'))
  it('with an input that does not fit is refused', () =>
    given()
      .when({ ...start, input: { id: 1 } } as typeof start)
      .thenRefused('invalid-input'))
  it('is refused when the schema itself throws', () => {
    const broken = z.any().refine(() => {
      throw new Error('oops')
    })
    const nothing = participant('p', { go: command({ input: z.json() }) })
    const plan = saga('broken', { version: 1, input: broken })
      .step('go', nothing.go, () => null)
      .end()
    given().plan(plan).when(start).thenRefused('invalid-input')
  })
  it('repeated with the same input is the same saga, running or not', () => {
    given(...toCharge)
      .when(start)
      .thenIgnored('duplicate-start')
    given(started, turned(cancelCause), compensated).when(start).thenIgnored('duplicate-start')
    given(...toCharge)
      .plan(undefined)
      .when(start)
      .thenIgnored('duplicate-start')
  })
  it('repeated with another input, or of another definition, is a conflict', () => {
    given(...toCharge)
      .when({ ...start, inputHash: 'h2' } as typeof start)
      .thenRefused('start-conflict')
    given(...toCharge)
      .when({ ...start, definition: 'other' } as typeof start)
      .thenRefused('start-conflict')
    given(started, turned(cancelCause), compensated)
      .when({ ...start, inputHash: 'h2' } as typeof start)
      .thenRefused('start-conflict')
  })
})

describe('a saga that is not there', () => {
  it.each([reply('stock', 'success'), timer, act('cancel'), act('retry'), signal('s')])('refuses $kind', (input) =>
    given().when(input).thenRefused('unknown-saga'),
  )
})

describe('where the definition is not known', () => {
  it.each([reply('stock', 'success'), timer, act('cancel')])('$kind is refused', (input) =>
    given(started, requested('stock')).plan(undefined).when(input).thenRefused('unknown-definition'),
  )
  it('a stuck saga refuses too', () => {
    for (const input of [act('retry'), act('cancel'), reply('notify', 'success')])
      given(...toNotify, rejected('notify', DECLINED), stuck('notify', DECLINED))
        .plan(undefined)
        .when(input)
        .thenRefused('unknown-definition')
  })
  it('a signal is refused: who may send it, and whether it is waited for, only the plan says', () => {
    given(started, requested('stock')).plan(undefined).when(signal('s')).thenRefused('unknown-definition')
  })
  it('a kill is taken: a saga that nobody can decide for can still be ended', () => {
    const killed = { type: 'saga-killed', requestId: 'r-1', actor: 'ann', reason: 'changed' } as const
    for (const happened of [[started, requested('stock')], toNotify, [...toCharge, turned(cancelCause)]])
      given(...happened)
        .plan(undefined)
        .when(act('kill'))
        .thenEvents(killed)
  })
})

describe('success', () => {
  it('arms the next step, with the outputs so far', () => {
    given(started, requested('stock'))
      .when(reply('stock', 'success'))
      .thenEvents(succeeded('stock'), requested('charge'))
    given(...toCharge)
      .when(reply('charge', 'success'))
      .thenEvents(succeeded('charge'), requested('ship'))
  })
  it('of the last step completes the saga', () => {
    const state = given(...toNotify)
      .when(reply('notify', 'success', { body: { more: 1 } }))
      .thenEvents(succeeded('notify'), completed)
    expect(state).toMatchObject({ status: 'completed', root: { output: { tracking: 't-1' } } })
  })
  it('of an old attempt counts while the step is open, and while it waits', () => {
    const waiting: Happened[] = [started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 })]
    given(...waiting)
      .when(reply('stock', 'success'))
      .thenEvents(succeeded('stock'), requested('charge'))
    given(...waiting, requested('stock', 2))
      .when(reply('stock', 'success'))
      .thenEvents(succeeded('stock'), requested('charge'))
  })
  it('whose output does not fit the contract is refused, and the step stays open', () =>
    given(started, requested('stock'))
      .when(reply('stock', 'success', { body: { parcel: 1 } }))
      .thenRefused('invalid-reply'))
  it('counts once', () =>
    given(...toCharge)
      .when(reply('stock', 'success'))
      .thenIgnored('step-not-open'))
  it('of what was not asked for changes nothing', () => {
    given(...toCharge)
      .when(reply('ship', 'success'))
      .thenIgnored('step-not-open')
    given(...toCharge)
      .when(reply('charge', 'success', { back: true }))
      .thenIgnored('step-not-open')
    given(...toCharge)
      .when(reply('charge', 'success', { attempt: 2 }))
      .thenIgnored('old-attempt')
    given(...toCharge)
      .when(reply('nowhere', 'success'))
      .thenRefused('unknown-step')
  })
})

describe('a rejection', () => {
  it('before the pivot turns the saga back, and leaves the step that said no alone', () => {
    given(...toCharge)
      .when(reply('charge', 'rejected', { body: saying(DECLINED) }))
      .thenEvents(
        rejected('charge', DECLINED),
        turned({ kind: 'rejected', step: 'charge', error: DECLINED }),
        undoRequested('stock'),
      )
  })
  it('of the first step ends it at once', () => {
    given(started, requested('stock'))
      .when(reply('stock', 'rejected', { body: saying(DECLINED) }))
      .thenEvents(
        rejected('stock', DECLINED),
        turned({ kind: 'rejected', step: 'stock', error: DECLINED }),
        compensated,
      )
  })
  it('of the pivot turns it back', () => {
    given(...toShip)
      .when(reply('ship', 'rejected', { body: saying(DECLINED) }))
      .thenEvents(
        rejected('ship', DECLINED),
        turned({ kind: 'rejected', step: 'ship', error: DECLINED }),
        undoRequested('charge', { chargeId: 'c-1' }),
      )
  })
  it('after the pivot calls a person', () => {
    given(...toNotify)
      .when(reply('notify', 'rejected', { body: saying(DECLINED) }))
      .thenEvents(rejected('notify', DECLINED), stuck('notify', DECLINED))
  })
  it('takes its code from the header, and stands a body of any form', () => {
    for (const body of [null, 'no', [1], { code: 5 }]) {
      const error = { kind: 'rejected', code: 'why', message: 'why' } as const
      given(started, requested('stock'))
        .when(reply('stock', 'rejected', { body, errorCode: 'why' }))
        .thenEvents(rejected('stock', error), turned({ kind: 'rejected', step: 'stock', error }), compensated)
    }
  })
})

describe('a technical failure', () => {
  const says = { body: saying(BROKEN) }
  it('is tried again after the backoff, with its jitter', () => {
    const open = given(started, requested('stock'))
    open
      .when(reply('stock', 'failed', says), { now: T0 + 7, chance: 0.5 })
      .thenEvents(failed('stock', BROKEN, { retryAt: T0 + 7 + 250 }))
    open
      .when(reply('stock', 'failed', says), { now: T0, chance: 0 })
      .thenEvents(failed('stock', BROKEN, { retryAt: T0 }))
  })
  it('waits twice as long the second time', () => {
    given(started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 }), requested('stock', 2))
      .when(reply('stock', 'failed', { ...says, attempt: 2 }))
      .thenEvents(failed('stock', BROKEN, { attempt: 2, retryAt: T0 + 500 }))
  })
  it('waits as long as the participant asks', () => {
    given(started, requested('stock'))
      .when(reply('stock', 'failed', { ...says, retryAfterMs: 90_000 }))
      .thenEvents(failed('stock', BROKEN, { retryAt: T0 + 90_000 }))
  })
  it('gives the step up when attempts are used up, and undoes it: it may be done', () => {
    const twice: Happened[] = [
      started,
      requested('stock'),
      failed('stock', BROKEN, { retryAt: T0 }),
      requested('stock', 2),
      failed('stock', BROKEN, { attempt: 2, retryAt: T0 }),
      requested('stock', 3),
    ]
    given(...twice)
      .when(reply('stock', 'failed', { ...says, attempt: 3 }))
      .thenEvents(
        failed('stock', BROKEN, { attempt: 3, retryAt: null }),
        turned({ kind: 'failed', step: 'stock', error: BROKEN }),
        undoRequested('stock'),
      )
  })
  it('is not tried again when it is fatal', () => {
    given(...toCharge)
      .when(reply('charge', 'fatal', { body: saying(FATAL) }))
      .thenEvents(
        failed('charge', FATAL, { retryAt: null }),
        turned({ kind: 'failed', step: 'charge', error: FATAL }),
        undoRequested('charge'),
      )
  })
  it('nor when the policy names its code', () => {
    const p = participant('p', { go: command({ input: z.json() }) })
    const plan = saga('fulfil', { version: 1, input: z.json() })
      .step('stock', p.go, () => null, { retry: { notOn: ['db-down'] } })
      .end()
    const error = BROKEN
    given(started, requested('stock'))
      .plan(plan)
      .when(reply('stock', 'failed', says))
      .thenEvents(
        failed('stock', error, { retryAt: null }),
        turned({ kind: 'failed', step: 'stock', error }),
        compensated,
      )
  })
  it('of the pivot given up calls a person: it can neither go on nor back', () => {
    given(...toShip)
      .when(reply('ship', 'fatal', { body: saying(FATAL) }))
      .thenEvents(failed('ship', FATAL, { retryAt: null }), stuck('ship', FATAL))
  })
  it('of an old attempt changes nothing', () => {
    const waiting: Happened[] = [started, requested('stock'), failed('stock', BROKEN, { retryAt: T0 })]
    for (const outcome of ['failed', 'fatal'] as const) {
      given(...waiting)
        .when(reply('stock', outcome, says))
        .thenIgnored('old-attempt')
      given(...waiting, requested('stock', 2))
        .when(reply('stock', outcome, says))
        .thenIgnored('old-attempt')
    }
  })
})
