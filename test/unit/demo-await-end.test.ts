import { expect, test } from 'vitest'
import { awaitEnd, type Counts } from '../../services/demo/await-end.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'

const COUNTS: Counts = { running: 0, compensating: 0, stuck: 0, completed: 0, compensated: 0 }

test('views that get their first sagas between two looks are not taken for the end', async () => {
  // What each question, to whichever of the two, is answered with: the views change between any two of them.
  const running = { ...COUNTS, running: 3 }
  const ended = { ...COUNTS, completed: 3 }
  const history = [
    { counts: COUNTS, commands: 0n },
    { counts: COUNTS, commands: 0n },
    { counts: running, commands: 3n },
    { counts: running, commands: 3n },
    { counts: ended, commands: 3n },
  ]
  const now = () => history[Math.min(asked++, history.length - 1)] ?? { counts: ended, commands: 3n }
  for (const skipped of [0, 1, 2, 3]) {
    asked = skipped
    const counts = await awaitEnd({
      clock: systemClock,
      counts: async () => now().counts,
      checkpoints: async () => [checkpoint(now().commands)],
      last: new Map([[0, 2n]]),
      stopped: () => false,
      onCounts() {},
    })
    expect(counts).toEqual(ended)
  }
})

let asked = 0

function checkpoint(commands: bigint) {
  return { projection: 'sagas', version: 1, partition: 0, nextOffset: 0n, nextNumber: 1, commands, replies: 0n, at: 0 }
}
