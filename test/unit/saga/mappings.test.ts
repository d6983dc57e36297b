/** What a definition's own code can do wrong parks one saga, and its log stays what was decided. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import {
  act,
  asked,
  BROKEN,
  cancelCause,
  compensated,
  failed,
  reply,
  started,
  timer,
  turned,
  undoFailed,
  undone,
} from '../../support/fulfil-events.ts'
import { given, type Happened, T0 } from '../../support/given-when-then.ts'

const shop = participant('shop', {
  go: command({ input: z.object({ n: z.number() }), output: z.json() }),
  back: command({ input: z.object({ n: z.number() }) }),
})

interface Maps {
  readonly forward?: () => unknown
  readonly undo?: () => unknown
  readonly output?: () => unknown
}

/** A saga of one step, `stock`, whose mappings do as told. */
function planOf({ forward, undo, output }: Maps): Definition {
  const good = () => ({ n: 1 })
  return saga('fulfil', { version: 1, input: z.any() })
    .step('stock', shop.go, (forward ?? good) as () => { n: number })
    .undo(shop.back, (undo ?? good) as () => { n: number })
    .output(output ?? (() => 'done'))
}

const throws = () => {
  throw new Error('typo')
}
const threw = { kind: 'mapping', code: 'mapping-threw', message: 'typo' } as const
const start = {
  kind: 'start',
  sagaId: 'order-1',
  definition: 'fulfil',
  version: 1,
  input: { id: 'o-1', cents: 500 },
  inputHash: 'h1',
}

function requested(direction: 'step' | 'compensation', attempt = 1): SagaEvent {
  const command = { definition: 'fulfil', version: 1, participant: 'shop', payload: { n: 1 }, timeoutAt: T0 + 30_000 }
  const commandType = direction === 'step' ? 'shop.go.v1' : 'shop.back.v1'
  return { type: `${direction}-requested`, step: 'stock', attempt, commandType, ...command }
}
const begun: SagaEvent = { ...(started as Extract<SagaEvent, { type: 'saga-started' }>), deadlineAt: null }
const open: Happened[] = [begun, requested('step')]
const parked = (step: string | null): SagaEvent => ({ type: 'saga-stuck', step, error: threw })
const success: SagaEvent = { type: 'step-succeeded', step: 'stock', attempt: 1, output: 7 }

describe('a mapping that throws', () => {
  it('parks the saga before anything is sent, and is tried again at a person’s word', () => {
    given()
      .plan(planOf({ forward: throws }))
      .when(start as never)
      .thenEvents(begun, parked('stock'))
    given(begun, parked('stock'))
      .plan(planOf({}))
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), requested('step'))
    given(begun, parked('stock'))
      .plan(planOf({ forward: throws }))
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), parked('stock'))
  })
  it('in an undo parks it on the way back', () => {
    const state = given(...open)
      .plan(planOf({ undo: throws }))
      .when(act('cancel'))
      .thenEvents(turned(cancelCause), parked('stock'))
    expect(state).toMatchObject({ status: 'stuck', root: { phase: 'backward' } })
    given(...open, turned(cancelCause), parked('stock'))
      .plan(planOf({}))
      .when(act('retry', 'r-2'))
      .thenEvents(asked('retry-requested', 'r-2'), requested('compensation'))
  })
  it('at a second attempt of an undo leaves it to be undone', () => {
    const waiting = [
      ...open,
      turned(cancelCause),
      requested('compensation'),
      undoFailed('stock', BROKEN, { retryAt: T0 }),
    ]
    given(...waiting)
      .plan(planOf({ undo: throws }))
      .when(timer)
      .thenEvents(parked('stock'))
    const state = given(...waiting, parked('stock'))
      .plan(planOf({}))
      .when(act('retry', 'r-2'))
      .thenEvents(asked('retry-requested', 'r-2'), requested('compensation', 2))
    expect(state.root.steps[0], 'a new budget').toMatchObject({ budgetFrom: 2 })
    given(...waiting, parked('stock'))
      .plan(planOf({}))
      .when(reply('stock', 'success', { back: true }))
      .thenEvents(undone('stock'), compensated)
  })
  it('at a second attempt of a step begins a new budget too', () => {
    const waiting = [...open, failed('stock', BROKEN, { retryAt: T0 })]
    given(...waiting)
      .plan(planOf({ forward: throws }))
      .when(timer)
      .thenEvents(parked('stock'))
    const state = given(...waiting, parked('stock'))
      .plan(planOf({}))
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), requested('step', 2))
    expect(state.root.steps[0]).toMatchObject({ budgetFrom: 2 })
    given(...waiting, parked('stock'))
      .plan(planOf({}))
      .when(reply('stock', 'success', { body: 7 }))
      .thenEvents(success, { type: 'saga-completed', output: 'done' })
  })
  it('in the output parks it with all steps done', () => {
    given(...open)
      .plan(planOf({ output: throws }))
      .when(reply('stock', 'success', { body: 7 }))
      .thenEvents(success, parked(null))
    given(...open, success, parked(null))
      .plan(planOf({}))
      .when(act('retry'))
      .thenEvents(asked('retry-requested'), { type: 'saga-completed', output: 'done' })
    given(...open, success, parked(null))
      .plan(planOf({}))
      .when(act('cancel'))
      .thenEvents(turned(cancelCause), requested('compensation'))
  })
  it('parks it also when what is thrown has no text', () => {
    const plan = planOf({
      forward: () => {
        throw Object.create(null)
      },
    })
    expect(
      given()
        .plan(plan)
        .when(start as never).decision,
    ).toMatchObject({ kind: 'events' })
  })
})

describe('what a mapping makes', () => {
  it('that does not fit the contract parks the saga', () => {
    const { decision } = given()
      .plan(planOf({ forward: () => ({ n: 'one' }) }))
      .when(start as never)
    expect(decision).toMatchObject({
      events: [begun, { type: 'saga-stuck', error: { kind: 'contract', code: 'invalid-payload' } }],
    })
  })
  it('that is no JSON parks the saga', () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    for (const output of [() => 1n, () => circle]) {
      const { decision } = given(...open)
        .plan(planOf({ output }))
        .when(reply('stock', 'success', { body: 7 }))
      expect(decision).toMatchObject({ events: [success, { type: 'saga-stuck', error: { kind: 'mapping' } }] })
    }
  })
  it('is what the log gives back', () => {
    const plan = planOf({ output: () => ({ a: undefined, at: new Date(0), n: Number.NaN }) })
    const { decision } = given(...open)
      .plan(plan)
      .when(reply('stock', 'success', { body: 7 }))
    expect(decision).toStrictEqual({
      kind: 'events',
      events: [success, { type: 'saga-completed', output: { at: '1970-01-01T00:00:00.000Z', n: null } }],
    })
  })
  it('cannot change what it is shown', () => {
    const plan = saga('fulfil', { version: 1, input: z.any() })
      .step('stock', shop.go, ({ input }) => {
        input.cents = 0
        return { n: 1 }
      })
      .end()
    const { decision } = given()
      .plan(plan)
      .when(start as never)
    expect(decision).toMatchObject({ events: [begun, { type: 'saga-stuck', error: { kind: 'mapping' } }] })
  })
})
