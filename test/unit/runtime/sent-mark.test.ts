import { expect, test } from 'vitest'
import { SentMark } from '../../../shared/runtime/sent-mark.ts'

test('the mark stands before the oldest batch with an effect that is out', () => {
  const mark = new SentMark(4)
  expect(mark.through).toBe(4)
  mark.landed(5, 2)
  mark.landed(6, 0)
  mark.landed(7, 1)
  expect(mark.through).toBe(4)
  mark.sent(7)
  expect(mark.through).toBe(4)
  mark.sent(5)
  expect(mark.through).toBe(4)
  mark.sent(5)
  expect(mark.through).toBe(7)
})

test('a batch without effects moves the mark', () => {
  const mark = new SentMark(0)
  mark.landed(1, 0)
  expect(mark.through).toBe(1)
})

test('it is settled when nothing is out, at once or once the last is sent', async () => {
  const mark = new SentMark(0)
  await mark.settled()
  mark.landed(1, 1)
  mark.landed(2, 1)
  let settled = false
  const settling = mark.settled().then(() => {
    settled = true
  })
  mark.sent(2)
  await Promise.resolve()
  expect(settled).toBe(false)
  mark.sent(1)
  await settling
})
