import { afterEach, expect, test, vi } from 'vitest'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'

const take = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test('a seed gives the same numbers for ever, spread over [0, 1)', () => {
  expect(take(42, 3)).toEqual([0.6011037519201636, 0.44829055899754167, 0.8524657934904099])
  expect(take(42, 100)).toEqual(take(42, 100))
  expect(take(43, 100)).not.toEqual(take(42, 100))
  const many = take(7, 10_000)
  expect(many.every((n) => n >= 0 && n < 1)).toBe(true)
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = many.filter((n) => Math.floor(n * 10) === tenth).length
    expect(share).toBeGreaterThan(850)
    expect(share).toBeLessThan(1_150)
  }
})

test('system chance is in [0, 1) and system ids are new and sorted by time', async () => {
  const numbers = Array.from({ length: 100 }, () => systemRandom.next())
  expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true)
  expect(new Set(numbers).size).toBeGreaterThan(1)
  const ids = Array.from({ length: 1_000 }, () => systemIds.next())
  expect(new Set(ids).size).toBe(1_000)
  expect([...ids].sort()).toEqual(ids)
})

afterEach(() => {
  vi.useRealTimers()
})

test('the system clock is never early and cancels', async () => {
  let cancelledRan = false
  const cancel = systemClock.schedule(5, () => {
    cancelledRan = true
  })
  cancel()
  const from = systemClock.now()
  const elapsedFrom = performance.now()
  await new Promise<void>((resolve) => systemClock.schedule(20, resolve))
  expect(systemClock.now()).toBeGreaterThanOrEqual(from + 20)
  expect(performance.now()).toBeGreaterThanOrEqual(elapsedFrom + 20)
  expect(cancelledRan).toBe(false)
})

test('the system clock keeps delays that the runtime would fire at once', async () => {
  vi.useFakeTimers()
  const delayMs = 2 ** 31 + 5_000
  let ran = false
  systemClock.schedule(delayMs, () => {
    ran = true
  })
  await vi.advanceTimersByTimeAsync(delayMs - 1)
  expect(ran).toBe(false)
  await vi.advanceTimersByTimeAsync(2)
  expect(ran).toBe(true)
})
