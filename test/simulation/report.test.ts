/** What is said of a run: which situations it lacks, and how a failure is seen again. */
import { expect, test } from 'vitest'
import { failureText, reportText } from './report-text.ts'
import { missingIn, SITUATIONS_SEEDS_MIN, type Totals } from './run-seeds.ts'
import { ALL_SITUATIONS, type Situation } from './situations/names.ts'
import { optionsOf } from './world/options.ts'

const all = Object.fromEntries(ALL_SITUATIONS.map((name) => [name, 1])) as Record<Situation, number>
const totals: Totals = {
  ...{ seeds: SITUATIONS_SEEDS_MIN, steps: 5, stepsPerSecond: 5, violations: 0 },
  ...{ faults: { crash: 2 }, situations: { ...all, undoFirst: 0 }, sagas: { completed: 3 } },
}

test('a situation that never came is missing in a long run, and not yet in a short one', () => {
  expect(missingIn(totals)).toEqual(['undoFirst'])
  expect(missingIn({ ...totals, seeds: SITUATIONS_SEEDS_MIN - 1 })).toEqual([])
  expect(missingIn({ ...totals, situations: all })).toEqual([])
})

test('the report names what never came, and what failed says how it is seen again', () => {
  const report = reportText({ totals, failed: [], missing: missingIn(totals) })
  expect(report).toContain('never came: 1 an undo arrives before its do')
  expect(report).toContain('1,000 seeds, 5 steps (5 a second), 0 seeds failed')
  const breaches = [{ invariant: 'S8', message: 'done twice' }]
  const result = {
    ...{ options: optionsOf(7), steps: 1, trace: 'abc', breaches },
    faults: {},
    situations: {},
    sagas: {},
  }
  expect(failureText(result)).toContain('S8: done twice')
  expect(failureText(result)).toContain('npm run simulate -- --seed 7 --seeds 1')
})
