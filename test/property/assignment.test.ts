import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignment } from '../../shared/adapters/in-process/assignment.ts'

const joinsAndLeaves = fc.record({
  partitions: fc.integer({ min: 1, max: 12 }),
  changes: fc.array(fc.record({ join: fc.boolean(), which: fc.nat(10) }), { maxLength: 20 }),
})

test('every partition has a member, shares differ by one at most, and no more moves than must', () => {
  fc.assert(
    fc.property(joinsAndLeaves, ({ partitions, changes }) => {
      let members: number[] = []
      let owners: readonly (number | undefined)[] = Array.from({ length: partitions }, () => undefined)
      changes.forEach(({ join, which }, i) => {
        members = join || members.length === 0 ? [...members, 1_000 + i] : members.toSpliced(which % members.length, 1)
        const next = assignment(members, owners)
        const counts = members.map((m) => next.filter((owner) => owner === m).length)
        if (members.length === 0) expect(next.every((owner) => owner === undefined)).toBe(true)
        else {
          expect(next.every((owner) => owner !== undefined && members.includes(owner))).toBe(true)
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        }
        const moved = next.filter(
          (owner, p) => owners[p] !== undefined && members.includes(owners[p]) && owner !== owners[p],
        )
        expect(moved.length).toBeLessThanOrEqual(Math.ceil(partitions / Math.max(1, members.length)))
        expect(assignment(members, next)).toEqual(next)
        owners = next
      })
    }),
  )
})
