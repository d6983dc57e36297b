import { expect, test } from 'vitest'
import { BREAKER, breakerPolicy, burstOf, isLimiting, limitsFault } from '../../../shared/flow/limits.ts'

test.each([
  [{ concurrency: 10 }],
  [{ ratePerSecond: 0.5 }],
  [{ ratePerSecond: 200, burst: 1 }],
  [{ perKey: { concurrency: 1, ratePerSecond: 2 } }],
  [{ breaker: 'off' }],
  [{ concurrency: 1, breaker: { failureRate: 1, probes: 1 } }],
])('%j can be the limits of a participant', (limits) => {
  expect(limitsFault(limits)).toBeUndefined()
})

test.each([
  [null, 'is an object'],
  [[], 'is an object'],
  [{}, 'says nothing'],
  [{ concurency: 1 }, 'has concurency, which is none of concurrency, ratePerSecond, burst, perKey, breaker'],
  [{ concurrency: 0 }, 'concurrency is a whole number from 1 to 1000000'],
  [{ concurrency: 1.5 }, 'concurrency is a whole number from 1 to 1000000'],
  [{ ratePerSecond: 0 }, 'ratePerSecond is from 0.001 to 1000000'],
  [{ ratePerSecond: Number.NaN }, 'ratePerSecond is from 0.001 to 1000000'],
  [{ burst: 5 }, 'burst goes with ratePerSecond'],
  [{ perKey: {} }, 'perKey says nothing'],
  [{ perKey: { burst: 1 } }, 'perKey has burst, which is none of concurrency, ratePerSecond'],
  [{ breaker: 'on' }, 'breaker is an object'],
  [{ breaker: { failureRate: 2 } }, 'breaker failureRate is above 0 and at most 1'],
  [{ breaker: { openMs: 60_001 } }, 'breaker openMs is a whole number from 1 to 60000'],
  [{ toString: 1 }, 'has toString, which is none of concurrency, ratePerSecond, burst, perKey, breaker'],
])('%j cannot: it %s', (limits, fault) => {
  expect(limitsFault(limits)).toBe(fault)
})

test('a breaker is on unless it is switched off, and what is not said of it is as usual', () => {
  expect(breakerPolicy({})).toEqual(BREAKER)
  expect(breakerPolicy({ breaker: { probes: 1 } })).toEqual({ ...BREAKER, probes: 1 })
  expect(breakerPolicy({ breaker: 'off' })).toBeUndefined()
})

test('a breaker alone limits nothing while it is closed', () => {
  expect(isLimiting({ breaker: { probes: 1 } })).toBe(false)
  expect(isLimiting({ perKey: { concurrency: 1 } })).toBe(true)
})

test('a burst is a tenth of a second unless it is said', () => {
  expect([burstOf(200), burstOf(3), burstOf(200, 7)]).toEqual([20, 1, 7])
})
