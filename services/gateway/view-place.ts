/** How far the views have come: whether they show what became of a command. */
import type { Place } from '../../shared/client/place.ts'
import type { SagaReads } from './saga-reads.ts'
import type { ViewWaits } from './view-waits.ts'

const PROJECTION = 'sagas'

interface Views {
  readonly reads: Pick<SagaReads, 'checkpoints'>
  readonly waits: ViewWaits
}

/** Next offset of that partition's commands whose outcome the views do not show. */
async function shownBefore(reads: Views['reads'], partition: number): Promise<bigint> {
  const all = await reads.checkpoints()
  return all.find((each) => each.projection === PROJECTION && each.partition === partition)?.commands ?? 0n
}

/** Waits until the views show what became of the command there, or the time is over; answers how far they have come. */
export async function untilShown(
  { reads, waits }: Views,
  { partition, offset }: Pick<Place, 'partition' | 'offset'>,
  untilMs: number,
): Promise<{ readonly found: boolean; readonly value: bigint }> {
  return waits.until(untilMs, async () => {
    const value = await shownBefore(reads, partition)
    return { found: value > offset, value }
  })
}
