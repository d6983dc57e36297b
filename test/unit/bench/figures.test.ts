import { expect, test } from 'vitest'
import { latencyOf, spreadOf } from '../../bench/measure/spread.ts'
import { endsOf, isShipped, orderOf, STEPS_PER_SAGA } from '../../bench/work/order-data.ts'
import { median, quantile } from '../../support/quantile.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('a quantile is the smallest value that so many are not above', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4)
  expect(quantile([7], 0.01)).toBe(7)
  expect(quantile([], 0.5)).toBeNaN()
  expect(median([4, 1, 3])).toBe(3)
  expect(latencyOf(upTo(1_000).toReversed())).toEqual({ p50Ms: 499, p99Ms: 989, p999Ms: 998 })
  expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 })
})

test('how many orders are undone follows from their number', () => {
  for (const orders of [0, 1, 9, 10, 11, 1_234]) {
    const refused = upTo(orders).filter((nth) => !isShipped(nth)).length
    expect(endsOf(orders)).toEqual({ completed: orders - refused, compensated: refused })
  }
  expect(STEPS_PER_SAGA).toBe(3.2)
})

test('an order has about 200 bytes', () => {
  expect(JSON.stringify(orderOf(123, 'order-123')).length).toBeGreaterThan(180)
  expect(JSON.stringify(orderOf(123, 'order-123')).length).toBeLessThan(240)
})
