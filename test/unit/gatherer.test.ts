import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { Gatherer, type GatherLimits } from '../../shared/participant/gatherer.ts'

function gathering(limits: GatherLimits) {
  const clock = new ManualClock()
  let calls = 0
  const gatherer = new Gatherer<string>(limits, { clock, call: () => calls++ })
  return { clock, gatherer, calls: () => calls }
}

test('calls at once where there is no time to wait, and takes all that is there by then', () => {
  const { gatherer, calls } = gathering({ itemsMax: 3, waitMs: 0 })
  for (const item of ['a', 'b', 'c', 'd']) gatherer.add(item)
  expect(calls()).toBe(1)
  expect(gatherer.take()).toEqual(['a', 'b', 'c'])
})

test('gathers while a call is at work, and calls again when it has ended', () => {
  const { gatherer, calls } = gathering({ itemsMax: 3, waitMs: 0 })
  gatherer.add('a')
  expect(gatherer.take()).toEqual(['a'])
  gatherer.add('b')
  gatherer.add('c')
  expect(calls()).toBe(1)
  gatherer.ended()
  expect(calls()).toBe(2)
  expect(gatherer.take()).toEqual(['b', 'c'])
  gatherer.ended()
  expect(calls()).toBe(2)
})

test('waits for others until the first has waited its time', async () => {
  const { clock, gatherer, calls } = gathering({ itemsMax: 10, waitMs: 50 })
  gatherer.add('a')
  await clock.advance(30)
  gatherer.add('b')
  await clock.advance(19)
  expect(calls()).toBe(0)
  await clock.advance(1)
  expect(calls()).toBe(1)
  expect(gatherer.take()).toEqual(['a', 'b'])
})

test('waits no longer when there are enough', async () => {
  const { clock, gatherer, calls } = gathering({ itemsMax: 2, waitMs: 50 })
  gatherer.add('a')
  gatherer.add('b')
  expect(calls()).toBe(1)
  expect(gatherer.take()).toEqual(['a', 'b'])
  gatherer.add('c')
  gatherer.ended()
  expect(clock.nextDue()).toBe(clock.now() + 50)
  gatherer.close()
  await clock.advance(50)
  expect(calls()).toBe(1)
})

test('waits for nothing once it is closed, also when the call at work ends after that', async () => {
  const { clock, gatherer, calls } = gathering({ itemsMax: 1, waitMs: 50 })
  gatherer.add('a')
  expect(gatherer.take()).toEqual(['a'])
  gatherer.add('b')
  gatherer.close()
  gatherer.ended()
  expect(clock.nextDue()).toBeUndefined()
  expect(calls()).toBe(1)
})
