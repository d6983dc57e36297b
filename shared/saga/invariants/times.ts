/** S15: nothing that the clock causes is before its time, and no attempt is begun after the last one may be. */
import type { RequestedCommand } from '../../message/events.ts'
import type { StepEvent } from '../legality.ts'
import { type Reading, type StepBook, standingBehind } from './book.ts'

/** What the newest attempt said of its times. */
export interface AttemptTimes {
  readonly takeUpAt?: number | undefined
  readonly progressAt?: number | undefined
  readonly giveUpAt?: number | undefined
  readonly retryUntil?: number | undefined
}

export function expectTime(step: StepBook, reading: Reading<StepEvent>): void {
  const { event, at, expect } = reading
  switch (event.type) {
    case 'step-requested':
    case 'compensation-requested':
      expectBegun(step, { ...reading, event })
      step.times = event
      break
    case 'step-held':
    case 'compensation-held':
      if (isWaiting(step)) expectDue(step, step.notBefore, { at, expect })
      break
    case 'step-failed':
    case 'compensation-failed':
      expectFailed(step, { ...reading, event })
      break
    case 'step-progressed':
    case 'compensation-progressed':
      step.times = { ...step.times, takeUpAt: undefined, progressAt: event.progressAt }
      break
    case 'wait-ended':
      if (event.requestId === null) expectDue(step, step.notBefore, { at, expect })
  }
  if ('timeoutAt' in event) step.notBefore = event.timeoutAt ?? Number.POSITIVE_INFINITY
  else if ('retryAt' in event && event.retryAt !== null) step.notBefore = event.retryAt
  else if (event.type === 'wait-started') step.notBefore = event.until ?? Number.POSITIVE_INFINITY
}

type Seen = Pick<Reading, 'at' | 'expect'>

function expectDue(step: StepBook, due: number | undefined, { at, expect }: Seen): void {
  expect('S15', at >= (due ?? Number.POSITIVE_INFINITY), `at ${at}, due at ${due} for step ${step.path}`)
}

function isWaiting(step: StepBook): boolean {
  const behind = standingBehind(step)
  return behind === 'waiting' || behind === 'undo-waiting'
}

/** It is held before its first attempt of a budget: nothing of it is on the way that could be late. */
function hasNoTime(step: StepBook): boolean {
  return standingBehind(step) !== step.standing && !isWaiting(step)
}

function isOver({ giveUpAt, retryUntil }: AttemptTimes, at: number): boolean {
  return at >= (giveUpAt ?? Number.POSITIVE_INFINITY) || at > (retryUntil ?? Number.POSITIVE_INFINITY)
}

/** An attempt after the first has the budget that it began with, and is not begun past its end. */
function expectBegun(step: StepBook, { event, at, expect }: Seen & { readonly event: RequestedCommand }): void {
  const { giveUpAt, retryUntil, timeoutAt } = event
  const inside = giveUpAt === undefined || (timeoutAt !== null && timeoutAt <= giveUpAt)
  expect('S15', inside, `an attempt until ${timeoutAt}, given up at ${giveUpAt}, of step ${step.path}`)
  if (!isWaiting(step)) return
  // Of one that is held the timer has fired: clocks that are put back since then do not matter.
  if (standingBehind(step) === step.standing) expectDue(step, step.notBefore, { at, expect })
  if (step.retried) return
  const same = giveUpAt === step.times.giveUpAt && retryUntil === step.times.retryUntil
  expect('S15', same, `step ${step.path} is given another end between its attempts`)
  expect('S15', !isOver(step.times, at), `at ${at} an attempt of step ${step.path} is begun, past the last time for it`)
}

type Failed = Extract<StepEvent, { type: 'step-failed' | 'compensation-failed' }>

function expectFailed(step: StepBook, { event, at, expect }: Reading<Failed>): void {
  const { error, retryAt } = event
  const { times } = step
  // A child saga that is over says so whenever it ends, also between two attempts.
  const childOver = error.kind === 'fatal' && step.child !== undefined
  const between = isWaiting(step) && !childOver
  expect('S15', !hasNoTime(step), `step ${step.path} is held, and none of its times runs`)
  if (error.kind === 'timeout' && error.code === 'total-timeout') {
    expectDue(step, times.giveUpAt, { at, expect })
    expect('S15', retryAt === null, `step ${step.path} has had all its time, and is tried again`)
  } else if (between) expectDue(step, step.notBefore, { at, expect })
  else if (error.kind === 'timeout') expectDue(step, dueFor(step, error.code), { at, expect })
  if (between) expect('S15', retryAt === null && isOver(times, at), `step ${step.path} may be tried again`)
  if (retryAt !== null)
    expect('S15', !isOver(times, retryAt), `step ${step.path} is tried again at ${retryAt}, too late`)
}

function dueFor({ times, notBefore }: StepBook, code: string): number | undefined {
  if (code === 'not-taken-up') return times.takeUpAt
  return code === 'no-progress' ? times.progressAt : notBefore
}
