/** What a fault works on, and what it leaves for those who judge. */
import type { Stream } from '../../simulation/world/streams.ts'
import type { OrderLoad } from '../load/order-load.ts'
import type { Stage } from '../stage/stage.ts'
import type { Lost } from '../verdict/take-overs.ts'

export interface Scene {
  readonly stage: Stage
  readonly load: OrderLoad
  readonly notes: FaultNotes
}

export interface FaultNotes {
  /** Partitions that an orchestrator held when it was killed, stopped, or paused for longer than its session. */
  readonly lost: Lost[]
  /** What was thrown into topics, by its place: the reason of its one dead letter, or `ignored`. */
  readonly rubbish: Map<string, string>
  /** Rubbish of which nobody knows whether it landed, by its topic. */
  rubbishUnclear: number
  /** Records that were written a second time. */
  duplicates: number
  /** What did not go as the fault meant it to. */
  readonly mishaps: string[]
}

/** Answers what was done, in a few words, when it is over and undone; `undefined` where it found nothing to do it to. */
export type CarryOut = (scene: Scene, dice: Stream) => Promise<string | undefined>

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A whole number from `min` to below `end`. */
export function between(dice: Stream, min: number, end: number): number {
  return min + dice.below(end - min)
}

/** One of them, or nothing where there is none. */
export function oneOf<T>(dice: Stream, all: readonly T[]): T | undefined {
  const at = dice.below(Math.max(1, all.length))
  return all[at]
}
