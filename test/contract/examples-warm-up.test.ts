/** One saga over ten thousand items, on the embedded home; `KASAGA_WARM_UP_ITEMS` asks for another number. */
import { expect, test } from 'vitest'
import { cacheWarmUpExample, warmUpOf } from '../support/examples/cases/cache-warm-up.ts'
import { openExampleHome } from '../support/examples/embedded-home.ts'
import { runToItsEnd } from '../support/examples/examples-suite.ts'
import { ExampleInstallation } from '../support/examples/installation.ts'

const ITEMS = Number(process.env.KASAGA_WARM_UP_ITEMS ?? 10_000)
/** As many as are tolerated. */
const GONE = Math.floor(ITEMS / 100)
const PATIENCE_MS = 110_000

test(`a cache of ${ITEMS} products is filled but for one in a hundred`, { timeout: 120_000 }, async () => {
  const { home, prefix, close } = await openExampleHome()
  const installation = await ExampleInstallation.start(home, prefix, cacheWarmUpExample)
  try {
    const began = Date.now()
    await runToItsEnd(installation, warmUpOf(ITEMS, GONE), PATIENCE_MS)
    const tookMs = Date.now() - began
    process.stderr.write(`${ITEMS} items in ${tookMs} ms: ${Math.round((ITEMS * 1_000) / tookMs)} a second\n`)
    const report = await installation.audit()
    expect(report.violations).toEqual([])
    expect(report).toMatchObject({ clean: true, sagas: { total: 1, completed: 1 }, deadLetters: { total: 0 } })
    expect(report.events).toBeGreaterThan(3 * ITEMS)
  } finally {
    await installation.stop()
    await close()
  }
})
