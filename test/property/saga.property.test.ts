/** Generated definitions of all shapes under generated behaviour: the core is total, keeps its invariants, and comes to an end. */
import { describe, expect, it } from 'vitest'
import { expectedOfSagas } from './expected-situations.ts'
import { playSaga } from './play-saga.ts'
import { runs } from './property-runs.ts'
import { manyRuns, RUNS_MS_MAX } from './seeded-runs.ts'
import { Situations } from './situations.ts'

const USUAL = 7_000

describe('a saga of any definition, under any behaviour', () => {
  const situations = new Situations(expectedOfSagas)

  it(
    'keeps its invariants, equals the fold of its log, undoes just what is to be undone, and ends in every way',
    () => {
      manyRuns('sagas of any shape', USUAL, (run, options) => {
        for (const driver of playSaga(run, options)) situations.see(driver)
      })
      console.log(`${situations}`)
      if (runs(USUAL) >= USUAL) expect(situations.missing()).toEqual([])
    },
    RUNS_MS_MAX,
  )
})
