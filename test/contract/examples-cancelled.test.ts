/** An order of docs/examples, cancelled at any moment of its life, on the embedded home. */
import { expect, test } from 'vitest'
import { CANCELLED_WITHIN_MS, cancelAtAnyMoment } from '../support/examples/cancel-at-any-moment.ts'
import { cancelledOrderExample } from '../support/examples/cases/cancelled-order.ts'
import { openExampleHome } from '../support/examples/embedded-home.ts'
import { ExampleInstallation } from '../support/examples/installation.ts'

const SEEDS = Number(process.env.KASAGA_CANCEL_SEEDS ?? 120)
/** Orders that are under way at a time. */
const AT_A_TIME = 20

test(`${SEEDS} orders, each cancelled at a moment of its own, end as a plan says`, async () => {
  const { home, prefix, close } = await openExampleHome()
  const installation = await ExampleInstallation.start(home, prefix, cancelledOrderExample)
  try {
    const ends = { completed: 0, compensated: 0 }
    let withinMs = CANCELLED_WITHIN_MS
    for (let from = 0; from < SEEDS; from += AT_A_TIME) {
      const seeds = Array.from({ length: Math.min(AT_A_TIME, SEEDS - from) }, (_, i) => from + i)
      const { completed, compensated } = await cancelAtAnyMoment(installation, seeds, withinMs)
      ends.completed += completed
      ends.compensated += compensated
      // A slow machine: the parcels have not left yet when the last cancel comes.
      if (ends.completed === 0) withinMs *= 2
    }
    process.stderr.write(`${ends.completed} had left, ${ends.compensated} were undone\n`)
    expect(Math.min(ends.completed, ends.compensated)).toBeGreaterThan(0)
    const report = await installation.audit()
    expect(report.violations).toEqual([])
    expect(report.sagas).toMatchObject({ total: SEEDS, ...ends, stuck: 0, running: 0 })
  } finally {
    await installation.stop()
    await close()
  }
})
