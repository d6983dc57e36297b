import { expect, test } from 'vitest'
import type { LogRecord } from '../../../shared/message/record.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { SagaRoom } from '../../../shared/runtime/saga-room.ts'

const room = () => new SagaRoom({ liveSagasMax: 10, standstillMs: 1_000 })

test('commands are taken below the limit, and again when a tenth of the sagas has ended', () => {
  const one = room()
  expect(one.takesCommands(9, 0)).toBe(true)
  expect([one.takesCommands(10, 5), one.isFull]).toEqual([false, true])
  expect(one.takesCommands(9, 6)).toBe(false)
  expect([one.takesCommands(8, 7), one.isFull]).toEqual([true, false])
})

test('where no saga ends one turn takes commands all the same, each time that so long has passed', () => {
  const one = room()
  expect(one.takesCommands(10, 0)).toBe(false)
  expect(one.standstillAt).toBe(1_000)
  expect(one.takesCommands(10, 999)).toBe(false)
  expect(one.takesCommands(10, 1_000)).toBe(true)
  expect(one.takesCommands(12, 1_001)).toBe(false)
  expect(one.takesCommands(11, 1_500)).toBe(false)
  expect(one.standstillAt).toBe(2_500)
  expect(one.takesCommands(11, 2_500)).toBe(true)
})

const record = (offset: bigint, bytes = 1): LogRecord => ({
  ...{ topic: 't', partition: 0, offset, timestamp: 0, key: null, value: new Uint8Array(bytes), headers: [] },
})

test('inputs come in the order that they arrived; while commands are held replies alone are given out', () => {
  const queue = new InputQueue()
  queue.push({ source: 'commands', record: record(0n, 5) })
  queue.push({ source: 'replies', record: record(0n) })
  queue.push({ source: 'replies', record: record(1n) })
  queue.push({ source: 'commands', record: record(1n, 7) })
  queue.commandsHeld = true
  expect([queue.length, queue.of('commands').length, queue.of('commands').bytes]).toEqual([2, 2, 12])
  expect(queue.peek()).toMatchObject({ source: 'replies', record: { offset: 0n } })
  queue.shift()
  queue.commandsHeld = false
  const left = []
  for (let next = queue.peek(); next; next = queue.peek()) {
    left.push(`${next.source} ${next.record.offset}`)
    queue.shift()
  }
  expect(left).toEqual(['commands 0', 'replies 1', 'commands 1'])
  expect([queue.length, queue.bytes]).toEqual([0, 0])
})
