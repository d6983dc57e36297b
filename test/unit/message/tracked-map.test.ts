import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TrackedMap } from '../../../shared/message/tracked-map.ts'

type Act = readonly ['set' | 'delete' | 'touch' | 'tell' | 'tell all', key: number, value: number]

const anyActs = fc.array(
  fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete', 'delete', 'touch', 'tell', 'tell all'), fc.nat(6), fc.nat(9)),
  { maxLength: 60 },
)

/** Entries are told by what is in them: one that was only touched has changed in itself. */
function play(
  acts: readonly Act[],
  told: (changes: ReturnType<TrackedMap<number, { n: number }>['all']>, isAll: boolean) => void,
) {
  const map = new TrackedMap<number, { n: number }>()
  told(map.all(), true)
  for (const [what, key, n] of acts) {
    const known = map.get(key)
    if (what === 'set') map.set(key, { n })
    else if (what === 'delete') map.delete(key)
    else if (what === 'touch' && known) {
      known.n = n
      map.touch(key)
    } else if (what === 'tell') told(map.changes(), false)
    else if (what === 'tell all') told(map.all(), true)
  }
  told(map.changes(), false)
  return map
}

test('who takes all of it and then each change has the same entries in the same order', () => {
  fc.assert(
    fc.property(anyActs, (acts) => {
      let copy = new TrackedMap<number, { n: number }>()
      const map = play(acts, (changes, isAll) => {
        if (isAll) copy = new TrackedMap()
        copy.take({ ...changes, values: changes.values.map(({ n }) => ({ n })) })
      })
      expect([...copy]).toEqual([...map])
    }),
  )
})

test('a copy goes on telling where the one that it was made of stood', () => {
  const copy = new TrackedMap<string, number>()
  copy.take({ removed: [], keys: ['a', 'b'], values: [1, 2] })
  copy.delete('a')
  copy.set('c', 3)
  copy.set('a', 4)
  expect(copy.changes()).toEqual({ removed: ['a'], keys: ['c', 'a'], values: [3, 4] })
  expect(copy.changes()).toEqual({ removed: [], keys: [], values: [] })
})

test('what nobody has a copy of is not told', () => {
  const map = new TrackedMap<string, number>()
  map.set('a', 1)
  map.forget()
  map.set('b', 2)
  expect(map.changes()).toEqual({ removed: [], keys: [], values: [] })
  expect(map.all().keys).toEqual(['a', 'b'])
})
