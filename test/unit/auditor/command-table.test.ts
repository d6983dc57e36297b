/** The table of commands, held against a Map of the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandTable } from '../../../services/auditor/command-table.ts'

interface Kept {
  content: number
  participant: number
  due: boolean
  sends: number
}

/** Few hashes, many of them with one place while the table is small. */
const ID = fc.integer({ min: 0, max: 3_000 }).map((n) => 1 + (n % 3) + Math.floor(n / 3) * 1_024)
const MOVE = fc.record({
  kind: fc.constantFrom('put', 'put', 'due', 'send'),
  id: ID,
  content: fc.maxSafeNat(),
  participant: fc.nat(2),
})

test('it keeps of each command what was said of it, however many come', () => {
  fc.assert(
    fc.property(fc.array(MOVE, { minLength: 1, maxLength: 4_000, size: 'max' }), (moves) => {
      const [table, kept] = [new CommandTable(), new Map<number, Kept>()]
      for (const { kind, id, content, participant } of moves) {
        const known = kept.get(id)
        if (kind === 'put') {
          table.put(id, content, participant)
          kept.set(id, { content, participant, due: false, sends: 0 })
        } else if (known && kind === 'due') {
          table.setDue(id)
          known.due = true
        } else if (known) {
          table.countSend(table.find(id) ?? -1)
          known.sends++
        }
      }
      expect(table.size).toBe(kept.size)
      for (const [id, { content, participant }] of kept) {
        const place = table.find(id) ?? -1
        expect([table.isLike(place, content, participant), table.isLike(place, content, participant + 1)]).toEqual([
          true,
          false,
        ])
      }
      for (const participant of [0, 1, 2]) {
        const unsent = [...kept].filter(([, one]) => one.participant === participant && one.due && one.sends === 0)
        expect([...table.unsent(participant)].sort()).toEqual(unsent.map(([id]) => id).sort())
      }
      expect(table.find(7_777_777)).toBeUndefined()
    }),
    { numRuns: 20 },
  )
})
