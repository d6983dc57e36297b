/** S8 from end to end: with lawful participants and children, and a lossy way to them, what a saga leaves is all or nothing. */
import { describe, expect, it } from 'vitest'
import { expectedOfWorlds } from './expected-situations.ts'
import { playWorld } from './play-world.ts'
import { runs } from './property-runs.ts'
import { manyRuns, RUNS_MS_MAX } from './seeded-runs.ts'
import { Situations } from './situations.ts'

const USUAL = 4_000

describe('with participants that keep the contract', () => {
  const situations = new Situations(expectedOfWorlds)

  it(
    'what a saga went through with was done once, and what it turned back from is undone',
    () => {
      manyRuns('sagas with children and lawful participants', USUAL, (run, options) => {
        for (const driver of playWorld(run, options)) situations.see(driver)
      })
      console.log(`${situations}`)
      if (runs(USUAL) >= USUAL) expect(situations.missing()).toEqual([])
    },
    RUNS_MS_MAX,
  )
})
