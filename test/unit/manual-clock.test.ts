import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { sleep } from '../../shared/ports/clock.ts'

test('runs what falls due in the order of time, and of scheduling within one millisecond', async () => {
  const clock = new ManualClock(1_000)
  const ran: string[] = []
  const note = (name: string) => () => ran.push(`${name}@${clock.now()}`)
  clock.schedule(30, note('c'))
  clock.schedule(10, note('a'))
  clock.schedule(10, note('b'))
  clock.soon(note('soon'))
  clock.schedule(31, note('later'))
  await clock.advance(30)
  expect(ran).toEqual(['soon@1000', 'a@1010', 'b@1010', 'c@1030'])
  expect(clock.now()).toBe(1_030)
  expect(clock.nextDue()).toBe(1_031)
})

test('runs what its callbacks schedule, when that falls due too, and nothing before its time', async () => {
  const clock = new ManualClock(0)
  const ran: number[] = []
  const again = () => {
    ran.push(clock.now())
    clock.schedule(7, again)
  }
  clock.schedule(7, again)
  await clock.advance(6)
  expect(ran).toEqual([])
  await clock.advance(20)
  expect(ran).toEqual([7, 14, 21])
  expect(clock.now()).toBe(26)
})

test('follows up settled promises before it goes on', async () => {
  const clock = new ManualClock(0)
  const ran: string[] = []
  const twice = async () => {
    await sleep(clock, 5)
    ran.push(`first@${clock.now()}`)
    await sleep(clock, 5)
    ran.push(`second@${clock.now()}`)
  }
  void twice()
  clock.schedule(7, () => ran.push('between'))
  await clock.advance(10)
  expect(ran).toEqual(['first@5', 'between', 'second@10'])
})

test('does not run what was cancelled', async () => {
  const clock = new ManualClock(0)
  const ran: string[] = []
  const cancel = clock.schedule(5, () => ran.push('cancelled'))
  clock.schedule(6, () => ran.push('kept'))
  cancel()
  expect(clock.nextDue()).toBe(6)
  await clock.advance(10)
  expect(ran).toEqual(['kept'])
  expect(clock.nextDue()).toBeUndefined()
})

test('keeps order among many callbacks', async () => {
  const clock = new ManualClock(0)
  const ran: number[] = []
  for (let i = 0; i < 500; i++) {
    const dueMs = (i * 7_919) % 503
    clock.schedule(dueMs, () => ran.push(dueMs))
  }
  await clock.advance(600)
  expect(ran).toEqual([...ran].sort((a, b) => a - b))
  expect(ran.length).toBe(500)
})
