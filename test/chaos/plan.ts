/** What is done when: follows from the seed alone. */
import { type Stream, streamOf } from '../simulation/world/streams.ts'
import { type FaultKind, PROCESS_FAULTS, SERVER_FAULTS } from './faults/fault-kinds.ts'

export interface PlannedFault {
  readonly atMs: number
  readonly kind: FaultKind
  /** All else about it is drawn from this. */
  readonly dice: Stream
}

const GAP_MS_MIN = 5_000
const GAP_MS_MAX = 10_000
const FIRST_MS_MAX = 3_000

/** Every 5 to 10 s each of two hands deals a fault. A hand deals all of its kinds before one comes again. */
export function planOf(seed: number, forMs: number): readonly PlannedFault[] {
  const dealt = [...deal(PROCESS_FAULTS, seed, forMs), ...deal(SERVER_FAULTS, seed, forMs)]
  return dealt
    .sort((a, b) => a.atMs - b.atMs)
    .map((fault, i) => ({ ...fault, dice: streamOf(seed, `fault ${i} ${fault.kind}`) }))
}

function* deal(kinds: readonly FaultKind[], seed: number, forMs: number): Generator<Omit<PlannedFault, 'dice'>> {
  const dice = streamOf(seed, `hand ${kinds[0]}`)
  let deck: FaultKind[] = []
  for (let atMs = dice.below(FIRST_MS_MAX); atMs < forMs; atMs += GAP_MS_MIN + dice.below(GAP_MS_MAX - GAP_MS_MIN)) {
    if (deck.length === 0) deck = [...kinds]
    const [kind] = deck.splice(dice.below(deck.length), 1)
    if (kind !== undefined) yield { atMs, kind }
  }
}
