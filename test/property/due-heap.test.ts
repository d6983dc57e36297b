import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueHeap } from '../../shared/runtime/due-heap.ts'
import { parameters } from './property-runs.ts'

type Step =
  | { readonly kind: 'set'; readonly id: number; readonly dueAt: number | undefined }
  | { readonly kind: 'take'; readonly now: number }

const time = fc.integer({ min: 0, max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    id: fc.nat(12),
    dueAt: fc.option(time, { nil: undefined, freq: 4 }),
  }),
  fc.record({ kind: fc.constant('take' as const), now: time }),
)

/** What a heap is held against: due times in a map, searched through. */
class Plain {
  readonly dueAt = new Map<number, number>()

  earliest(): number | undefined {
    return this.dueAt.size === 0 ? undefined : Math.min(...this.dueAt.values())
  }
}

test('a heap of due times is a sorted list, whatever is set, set anew, taken back and taken', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DueHeap<number>()
      const plain = new Plain()
      for (const one of steps) {
        if (one.kind === 'set') {
          heap.set(one.id, one.dueAt)
          if (one.dueAt === undefined) plain.dueAt.delete(one.id)
          else plain.dueAt.set(one.id, one.dueAt)
        } else {
          const earliest = plain.earliest()
          const id = heap.takeDue(one.now)
          expect(id !== undefined).toBe(earliest !== undefined && earliest <= one.now)
          if (id !== undefined) expect(plain.dueAt.get(id)).toBe(earliest)
          if (id !== undefined) plain.dueAt.delete(id)
        }
        expect(heap.earliest()).toBe(plain.earliest())
        expect(heap.size).toBe(plain.dueAt.size)
      }
    }),
    parameters(300),
  )
})

test('due times that are moved again and again do not pile up, and all are taken in order', () => {
  const heap = new DueHeap<number>()
  const moves = 50_000
  for (let i = 0; i < moves; i++) heap.set(i % 100, 1_000 + ((i * 7_919) % 10_007))
  expect(heap.size).toBe(100)
  const taken: number[] = []
  for (let at = heap.earliest(); at !== undefined; at = heap.earliest()) {
    expect(heap.takeDue(at - 1)).toBeUndefined()
    expect(heap.takeDue(at)).toBeDefined()
    taken.push(at)
  }
  expect(taken).toEqual([...taken].sort((a, b) => a - b))
  expect(taken).toHaveLength(100)
})
