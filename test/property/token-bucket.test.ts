import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBucket } from '../../shared/flow/token-bucket.ts'
import { parameters } from './property-runs.ts'

const pace = fc.record({
  ratePerSecond: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0.01, max: 1, noNaN: true })),
  burst: fc.integer({ min: 1, max: 50 }),
  missed: fc.integer({ min: 0, max: 60 }),
})

test('in no time do more calls go than the burst, what was missed and what the rate gives, whenever they are asked for', () => {
  fc.assert(
    fc.property(pace, fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 80 }), (pace, waits) => {
      const bucket = new TokenBucket(0)
      const taken: number[] = []
      let now = 0
      for (const wait of waits) {
        now += wait
        for (let left = bucket.count(now, pace); left > 0; left--) {
          bucket.take()
          taken.push(now)
        }
      }
      for (const [i, from] of taken.entries()) {
        const to = taken.at(-1) ?? 0
        const most = pace.burst + pace.missed + (pace.ratePerSecond * (to - from)) / 1_000
        expect(taken.length - i).toBeLessThanOrEqual(most + 1e-6)
      }
    }),
    parameters(300),
  )
})

test('one who comes when it says gets what it says, and over a long time all of the rate', () => {
  fc.assert(
    fc.property(pace, (pace) => {
      const bucket = new TokenBucket(0)
      let now = 0
      let taken = 0
      while (taken < 200) {
        now = bucket.readyAt(now, pace, 1)
        const count = bucket.count(now, pace)
        expect(count).toBeGreaterThan(0)
        for (let i = 0; i < count; i++) bucket.take()
        taken += count
      }
      // Times are whole milliseconds: where little can be saved up, each token is late by less than one.
      const late = pace.burst < 3 ? 1 : 0
      expect(now).toBeLessThanOrEqual(taken * (1_000 / pace.ratePerSecond + late) + 5)
    }),
    parameters(200),
  )
})

test('whoever waits and comes late gets all of the rate, as far as it is kept', () => {
  const lates = fc.array(fc.integer({ min: 0, max: 450 }), { minLength: 20, maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), lates, (ratePerSecond, lates) => {
      const pace = { ratePerSecond, burst: 1, missed: ratePerSecond / 2 }
      const bucket = new TokenBucket(0)
      let now = 0
      let taken = 0
      // The token that it begins with goes at once; from there on somebody waits.
      for (const late of [0, ...lates]) {
        now = bucket.readyAt(now, pace, 1) + late
        for (let left = bucket.count(now, pace); left > 0; left = bucket.count(now, pace)) {
          bucket.take()
          taken++
        }
      }
      expect(taken).toBe(1 + Math.floor((ratePerSecond * now) / 1_000 + 1e-6))
    }),
    parameters(200),
  )
})

test('nothing is made good that nobody waited for', () => {
  const pace = { ratePerSecond: 100, burst: 10, missed: 50 }
  const bucket = new TokenBucket(0)
  bucket.take()
  expect(bucket.count(0, pace)).toBe(0)
  expect(bucket.count(60_000, pace)).toBe(60)
  expect(bucket.count(120_000, pace)).toBe(10)
  for (let i = 0; i < 10; i++) bucket.take()
  expect(bucket.count(120_000, pace)).toBe(0)
  bucket.rest()
  expect(bucket.count(180_000, pace)).toBe(10)
})

test('a clock that goes back takes nothing and gives nothing', () => {
  const bucket = new TokenBucket(10_000)
  const pace = { ratePerSecond: 1, burst: 5, missed: 0 }
  expect(bucket.count(5_000, pace)).toBe(1)
  expect(bucket.count(6_000, pace)).toBe(2)
})
