/** What may run when, and how far a checkpoint may move: against models that are written the slow way. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FinishedPrefix } from '../../shared/participant/finished-prefix.ts'
import { Lanes } from '../../shared/participant/lanes.ts'

const someLanes = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 })

interface Item {
  readonly id: number
  readonly lanes: readonly string[]
}

/** Of all that are not done, those that share no lane with an earlier one. */
function free(items: readonly Item[], done: ReadonlySet<Item>): readonly number[] {
  const open = items.filter((item) => !done.has(item))
  const isFree = (item: Item) =>
    !open.some((other) => other.id < item.id && other.lanes.some((l) => item.lanes.includes(l)))
  return open.filter(isFree).map(({ id }) => id)
}

test('an item may begin when no earlier one that is open shares a lane with it, and every item begins', () => {
  // A number says which of those that have begun is done next; 'add' adds the next item.
  const moves = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(1_000)), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(someLanes, { maxLength: 30 }), moves, (all, asked) => {
      const lanes = new Lanes<Item>()
      const added: Item[] = []
      const begun = new Set<Item>()
      const done = new Set<Item>()
      const check = () =>
        expect(
          [...begun]
            .filter((item) => !done.has(item))
            .map(({ id }) => id)
            .sort(byNumber),
        ).toEqual(free(added, done))
      const add = () => {
        const names = all[added.length]
        if (!names) return
        const item = { id: added.length, lanes: names }
        added.push(item)
        if (lanes.add(item, names)) begun.add(item)
      }
      const finish = (which: number) => {
        const open = [...begun].filter((item) => !done.has(item))
        const item = open[which % Math.max(1, open.length)]
        if (!item) return
        done.add(item)
        for (const next of lanes.done(item)) begun.add(next)
      }
      for (const move of asked) {
        if (move === 'add') add()
        else finish(move)
        check()
      }
      while (added.length < all.length) add()
      while (done.size < all.length) finish(0)
      expect(begun.size).toBe(all.length)
    }),
  )
})

test('a checkpoint moves to the first record that is not done, and no further', () => {
  const shape = fc.record({
    gaps: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }),
    seed: fc.array(fc.nat(1_000)),
  })
  fc.assert(
    fc.property(shape, ({ gaps, seed }) => {
      const prefix = new FinishedPrefix()
      let offset = 5n
      const records = gaps.map((gap) => {
        offset += BigInt(gap)
        return prefix.hold(offset)
      })
      let told: bigint | undefined
      const open = [...records]
      for (let turn = 0; open.length > 0; turn++) {
        const [record] = open.splice((seed[turn] ?? 0) % open.length, 1)
        if (!record) throw new Error('one of them is open')
        const next = prefix.finish(record)
        const firstOpen = records.findIndex((one) => !one.isDone)
        const before = firstOpen === -1 ? records.at(-1) : records[firstOpen - 1]
        if (next === undefined) expect(before === undefined ? undefined : before.offset + 1n).toBe(told)
        else expect(next).toBe(before === undefined ? undefined : before.offset + 1n)
        told = next ?? told
        expect(prefix.size).toBe(firstOpen === -1 ? 0 : records.length - firstOpen)
      }
    }),
  )
})

function byNumber(a: number, b: number): number {
  return a - b
}
