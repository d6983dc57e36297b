/** What is parked, and so the status, wherever the log is cut into chunks. */
import { describe, expect, test } from 'vitest'
import type { SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { fabricateLog, sagaOf } from '../support/fabricate-log.ts'
import { foldView, tableRows } from '../support/fold-view.ts'
import * as e from '../support/shape-events.ts'

const log = (events: readonly SagaEvent[]) => fabricateLog(sagaOf('tour-1', events).map((event) => [event]))

function rows(table: 'sagas' | 'steps', events: readonly SagaEvent[]) {
  const records = log(events)
  const everyCut = events.map((_, index) => index)
  const whole = tableRows(sagasProjection, foldView(sagasProjection, records), table)
  expect(tableRows(sagasProjection, foldView(sagasProjection, records, everyCut), table)).toEqual(whole)
  return whole
}

const saga = (...events: readonly SagaEvent[]) => rows('sagas', [e.start(), ...events])[0]
const steps = (...events: readonly SagaEvent[]) =>
  rows('steps', [e.start(), ...events]).map(({ step, direction, status }) => `${step} ${direction} ${status}`)

const twoParked = [e.ask('a'), e.ask('b'), e.giveUp('a'), e.park('a', 'one'), e.giveUp('b'), e.park('b', 'two')]
const inBranch = [e.open('p'), e.scope('p[x]'), e.ask('p[x].a'), e.giveUp('p[x].a'), e.park('p[x].a')]

describe('a saga with parked steps', () => {
  test('is stuck on the newest of them, until none is left', () => {
    expect(saga(...twoParked)).toMatchObject({ status: 'stuck', stuck_step: 'b', error_code: 'two' })
    expect(saga(...twoParked, e.done('b'))).toMatchObject({ status: 'stuck', stuck_step: 'a', error_code: 'one' })
    expect(saga(...twoParked, e.done('b'), e.done('a'))).toMatchObject({ status: 'running', stuck_step: null })
    expect(saga(...twoParked, e.done('b'), e.done('a'), e.completed)).toMatchObject({ status: 'completed' })
  })

  test('goes on at once when a person says to try again', () => {
    expect(saga(...twoParked, e.retry)).toMatchObject({ status: 'running', stuck_step: null, error_code: null })
    expect(saga(...twoParked, e.retry, e.ask('a', 2), e.giveUp('a'), e.park('a', 'again'))).toMatchObject({
      status: 'stuck',
      stuck_step: 'a',
      error_code: 'again',
    })
  })

  test('stays stuck while others go on', () => {
    expect(saga(e.ask('a'), e.giveUp('a'), e.park('a'), e.ask('b'), e.done('b'))).toMatchObject({
      status: 'stuck',
      current_step: 'b',
    })
  })

  test('is stuck on its output, which no step’s end mends', () => {
    const stuck = saga(e.ask('a'), e.done('a'), e.park(null, 'mapping'))
    expect(stuck).toMatchObject({ status: 'stuck', stuck_step: null, error_code: 'mapping' })
    expect(saga(e.park(null), e.retry, e.completed)).toMatchObject({ status: 'completed', error_code: null })
  })
})

describe('turning back', () => {
  test('drops what was parked on the way forward', () => {
    expect(saga(...twoParked, e.turn())).toMatchObject({ status: 'compensating', stuck_step: null })
    expect(saga(e.park(null), e.turn())).toMatchObject({ status: 'compensating' })
  })

  test('of a scope drops what is inside it alone', () => {
    expect(saga(...inBranch, e.turn('p[x]'))).toMatchObject({ status: 'running' })
    expect(saga(...inBranch, e.turn('p[xy]'))).toMatchObject({ status: 'stuck' })
    expect(saga(e.ask('a'), e.giveUp('a'), e.park('a'), ...inBranch, e.turn('p[x]'))).toMatchObject({
      status: 'stuck',
      stuck_step: 'a',
    })
  })

  test('leaves what is parked on the way back, also when the saga turns back afterwards', () => {
    const undoing = [...inBranch, e.turn('p[x]'), e.undo('p[x].a'), e.undoFails('p[x].a'), e.park('p[x].a', 'undo')]
    expect(saga(...undoing)).toMatchObject({ status: 'stuck', error_code: 'undo' })
    expect(saga(...undoing, e.turn())).toMatchObject({ status: 'stuck', phase: 'compensating', error_code: 'undo' })
    expect(saga(...undoing, e.turn(), e.undone('p[x].a'))).toMatchObject({ status: 'compensating' })
    expect(saga(...undoing, e.resolve('p[x].a'), e.scopeUndone('p[x]'))).toMatchObject({ status: 'running' })
  })
})

describe('the end of a saga', () => {
  test('killed, it is failed whatever is parked, and says who did it and why', () => {
    expect(saga(...twoParked, e.kill)).toMatchObject({
      status: 'failed',
      stuck_step: null,
      incident: 'killed',
      incident_actor: 'ann',
      incident_reason: 'it will never end',
      ended_at: 1_007,
    })
  })

  test('of a child is taken back when its parent undoes it', () => {
    const turned: SagaEvent = { type: 'compensation-started', cause: { kind: 'parent' } }
    const parent = { sagaId: sagaId('day-1'), step: 'trips[0].tour', attempt: 1, waits: true }
    const child = [e.start({ parent }), e.ask('a'), e.done('a'), e.completed]
    expect(rows('sagas', child)[0]).toMatchObject({
      parent_saga_id: 'day-1',
      parent_step: 'trips[0].tour',
      ended_at: 1_003,
    })
    expect(rows('sagas', [...child, turned])[0]).toMatchObject({
      status: 'compensating',
      cause: 'parent',
      ended_at: null,
    })
    expect(rows('sagas', [...child, turned, e.compensated])[0]).toMatchObject({
      status: 'compensated',
      ended_at: 1_005,
    })
  })

  test('an undo that fails after it makes it stuck again', () => {
    const late: SagaEvent = { type: 'late-success', step: 'a', attempt: 1, output: null }
    const end = [e.ask('a'), e.refuse('a'), e.turn(), e.compensated, late, e.undo('a'), e.undoFails('a'), e.park('a')]
    expect(saga(...end)).toMatchObject({ status: 'stuck', phase: 'compensated', ended_at: 1_004 })
    expect(saga(...end, e.resolve('a'))).toMatchObject({ status: 'compensated' })
  })

  test('of one that never began is told', () => {
    const parent = { sagaId: sagaId('day-1'), step: 'trip', attempt: 1, waits: true }
    expect(rows('sagas', [{ type: 'saga-voided', parent }])[0]).toMatchObject({
      status: 'compensated',
      definition: null,
      parent_saga_id: 'day-1',
    })
  })
})

describe('steps', () => {
  test('are named by their path; blocks have a row, and scopes only when they turned back by themselves', () => {
    const tour = [e.open('p'), e.scope('p[x]'), e.scope('p[y]'), e.ask('p[x].a'), e.done('p[x].a'), e.scopeDone('p[x]')]
    expect(steps(...tour, e.ask('p[y].b'), e.refuse('p[y].b'), e.turn('p[y]'), e.scopeUndone('p[y]'))).toEqual([
      'p forward open',
      'p[x].a forward succeeded',
      'p[y] compensate succeeded',
      'p[y].b forward rejected',
    ])
    expect(
      steps(...tour, e.closed('p'), e.turn(), e.undo('p[x].a'), e.undone('p[x].a'), e.scopeUndone('p[x]')),
    ).toEqual(['p forward succeeded', 'p[x].a compensate succeeded', 'p[x].a forward succeeded'])
  })

  test('tell the saga that they started, and what a person undid', () => {
    const row = rows('steps', [e.start(), e.askChild('trip', 'child-1')])[0]
    expect(row).toMatchObject({ step: 'trip', child_saga_id: 'child-1', block: null, timeout_at: null })
    expect(steps(e.ask('a'), e.done('a'), e.turn(), e.park('a', 'undo-by-hand'), e.resolve('a'))).toEqual([
      'a compensate resolved',
      'a forward succeeded',
    ])
  })
})
