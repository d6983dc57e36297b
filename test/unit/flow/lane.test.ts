import { expect, test } from 'vitest'
import { Lane } from '../../../shared/flow/lane.ts'
import { BREAKER } from '../../../shared/flow/limits.ts'
import { sagaId } from '../../../shared/message/ids.ts'

const WHOLE = { own: [0], of: 1 }

function waitingIn(lane: Lane, count: number, from = 0, key = ''): void {
  for (let turn = from; turn < from + count; turn++) {
    const step = { saga: sagaId(`order-${turn}`), step: 'charge', direction: 'forward', participant: 'bank' } as const
    const place = { place: 'out', partition: 0, probe: undefined, turn } as const
    lane.lines.add({ ...step, ...place, key, since: 0, priority: 5, status: 'held' })
  }
}

test('a token that comes between the last look and the question when to look again is not missed', () => {
  const lane = new Lane('bank')
  lane.setLimits({ ratePerSecond: 100 }, WHOLE)
  waitingIn(lane, 1)
  expect(lane.grant(1_000)).toBeDefined()
  waitingIn(lane, 1, 1)
  expect(lane.grant(1_009)).toBeUndefined()
  expect(lane.readyAt(1_009)).toBeGreaterThan(1_009)
  expect(lane.readyAt(1_015)).toBeLessThanOrEqual(1_015)
  expect(lane.grant(1_015)).toBeDefined()
  expect(lane.readyAt(1_015)).toBeUndefined()
})

test('an open breaker whose time is over by then is not missed either', () => {
  const lane = new Lane('bank')
  lane.setLimits({ ratePerSecond: 1_000 }, WHOLE)
  for (let i = 0; i < BREAKER.minimumCalls; i++) lane.breaker.heard({ worked: false, probe: undefined }, 0, BREAKER)
  expect(lane.breaker.status).toBe('open')
  const { openUntil } = lane.breaker
  waitingIn(lane, 1)
  expect(lane.grant(openUntil - 1)).toBeUndefined()
  expect(lane.readyAt(openUntil - 1)).toBe(openUntil)
  expect(lane.readyAt(openUntil + 5)).toBeLessThanOrEqual(openUntil + 5)
  expect(lane.grant(openUntil + 5)).toBeDefined()
})

test('where many wait, tokens are let go by the twentieth of a second, and all that there are', () => {
  const lane = new Lane('bank')
  lane.setLimits({ ratePerSecond: 100 }, WHOLE)
  waitingIn(lane, 20)
  const goingAt = (now: number) => {
    let going = 0
    while (lane.grant(now)) going++
    return going
  }
  expect([1_000, 1_039, 1_040, 1_041, 1_089, 1_097].map(goingAt)).toEqual([0, 0, 5, 0, 0, 5])
  expect(lane.readyAt(1_097)).toBeGreaterThanOrEqual(1_140)
  expect(lane.readyAt(1_097)).toBeLessThanOrEqual(1_141)
})

test('what waits alone has the first token', () => {
  const lane = new Lane('bank')
  lane.setLimits({ ratePerSecond: 100 }, WHOLE)
  waitingIn(lane, 1)
  expect(lane.grant(1_000)).toBeDefined()
})

const HOUR_MS = 3_600_000

test('a clock that is set back holds nothing up until it is where it was: not an open breaker', () => {
  const lane = new Lane('bank')
  const ahead = 10_000 + HOUR_MS
  for (let i = 0; i < BREAKER.minimumCalls; i++) lane.breaker.heard({ worked: false, probe: undefined }, ahead, BREAKER)
  waitingIn(lane, 1)
  expect(lane.grant(ahead)).toBeUndefined()
  expect(lane.readyAt(10_000)).toBeLessThanOrEqual(10_000)
  expect(lane.grant(10_000)).toBeDefined()
})

test('nor a key that waits for its rate', () => {
  const lane = new Lane('bank')
  lane.setLimits({ perKey: { ratePerSecond: 1 } }, WHOLE)
  waitingIn(lane, 2, 0, 'acme')
  expect(lane.grant(10_000 + HOUR_MS)).toBeDefined()
  expect(lane.grant(10_000 + HOUR_MS)).toBeUndefined()
  // Nothing has passed by this clock: the key is looked at again, and waits for its token anew.
  expect(lane.grant(10_000)).toBeUndefined()
  expect(lane.readyAt(10_000)).toBeLessThanOrEqual(11_000)
  expect(lane.grant(11_000)).toBeDefined()
})

test('nor what goes out little by little', () => {
  const lane = new Lane('bank')
  lane.ramp(10_000 + HOUR_MS)
  expect(lane.room(10_000)).toBe(4)
  expect(lane.room(10_500)).toBe(8)
})
