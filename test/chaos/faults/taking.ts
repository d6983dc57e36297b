/** A process that a fault has for itself. */
import type { Stream } from '../../simulation/world/streams.ts'
import type { ServiceName } from '../../support/kafka-home/fleet.ts'
import { heldBy } from '../../support/take-over/partition-moves.ts'
import type { Place } from '../stage/roster.ts'
import type { Lost } from '../verdict/take-overs.ts'
import { oneOf, pause, type Scene } from './scene.ts'

const FREE_WITHIN_MS = 5_000
const LOOK_MS = 100

interface Taking {
  readonly of: readonly ServiceName[]
  /** Which of them will do. */
  readonly fits?: (place: Place) => boolean
  readonly work: (place: Place) => Promise<string>
}

/** A place that the fault has for itself until the work is done. */
export async function taking(
  { stage, notes }: Scene,
  dice: Stream,
  { of, fits = () => true, work }: Taking,
): Promise<string | undefined> {
  const until = Date.now() + FREE_WITHIN_MS
  const wanted = () => stage.roster.free(...of).filter(fits)
  let free = wanted()
  while (free.length === 0 && Date.now() < until) {
    await pause(LOOK_MS)
    free = wanted()
  }
  const place = oneOf(dice, free)
  if (!place) return undefined
  place.taken = true
  try {
    return await work(place)
  } catch (error) {
    notes.mishaps.push(`${place.name}: ${error}`)
    return undefined
  } finally {
    place.taken = false
  }
}

/** Keeps what an orchestrator holds now, because it will not for long. */
export function noteLoss({ notes }: Scene, { service, now }: Place, by: Lost['by']): void {
  if (service !== 'orchestrator') return
  notes.lost.push({ at: Date.now(), process: now, partitions: heldBy(now), by })
}
