/** Sagas and locks over every disorder that the transports can make: exclusion, order, tokens, and no lock that stays. */
import { expect, it } from 'vitest'
import { LockWorld } from './lock-world.ts'
import { numbersFrom } from './plans/choices.ts'
import { runs } from './property-runs.ts'
import { RUNS_MS_MAX } from './seeded-runs.ts'

const USUAL = 3_000
const STEPS_MAX = 600

const EXPECTED = [
  'held by 1',
  'held by 2',
  'duplicate-ask',
  'ask-over',
  'asked late',
  'withdrawn',
  'rejected',
  'undone',
  'ended',
  'killed while it waits',
  'taken over',
]

it(
  'a lock is held by no more sagas than it has permits, by each in its turn, by none for ever, and by none that has ended',
  () => {
    const first = Number(process.env.KASAGA_PROPERTY_SEED ?? Math.floor(Date.now() / 1_000))
    const seen = new Set<string>()
    for (let i = 0; i < runs(USUAL); i++) {
      const seed = (first + i * 7_919) >>> 0
      try {
        const next = numbersFrom(seed)
        const world = new LockWorld(next)
        for (let step = next() % STEPS_MAX; step > 0; step--) world.step()
        world.settle()
        for (const what of world.seen.keys()) seen.add(what)
      } catch (error) {
        throw new Error(`${error}; KASAGA_PROPERTY_SEED=${seed} KASAGA_PROPERTY_RUNS=1 plays it again`, {
          cause: error,
        })
      }
    }
    if (runs(USUAL) >= 500) expect(EXPECTED.filter((what) => !seen.has(what))).toEqual([])
  },
  RUNS_MS_MAX,
)
