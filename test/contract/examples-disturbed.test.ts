/** Every example, many at once: cancelled at any moment, and while all services are stopped and started again. */
import { test } from 'vitest'
import { examples } from '../support/examples/all-examples.ts'
import { cancelEveryRun, restartMeanwhile } from '../support/examples/disturbed.ts'
import { openExampleHome } from '../support/examples/embedded-home.ts'

const ROUNDS = Number(process.env.KASAGA_EXAMPLE_ROUNDS ?? 2)

test(`${ROUNDS} rounds of all runs at once, each cancelled at a moment of its own`, async () => {
  await cancelEveryRun(examples, openExampleHome, ROUNDS)
})

test('all runs at once, half of them cancelled, while every service is stopped and started again', async () => {
  await restartMeanwhile(examples, openExampleHome, 3)
})
