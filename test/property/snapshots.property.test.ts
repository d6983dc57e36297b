/**
 * Snapshots: whatever was written, lost, compacted, damaged or written over by one who had lost the partition, a snapshot
 * and the rest of the log come to what the whole log comes to (S2), and what was not sent is sent again (S10).
 */
import { expect, test } from 'vitest'
import { numbersFrom } from './plans/choices.ts'
import { runs } from './property-runs.ts'
import { RUNS_MS_MAX } from './seeded-runs.ts'
import { SnapshotWorld } from './snapshots/snapshot-world.ts'

const FIRST_SEED = Number(process.env.KASAGA_PROPERTY_SEED ?? 1)

test('a snapshot with the rest of the log is the whole log, whatever became of what was written', {
  timeout: RUNS_MS_MAX,
}, async () => {
  const seen: Record<string, number> = {}
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs(150); seed++) {
    const world = new SnapshotWorld(numbersFrom(seed))
    await world.run().catch((error: unknown) => {
      throw new Error(`KASAGA_PROPERTY_SEED=${seed} KASAGA_PROPERTY_RUNS=1 plays it again`, { cause: error })
    })
    for (const [what, count] of Object.entries(world.seen)) seen[what] = (seen[what] ?? 0) + count
  }
  console.info(JSON.stringify(seen))
  if (runs(150) < 150) return
  const untried = EXPECTED.filter((what) => (seen[what] ?? 0) === 0)
  expect(untried, 'a run in which something did not come has shown nothing of it').toEqual([])
})

const EXPECTED = [
  'read whole',
  'restored from 1',
  'restored from 2',
  'restored from 3',
  'kasaga_snapshots_total',
  'kasaga_snapshots_failed_total',
  'another log',
  'shorter log',
  'unused damaged',
  'unused incomplete',
  'unused another-log',
  'unused outside-the-log',
  'unused has-unreadable',
]
