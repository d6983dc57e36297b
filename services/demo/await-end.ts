/** Waits until the views show every published saga, and none that is still at work. */
import type { Clock } from '../../shared/ports/clock.ts'
import { sleep } from '../../shared/ports/clock.ts'
import type { ViewCheckpoint } from '../../shared/ports/view-store.ts'
import type { LastPlaces } from './publish.ts'

export interface Counts {
  readonly running: number
  readonly compensating: number
  readonly stuck: number
  readonly completed: number
  readonly compensated: number
}

export interface AwaitEndOptions {
  readonly clock: Clock
  readonly counts: () => Promise<Counts>
  readonly checkpoints: () => Promise<readonly ViewCheckpoint[]>
  readonly last: LastPlaces
  readonly stopped: () => boolean
  readonly onCounts: (counts: Counts) => void
}

const LOOK_AGAIN_MS = 100

/** @returns the final counts, or `undefined` when it was stopped before. */
export async function awaitEnd(options: AwaitEndOptions): Promise<Counts | undefined> {
  const { clock, stopped, onCounts } = options
  while (!stopped()) {
    // In this order: what is counted is at least as far as the checkpoints say.
    const allStarted = reached(await options.checkpoints(), options.last)
    const counts = await options.counts()
    onCounts(counts)
    if (allStarted && counts.running + counts.compensating === 0) return counts
    await sleep(clock, LOOK_AGAIN_MS)
  }
  return undefined
}

/** Every projection has applied a batch that consumed the last published command of each partition. */
function reached(checkpoints: readonly ViewCheckpoint[], last: LastPlaces): boolean {
  return [...last].every(([partition, offset]) => {
    const here = checkpoints.filter((checkpoint) => checkpoint.partition === partition)
    return here.length > 0 && here.every((checkpoint) => checkpoint.commands > offset)
  })
}
