/** Which ended sagas are kept whole. */
import { expect, test } from 'vitest'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import { mayBeAskedFor } from '../../../shared/saga/remembered.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { sagaOf } from '../../support/fabricate-log.ts'
import * as e from '../../support/shape-events.ts'

function after(...events: readonly SagaEvent[]): SagaState {
  const state = sagaOf('tour-1', events).reduce<SagaState | undefined>(evolve, undefined)
  if (!state) throw new Error('there are events')
  return state
}

const refusedAt = (step: string, attempt: number): SagaEvent[] => [
  e.ask(step),
  ...(attempt === 1 ? [] : [e.failsOnce(step), e.ask(step, attempt)]),
  { ...e.refuse(step), attempt } as SagaEvent,
]

test('a child is: its parent may undo it', () => {
  const parent = { sagaId: sagaId('day-1'), step: 'trip', attempt: 1, waits: true }
  expect(mayBeAskedFor(after(e.start({ parent }), e.completed))).toBe(true)
  expect(mayBeAskedFor(after(e.start({ parent }), e.kill)), 'to say that it was killed').toBe(true)
  expect(mayBeAskedFor(after(e.start(), e.kill))).toBe(false)
  expect(mayBeAskedFor(after(e.start(), e.completed))).toBe(false)
})

test('one with a step that was refused only at a later attempt is: an earlier one may have been done', () => {
  expect(mayBeAskedFor(after(e.start(), ...refusedAt('a', 1), e.turn(), e.compensated))).toBe(false)
  expect(mayBeAskedFor(after(e.start(), ...refusedAt('a', 2), e.turn(), e.compensated))).toBe(true)
})

test('the step may be deep inside', () => {
  const inside = (attempt: number) => [
    e.open('p'),
    e.scope('p[x]'),
    e.open('p[x].q'),
    e.scope('p[x].q[y]'),
    ...refusedAt('p[x].q[y].a', attempt),
  ]
  expect(mayBeAskedFor(after(e.start(), ...inside(2), e.turn()))).toBe(true)
  expect(mayBeAskedFor(after(e.start(), ...inside(1), e.turn()))).toBe(false)
})
