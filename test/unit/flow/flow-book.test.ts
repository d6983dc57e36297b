import { expect, test } from 'vitest'
import type { Call } from '../../../shared/flow/call.ts'
import { FlowBook } from '../../../shared/flow/flow-book.ts'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'

const id = sagaId('s-1')
const act = { requestId: 'r', actor: 'ann', reason: 'why' }
const held = (step: string): SagaEvent => ({ type: 'step-held', step, participant: 'bank' })
const sent = (step: string): SagaEvent => {
  const command = { definition: 'pay', version: 1, participant: 'bank', commandType: 'bank.charge.v1', payload: null }
  return { type: 'step-requested', step, attempt: 1, timeoutAt: null, ...command }
}

/** A book, and what it tells of the saga as one who watches hears it. */
function watched() {
  const book = new FlowBook()
  const told: string[] = []
  const tell = (what: string) => (call: Call, worked?: boolean) => {
    call.place = what === 'held' ? 'waiting' : what === 'sent' ? 'sent' : 'out'
    told.push(`${what} ${call.step}${worked === undefined ? '' : worked ? ' worked' : ' failed'}`)
  }
  book.watch({ held: tell('held'), sent: tell('sent'), ended: tell('ended') })
  let seq = 0
  const take = (...events: readonly SagaEvent[]) => {
    told.length = 0
    for (const event of events)
      book.take({ sagaId: id, seq: ++seq, at: seq, causationId: 'c', event }, { priority: 5, paused: false })
    return [...told]
  }
  return { book, take }
}

test('a held step that is admitted is one call, from when it began to wait', () => {
  const { book, take } = watched()
  expect(take(held('charge'), sent('charge'))).toEqual(['held charge', 'sent charge'])
  expect([...book.calls()].map(({ since, status }) => [since, status])).toEqual([[1, 'sent']])
})

test('how a call ended says whether its participant works; a step that was only held says nothing', () => {
  const { take } = watched()
  const error = { kind: 'timeout', code: 'timeout', message: 'no answer' } as const
  const failed: SagaEvent = { type: 'step-failed', step: 'charge', attempt: 1, error, retryAt: 9 }
  expect(take(sent('charge'), failed)).toEqual(['sent charge', 'ended charge failed'])
  const fatal: SagaEvent = { ...failed, error: { ...error, kind: 'fatal' } }
  expect(take(sent('charge'), fatal)).toEqual(['sent charge', 'ended charge worked'])
  expect(take(held('charge'), failed)).toEqual(['held charge', 'ended charge'])
})

test('what a paused saga holds is asked for by nobody until it is resumed', () => {
  const { take } = watched()
  expect(take(held('charge'), { type: 'saga-paused', timers: 'hold', ...act })).toEqual(['held charge', 'ended charge'])
  expect(take({ type: 'saga-resumed', ...act })).toEqual(['held charge'])
})

test('what could not be admitted is asked for again when something happens to its saga', () => {
  const { book, take } = watched()
  take(held('charge'))
  for (const call of book.calls()) book.putAside(call)
  const signal: SagaEvent = { type: 'signal-received', name: 'x', payload: null, requestId: 'r' }
  expect(take(signal)).toEqual(['held charge'])
  expect(take(signal)).toEqual([])
})

test('a scope that turns back takes its forward steps along, those inside its blocks too, and no others', () => {
  const { take } = watched()
  const steps = ['a', 'b[0].c', 'b[0].d[x].e', 'b[1].c', ...Array.from({ length: 20 }, (_, i) => `f[${i}].g`)]
  take(...steps.map(held))
  const back = (scope: string): SagaEvent => ({ type: 'compensation-started', scope, cause: { kind: 'parent' } })
  expect(take(back('b[0]'))).toEqual(['ended b[0].c', 'ended b[0].d[x].e'])
  expect(take(back('f[7]'))).toEqual(['ended f[7].g'])
})

test('a saga that is moved to another version has its calls under their new names, also where names change places', () => {
  const { book, take } = watched()
  take(held('a'), sent('b[0].c'), held('d'), held('given'))
  const renames = { a: 'd', d: 'a', b: 'x' }
  const moved = { fromVersion: 1, toVersion: 2, pivot: null, renames, outputs: { given: null }, ...act }
  expect(take({ type: 'saga-migrated', ...moved })).toEqual(['ended given'])
  expect([...book.calls()].map(({ step, since }) => `${step} ${since}`)).toEqual(['d 1', 'x[0].c 2', 'a 3'])
  expect(take(sent('d'))).toEqual(['sent d'])
})

test('a saga that is killed leaves nothing', () => {
  const { book, take } = watched()
  expect(take(held('a'), sent('b'), { type: 'saga-killed', ...act })).toEqual([
    'held a',
    'sent b',
    'ended a',
    'ended b',
  ])
  expect([...book.calls()]).toEqual([])
})
