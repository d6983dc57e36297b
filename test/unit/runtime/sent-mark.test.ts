import { expect, test } from 'vitest'
import { SentMark } from '../../../shared/runtime/sent-mark.ts'

test('the mark stands before the oldest batch with an effect that is out', () => {
  const mark = new SentMark(4)
  expect(mark.through).toBe(4)
  mark.landed({ number: 5, offset: 0n }, 2)
  mark.landed({ number: 6, offset: 0n }, 0)
  mark.landed({ number: 7, offset: 0n }, 1)
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
  mark.landed({ number: 1, offset: 0n }, 0)
  expect(mark.through).toBe(1)
})

test('it is settled when nothing is out, at once or once the last is sent', async () => {
  const mark = new SentMark(0)
  await mark.settled()
  mark.landed({ number: 1, offset: 0n }, 1)
  mark.landed({ number: 2, offset: 0n }, 1)
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
