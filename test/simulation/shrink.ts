/** Makes a failing seed smaller, as long as it still breaks the same invariant: fewer sagas, faults, processes and steps. */
import type { Breach } from './checks/breaches.ts'
import { runSeed } from './run-seed.ts'
import { type Options, RATES } from './world/options.ts'

export interface Shrunk {
  readonly options: Options
  readonly breach: Breach
}

export type Run = (options: Options) => Promise<{ readonly breaches: readonly Breach[] }>

/** Tries until nothing smaller fails, or the time is over. */
export async function shrunk(from: Shrunk, msMax: number, run: Run = runSeed): Promise<Shrunk> {
  const until = performance.now() + msMax
  let small = from
  for (let again = true; again; ) {
    again = false
    for (const smaller of smallerThan(small.options)) {
      if (performance.now() > until) return small
      const breach = (await run(smaller)).breaches[0]
      if (breach?.invariant !== small.breach.invariant) continue
      small = { options: smaller, breach }
      again = true
      break
    }
  }
  return small
}

const COUNTS = [
  'sagas',
  'orchestrators',
  'participants',
  'projectors',
  'partitions',
  'travelMs',
  'lateMs',
  'statementMs',
] as const

/** The largest steps first. */
function* smallerThan(options: Options): Generator<Options> {
  if (options.sleepers > 0) yield { ...options, sleepers: 0 }
  for (const rate of RATES) if (options.rates[rate] > 0) yield { ...options, rates: { ...options.rates, [rate]: 0 } }
  for (const name of COUNTS) {
    if (options[name] > 1) yield { ...options, [name]: 1 }
    if (options[name] > 2) yield { ...options, [name]: Math.floor(options[name] / 2) }
  }
  if (options.nextVersion) yield { ...options, nextVersion: false }
  for (const acts of [0, options.acts - 1]) if (acts >= 0 && acts < options.acts) yield { ...options, acts }
  if (options.plan > 0) yield { ...options, plan: Math.floor(options.plan / 2) }
  if (options.faultyMs > 500) yield { ...options, faultyMs: Math.floor(options.faultyMs / 2) }
  if (options.sagas > 2) yield { ...options, sagas: options.sagas - 1 }
}
