/** Many seeds, one after the other: what came of them together. */
import type { Breach } from './checks/breaches.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import { ALL_SITUATIONS, type Situation } from './situations/names.ts'
import { optionsOf } from './world/options.ts'
import { Tally } from './world/tally.ts'

/** From so many seeds on every situation must have come. */
export const SITUATIONS_SEEDS_MIN = 1_000

export interface Totals {
  readonly seeds: number
  readonly steps: number
  readonly stepsPerSecond: number
  readonly violations: number
  readonly faults: Readonly<Record<string, number>>
  readonly situations: Readonly<Record<Situation, number>>
  readonly sagas: Readonly<Record<string, number>>
}

export interface SeedsRun {
  readonly totals: Totals
  /** Of each seed that failed, what it ran with and what broke first. */
  readonly failed: readonly SeedResult[]
  /** Situations that never came, in a run that is long enough. */
  readonly missing: readonly Situation[]
}

export interface SeedsOptions {
  readonly first: number
  readonly count: number
  /** Ends the run with the first seed that fails. */
  readonly stopAtFirst?: boolean
  /** What nobody caught since it was asked last. */
  readonly uncaught?: () => readonly Breach[]
  onSeed?(done: number, failed: number, steps: number): void
}

export async function runSeeds({ first, count, stopAtFirst, uncaught, onSeed }: SeedsOptions): Promise<SeedsRun> {
  const [faults, situations, sagas] = [new Tally(), new Tally(), new Tally()]
  const failed: SeedResult[] = []
  const began = performance.now()
  let [steps, seeds] = [0, 0]
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSeed(optionsOf(seed))
    const breaches = [...result.breaches, ...(uncaught?.() ?? [])]
    seeds++
    steps += result.steps
    faults.addAll(result.faults)
    situations.addAll(result.situations)
    sagas.addAll(result.sagas)
    if (breaches.length > 0) failed.push({ ...result, breaches })
    onSeed?.(seeds, failed.length, steps)
    if (stopAtFirst && failed.length > 0) break
  }
  const seconds = Math.max(1, performance.now() - began) / 1_000
  const seen = Object.fromEntries(ALL_SITUATIONS.map((name) => [name, situations.counts[name] ?? 0]))
  const totals: Totals = {
    ...{ seeds, steps, stepsPerSecond: Math.round(steps / seconds) },
    violations: failed.reduce((sum, { breaches }) => sum + breaches.length, 0),
    ...{ faults: faults.counts, situations: seen as Record<Situation, number>, sagas: sagas.counts },
  }
  return { totals, failed, missing: missingIn(totals) }
}

/** Situations that never came, where the run is so long that each should have. */
export function missingIn({ seeds, situations }: Pick<Totals, 'seeds' | 'situations'>): readonly Situation[] {
  return seeds < SITUATIONS_SEEDS_MIN ? [] : ALL_SITUATIONS.filter((name) => situations[name] === 0)
}
