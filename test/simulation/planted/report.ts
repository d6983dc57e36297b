/** Which bug was caught by what. */
import type { Bug } from './bug.ts'
import { type Caught, isCaught } from './plant.ts'

const NAME_CHARS = 38

export function plantedText(bugs: readonly Bug[], all: readonly Caught[]): string {
  return all.map((caught, i) => line(caught, bugs[i]?.does ?? '')).join('\n')
}

function line(caught: Caught, does: string): string {
  const by = isCaught(caught)
    ? `${caught.breach?.invariant} at seed ${caught.seed}`
    : `NOT CAUGHT ${caught.breach?.message ?? ''}`
  return `  ${caught.name.padEnd(NAME_CHARS)}${by.padEnd(18)}${does}`
}

export function plantedRow({ name, seed, breach }: Caught): {
  name: string
  seed: number | null
  invariant: string | null
} {
  return { name, seed: seed ?? null, invariant: breach?.invariant ?? null }
}
