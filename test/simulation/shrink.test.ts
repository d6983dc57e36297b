/** What a failing seed is made into: all that has no part in the failure is gone. */
import { expect, test } from 'vitest'
import { type Run, shrunk } from './shrink.ts'
import { type Options, optionsOf, RATES } from './world/options.ts'

const BREACH = { invariant: 'S1', message: 'a number is missing' }
const MS_MAX = 10_000

/** Two sagas, crashes and a plan of some length are what it takes. */
const breaks = ({ sagas, rates, plan }: Options) => sagas >= 2 && rates.crash > 0 && plan >= 10
const run: Run = async (options) => ({ breaches: breaks(options) ? [BREACH] : [] })

function failing(): Options {
  for (let seed = 1; ; seed++) {
    const options = optionsOf(seed)
    if (breaks(options) && options.sagas > 4 && options.acts > 0) return options
  }
}

test('a failing seed is made as small as it can be, and no smaller', async () => {
  const { options, breach } = await shrunk({ options: failing(), breach: BREACH }, MS_MAX, run)
  expect(breach).toEqual(BREACH)
  expect(options).toMatchObject({ sagas: 2, orchestrators: 1, participants: 1, projectors: 1, partitions: 1, acts: 0 })
  expect(RATES.filter((rate) => options.rates[rate] > 0)).toEqual(['crash'])
  expect(options.plan).toBeGreaterThanOrEqual(10)
  expect(options.plan).toBeLessThan(20)
})

test('what breaks another invariant is another failure', async () => {
  const other: Run = async (options) => ({
    breaches: [options.sagas > 2 ? BREACH : { invariant: 'L1', message: 'nothing moves it' }],
  })
  const { options, breach } = await shrunk({ options: failing(), breach: BREACH }, MS_MAX, other)
  expect(breach).toEqual(BREACH)
  expect(options.sagas).toBe(3)
})
