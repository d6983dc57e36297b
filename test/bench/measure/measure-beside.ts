/** Kasaga and another engine in turns, in one run on one machine: only their ratio says something. */
import { quantile } from '../../support/quantile.ts'
import type { Peer } from '../peers/peers.ts'
import type { Measured } from '../work/load.ts'
import { checkedReport } from './checked-report.ts'
import { cpuMsByProcess, cpuMsSince } from './cpu-by-process.ts'
import type { BenchInstallation, Wanted } from './measure-installation.ts'
import { type Spread, spreadOf } from './spread.ts'

/** One engine's figures in all turns. */
export interface EngineFigures {
  readonly sagasPerSecond: Spread
  readonly cpuSecondsPer1000: Spread
  readonly aloneP50Ms: Spread
}

export interface Comparison {
  readonly peer: string
  readonly kasaga: EngineFigures
  readonly other: EngineFigures
  /** Medians: how many times as many sagas a second; the share of processor time a saga; the share of a lone saga's time. */
  readonly ratios: { readonly sagasPerSecond: number; readonly cpu: number; readonly aloneP50: number }
  readonly completed: number
  readonly compensated: number
  readonly violations: number
}

interface Turn {
  readonly perSecond: number
  readonly cpuSecondsPer1000: number
  readonly aloneP50Ms: number
}

type Closed = (inFlight: number, forMs: number) => Promise<Measured>

const WARM_UP_MS = 6_000
const ALONE_MS = 3_000

/**
 * Each idles while it is the other's turn.
 * @throws when a saga of either ended otherwise than it should, or the auditor finds something.
 */
export async function measureBeside(installation: BenchInstallation, peer: Peer, wanted: Wanted): Promise<Comparison> {
  const { load } = installation
  const { inFlight, seconds, repetitions, say } = wanted
  const ours: Closed = async (many, forMs) => {
    const measured = await load.closed(many, forMs)
    await load.drained(60_000)
    return measured
  }
  const theirs: Closed = (many, forMs) => peer.closed(many, forMs)
  await ours(inFlight, WARM_UP_MS)
  await theirs(inFlight, WARM_UP_MS)
  const turns: { readonly kasaga: Turn; readonly other: Turn }[] = []
  for (let i = 0; i < repetitions; i++) {
    const kasaga = await turn(ours, inFlight, seconds)
    const other = await turn(theirs, inFlight, seconds)
    turns.push({ kasaga, other })
    say(`turn ${i + 1}: ${kasaga.perSecond.toFixed(0)} sagas/s, ${peer.name} ${other.perSecond.toFixed(0)}`)
  }
  const [kasaga, other] = [figures(turns.map((one) => one.kasaga)), figures(turns.map((one) => one.other))]
  const ratio = (of: (figures: EngineFigures) => Spread) => of(kasaga).median / of(other).median
  const ratios = {
    sagasPerSecond: ratio((one) => one.sagasPerSecond),
    cpu: ratio((one) => one.cpuSecondsPer1000),
    aloneP50: ratio((one) => one.aloneP50Ms),
  }
  const checked = checkedReport(await installation.audit(), load.expected)
  return { peer: peer.name, kasaga, other, ratios, ...checked }
}

async function turn(closed: Closed, inFlight: number, seconds: number): Promise<Turn> {
  const alone = await closed(1, ALONE_MS)
  const before = cpuMsByProcess()
  const { ended, overMs } = await closed(inFlight, seconds * 1_000)
  const cpuMs = Object.values(cpuMsSince(before)).reduce((sum, ms) => sum + ms, 0)
  const sorted = alone.tookMs.toSorted((a, b) => a - b)
  return {
    perSecond: (ended * 1_000) / overMs,
    cpuSecondsPer1000: cpuMs / ended,
    aloneP50Ms: quantile(sorted, 0.5),
  }
}

function figures(turns: readonly Turn[]): EngineFigures {
  return {
    sagasPerSecond: spreadOf(turns.map((one) => one.perSecond)),
    cpuSecondsPer1000: spreadOf(turns.map((one) => one.cpuSecondsPer1000)),
    aloneP50Ms: spreadOf(turns.map((one) => one.aloneP50Ms)),
  }
}
