/** Steps that send nothing: conditions, computations, sleeps and waits for signals, one case after another. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { saga, signal } from '../../../shared/saga/builder.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { Act, SagaInput } from '../../../shared/saga/input.ts'
import { nextDueAt } from '../../../shared/saga/timers.ts'
import { bank } from '../../support/fulfil.ts'
import { foldOf, given, type Happened, historyOf, SAGA, T0 } from '../../support/given-when-then.ts'

const Input = z.object({ id: z.string(), cents: z.int(), gift: z.boolean(), dueAt: z.string() })
const INPUT = { id: 'o', cents: 5, gift: false, dueAt: new Date(T0 + 60_000).toISOString() }
const approval = signal('approval', z.object({ by: z.string(), yes: z.boolean() }))
const begin = () => saga('shapes', { version: 1, input: Input })
const charge = { definition: 'shapes', version: 1, participant: 'bank', commandType: 'bank.charge.v1' } as const

const started = (input: typeof INPUT = INPUT): SagaEvent => {
  return { type: 'saga-started', definition: 'shapes', version: 1, input, inputHash: 'h', deadlineAt: null }
}
const start = (input: unknown = INPUT): SagaInput => {
  return {
    kind: 'start',
    sagaId: SAGA,
    definition: 'shapes',
    version: 1,
    input: input as typeof INPUT,
    inputHash: 'h',
    parent: undefined,
  }
}
const said = (requestId: string, payload: unknown = { by: 'ann', yes: true }): SagaInput => {
  return {
    kind: 'signal',
    sagaId: SAGA,
    requestId,
    name: 'approval',
    payload: payload as { by: string },
    actor: undefined,
    roles: [],
  }
}
const received = (requestId: string, payload = { by: 'ann', yes: true }): SagaEvent => {
  return { type: 'signal-received', name: 'approval', payload, requestId }
}
const act: Act = { sagaId: SAGA, requestId: 'r-1', actor: 'ann', reason: 'so' }
const timer: SagaInput = { kind: 'timer', sagaId: SAGA }
const done: SagaEvent = { type: 'saga-completed', output: null }
const due = (definition: Definition, ...happened: Happened[]) => {
  const state = foldOf(historyOf(happened))
  return state && nextDueAt(definition, state)
}

describe('a condition', () => {
  const plan = begin()
    .when(({ input }) => input.gift)
    .local('wrap', ({ input }) => `paper for ${input.id}`)
    .output(({ wrap }) => wrap ?? 'plain')

  it('that holds lets its step run', () => {
    const input = { ...INPUT, gift: true }
    given()
      .plan(plan)
      .when(start(input))
      .thenEvents(
        started(input),
        { type: 'step-computed', step: 'wrap', output: 'paper for o' },
        { type: 'saga-completed', output: 'paper for o' },
      )
  })
  it('that does not hold skips it, and its output is unknown', () => {
    given()
      .plan(plan)
      .when(start())
      .thenEvents(started(), { type: 'step-skipped', step: 'wrap' }, { type: 'saga-completed', output: 'plain' })
  })
  it('is for the next step alone', () => {
    const both = begin()
      .when(() => false)
      .local('one', () => 1)
      .local('two', () => 2)
      .output(({ one, two }) => [one ?? 0, two])
    given()
      .plan(both)
      .when(start())
      .thenEvents(
        started(),
        { type: 'step-skipped', step: 'one' },
        { type: 'step-computed', step: 'two', output: 2 },
        { type: 'saga-completed', output: [0, 2] },
      )
  })
  it('that throws parks the saga, and is asked again when a person says so', () => {
    let broken = true
    const throws = begin()
      .when(() => {
        if (broken) throw new Error('bad luck')
        return false
      })
      .local('one', () => 1)
      .end()
    const error = { kind: 'mapping', code: 'mapping-threw', message: 'bad luck' } as const
    const parked: SagaEvent = { type: 'saga-stuck', step: 'one', error }
    given().plan(throws).when(start()).thenEvents(started(), parked)
    broken = false
    given(started(), parked)
      .plan(throws)
      .when({ kind: 'retry', ...act })
      .thenEvents(
        { type: 'retry-requested', requestId: 'r-1', actor: 'ann', reason: 'so' },
        { type: 'step-skipped', step: 'one' },
        done,
      )
  })
  it('skips a step for good: it is not undone', () => {
    const undone = begin()
      .when(() => false)
      .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
      .undo(bank.refund, ({ input }) => ({ orderId: input.id }))
      .waitFor('ok', approval)
      .end()
    const waits: Happened[] = [
      started(),
      { type: 'step-skipped', step: 'charge' },
      { type: 'wait-started', step: 'ok', until: null, signal: 'approval' },
    ]
    const cause = { kind: 'cancelled', requestId: 'r-1', actor: 'ann', reason: 'so' } as const
    given(...waits)
      .plan(undone)
      .when({ kind: 'cancel', ...act })
      .thenEvents({ type: 'compensation-started', cause }, { type: 'saga-compensated' })
  })
})

describe('a sleep', () => {
  const plan = begin().sleep('rest', '3 weeks').end()
  const until = T0 + 3 * 7 * 86_400_000
  const sleeps: Happened[] = [started(), { type: 'wait-started', step: 'rest', until, signal: null }]

  it('says until when, and is due just then', () => {
    given().plan(plan).when(start()).thenEvents(started(), { type: 'wait-started', step: 'rest', until, signal: null })
    expect(due(plan, ...sleeps)).toBe(until)
  })
  it('does not end a millisecond early', () => {
    given(...sleeps)
      .plan(plan)
      .when(timer, { now: until - 1 })
      .thenIgnored('nothing-due')
  })
  it('lets the saga go on when its time has come', () => {
    given(...sleeps)
      .plan(plan)
      .when(timer, { now: until })
      .thenEvents({ type: 'wait-ended', step: 'rest', requestId: null, output: null }, done)
  })
  it('takes its time from the saga, as RFC 3339 or in milliseconds', () => {
    const byInput = begin()
      .sleep('rest', ({ input }) => input.dueAt)
      .sleep('more', () => T0 + 90_000)
      .end()
    given()
      .plan(byInput)
      .when(start())
      .thenEvents(started(), { type: 'wait-started', step: 'rest', until: T0 + 60_000, signal: null })
  })
  it.each<[string, () => string | number]>([
    ['a duration in words', () => '2 min'],
    ['RFC 3339', () => new Date(T0 + 120_000).toISOString()],
    ['milliseconds since the epoch', () => T0 + 120_000],
  ])('ends when a mapping says so: %s', (_, until) => {
    given()
      .plan(begin().sleep('rest', until).end())
      .when(start())
      .thenEvents(started(), { type: 'wait-started', step: 'rest', until: T0 + 120_000, signal: null })
  })
  it('parks the saga when its time is none', () => {
    const never = begin()
      .sleep('rest', () => 'tomorrow')
      .end()
    const { decision } = given().plan(never).when(start())
    expect(decision).toMatchObject({ kind: 'events', events: [started(), { type: 'saga-stuck', step: 'rest' }] })
  })
})

describe('a wait for a signal', () => {
  const plan = begin()
    .waitFor('ok', approval, { deadline: '1 hour', atDeadline: 'turn-back' })
    .waitFor('again', approval)
    .step('charge', bank.charge, ({ input, ok }) => ({ orderId: ok.by, cents: input.cents }))
    .end()
  const until = T0 + 3_600_000
  const waits: SagaEvent = { type: 'wait-started', step: 'ok', until, signal: 'approval' }
  const ended = (step: string, requestId: string): SagaEvent => {
    return { type: 'wait-ended', step, requestId, output: { by: 'ann', yes: true } }
  }
  const again: SagaEvent = { type: 'wait-started', step: 'again', until: null, signal: 'approval' }

  it('ends with the signal, and waits for the next one with the next wait', () => {
    given(started(), waits).plan(plan).when(said('s-1')).thenEvents(received('s-1'), ended('ok', 's-1'), again)
  })
  it('takes each signal once, the oldest first, also those that came early', () => {
    const later = begin().sleep('rest', 1_000).waitFor('ok', approval).waitFor('again', approval).end()
    const early: Happened[] = [
      started(),
      { type: 'wait-started', step: 'rest', until: T0 + 1_000, signal: null },
      received('s-1'),
      received('s-2'),
    ]
    given(...early)
      .plan(later)
      .when(timer, { now: T0 + 1_000 })
      .thenEvents(
        { type: 'wait-ended', step: 'rest', requestId: null, output: null },
        { type: 'wait-started', step: 'ok', until: null, signal: 'approval' },
        ended('ok', 's-1'),
        again,
        ended('again', 's-2'),
        done,
      )
  })
  it('gives its payload to what follows', () => {
    given(started(), waits, received('s-1'), ended('ok', 's-1'), again)
      .plan(plan)
      .when(said('s-2'))
      .thenEvents(received('s-2'), ended('again', 's-2'), {
        ...charge,
        type: 'step-requested',
        step: 'charge',
        attempt: 1,
        payload: { orderId: 'ann', cents: 5 },
        timeoutAt: T0 + 30_000,
      })
  })
  it('is not ended by another signal, nor by the same one heard twice', () => {
    const other = { ...said('s-1'), name: 'other' } as SagaInput
    given(started(), waits)
      .plan(plan)
      .when(other)
      .thenEvents({ type: 'signal-received', name: 'other', payload: { by: 'ann', yes: true }, requestId: 's-1' })
    given(started(), waits, received('s-1'), ended('ok', 's-1'), again)
      .plan(plan)
      .when(said('s-1'))
      .thenIgnored('duplicate-request')
  })
  it('refuses a payload that does not fit', () => {
    given(started(), waits)
      .plan(plan)
      .when(said('s-1', { by: 7 }))
      .thenRefused('invalid-signal')
  })
  it('turns the saga back when no signal comes by its deadline', () => {
    const message = 'no signal approval came within 3600000 ms'
    const error = { kind: 'timeout', code: 'wait-expired', message } as const
    given(started(), waits)
      .plan(plan)
      .when(timer, { now: until })
      .thenEvents(
        { type: 'compensation-started', cause: { kind: 'failed', step: 'ok', error } },
        { type: 'saga-compensated' },
      )
  })
  it('goes on without a signal where the plan says so', () => {
    const lax = begin()
      .waitFor('ok', approval, { deadline: '1 hour', atDeadline: 'go-on' })
      .output(({ ok }) => ok?.by ?? 'nobody')
    given(started(), waits)
      .plan(lax)
      .when(timer, { now: until })
      .thenEvents(
        { type: 'wait-ended', step: 'ok', requestId: null, output: null },
        { type: 'saga-completed', output: 'nobody' },
      )
  })
  it('without a deadline waits for ever', () => {
    expect(
      due(begin().waitFor('ok', approval).end(), started(), { ...waits, until: null } as SagaEvent),
    ).toBeUndefined()
  })
})
