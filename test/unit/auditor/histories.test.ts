/** What the auditor keeps of sagas: all of those that go on, and next to nothing of those that have ended. */
import { expect, test } from 'vitest'
import { Histories } from '../../../services/auditor/histories.ts'
import { IdSet } from '../../../services/auditor/id-set.ts'
import { order } from '../../support/fabricate-log.ts'

const events = order('order-1', 'compensated')

function filled(): Histories {
  const histories = new Histories()
  const history = histories.of('order-1')
  events.forEach((event, i) => {
    history.events.push(event)
    history.offsets.push(9_007_199_254_740_993n + BigInt(i))
    history.inView++
    history.offsetsInView += BigInt(i)
  })
  return histories
}

test('a history that was packed is the same when it goes on, and at the end', () => {
  const histories = filled()
  const before = structuredClone(histories.of('order-1'))
  histories.pack('order-1')
  expect(histories.of('order-1')).toEqual(before)
  histories.pack('order-1')
  histories.of('order-2')
  expect([...histories.drain()].map(([id, { events: own }]) => [id, own.length])).toEqual([
    ['order-2', 0],
    ['order-1', events.length],
  ])
  expect([...histories.drain()]).toEqual([])
})

test('of one that has ended it is known that it has, and no more', () => {
  const histories = filled()
  expect(histories.hasEnded('order-1')).toBe(false)
  histories.end('order-1')
  expect([histories.hasEnded('order-1'), histories.hasEnded('order-2')]).toEqual([true, false])
  expect([...histories.drain()]).toEqual([])
})

test('a set of ids knows those that were added and no others, however many they are', () => {
  const set = new IdSet()
  const ids = (from: string) => Array.from({ length: 50_000 }, (_, i) => `fulfil-order:${from}-${i}`)
  for (const id of ids('in')) set.add(id)
  for (const id of ids('in').slice(0, 100)) set.add(id)
  expect(set.size).toBe(50_000)
  expect(ids('in').every((id) => set.has(id))).toBe(true)
  expect(ids('out').filter((id) => set.has(id))).toEqual([])
  set.clear()
  expect([set.size, set.has('fulfil-order:in-1')]).toEqual([0, false])
})
