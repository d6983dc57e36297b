import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignPartitions, type GroupClaim } from '../../../shared/adapters/kafka/group-assignment.ts'

const claim = (memberId: string, held: number[] = [], generation = 1): GroupClaim => ({ memberId, held, generation })
const sharesOf = (claims: readonly GroupClaim[], count: number) => [...assignPartitions(claims, count).partitions]

test('one member gets everything, and the round is finished', () => {
  const { partitions, unfinished } = assignPartitions([claim('a')], 3)
  expect(partitions.get('a')).toEqual([0, 1, 2])
  expect(unfinished).toBe(false)
})

test('a partition that has to move is given to nobody until its holder has let go of it', () => {
  const first = assignPartitions([claim('a', [0, 1, 2, 3]), claim('b')], 4)
  expect(first.partitions.get('a')).toEqual([0, 1])
  expect(first.partitions.get('b')).toEqual([])
  expect(first.unfinished).toBe(true)
  const second = assignPartitions([claim('a', [0, 1], 2), claim('b', [], 2)], 4)
  expect(second.partitions.get('b')).toEqual([2, 3])
  expect(second.unfinished).toBe(false)
})

test('the partitions of a member that is gone go out at once, and the others keep theirs', () => {
  const { partitions, unfinished } = assignPartitions([claim('a', [0, 4]), claim('c', [2, 5])], 6)
  expect(partitions.get('a')).toEqual([0, 4, 1])
  expect(partitions.get('c')).toEqual([2, 5, 3])
  expect(unfinished).toBe(false)
})

test('of two claims to one partition the later generation is right', () => {
  expect(sharesOf([claim('a', [0], 3), claim('b', [0], 7)], 2)).toEqual([
    ['b', [0]],
    ['a', [1]],
  ])
})

const members = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { minLength: 1, maxLength: 6 })

test('any changes of the group: never two holders, balanced in two rounds, sticky once balanced', () => {
  fc.assert(
    fc.property(fc.array(members, { minLength: 1, maxLength: 8 }), fc.nat(20), (groups, count) => {
      let held = new Map<string, readonly number[]>()
      let generation = 0
      for (const group of groups) {
        for (let round = 0; round < 3; round++) {
          const claims = group.map((id) => claim(id, [...(held.get(id) ?? [])], generation))
          const { partitions, unfinished } = assignPartitions(claims, count)
          for (const [id, share] of partitions) {
            for (const partition of share) {
              const others = claims.filter(({ memberId }) => memberId !== id)
              expect(others.some((other) => other.held.includes(partition))).toBe(false)
            }
          }
          if (round === 2) expect([...partitions].every(([id, share]) => same(share, held.get(id)))).toBe(true)
          expect(round > 0 && unfinished).toBe(false)
          held = new Map(partitions)
          generation++
        }
        const sizes = [...held.values()].map((share) => share.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect([...held.values()].flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, p) => p))
      }
    }),
  )
})

function same(a: readonly number[], b: readonly number[] = []): boolean {
  return a.toSorted().join() === b.toSorted().join()
}
