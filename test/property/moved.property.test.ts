/** Sagas of any definition are moved to any next version at any time: none loses a step, and each undo finds what it undoes. */
import { describe, expect, it } from 'vitest'
import { expectedOfMoves } from './expected-situations.ts'
import { playWorld } from './play-world.ts'
import { runs } from './property-runs.ts'
import { manyRuns, RUNS_MS_MAX } from './seeded-runs.ts'
import { Situations } from './situations.ts'

const USUAL = 4_000

describe('a saga that is moved between versions', () => {
  const situations = new Situations(expectedOfMoves)

  it(
    'keeps its invariants, comes to its end, and leaves all or nothing with its participants',
    () => {
      manyRuns('sagas that are moved', USUAL, (run, options) => {
        for (const driver of playWorld(run, { ...options, moves: true })) situations.see(driver)
      })
      console.log(`${situations}`)
      if (runs(USUAL) >= USUAL) expect(situations.missing()).toEqual([])
    },
    RUNS_MS_MAX,
  )
})
