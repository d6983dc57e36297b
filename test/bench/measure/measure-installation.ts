/** Everything that is measured on an installation under load, whichever home it is on. */
import type { AuditReport } from '../../../services/auditor/report.ts'
import type { Load, Measured } from '../work/load.ts'
import { STEPS_PER_SAGA } from '../work/order-data.ts'
import { checkedReport } from './checked-report.ts'
import { cpuMsByProcess, cpuMsSince, rssBytesByProcess } from './cpu-by-process.ts'
import { calibrate, machineWatch, stallWatch } from './machine.ts'
import { type Latency, latencyOf, type Spread, spreadOf } from './spread.ts'

export interface LogSize {
  /** Of the log alone: events, and a header for each batch of them. */
  readonly records: number
  /** Of all topics, as they lie on the disk. */
  readonly bytes: number
  /** By topic, where each has files of its own. */
  readonly bytesBy: Readonly<Record<string, number>>
}

/** An installation that sagas run on. */
export interface BenchInstallation {
  readonly load: Load
  log(): Promise<LogSize>
  audit(): Promise<AuditReport>
  close(): Promise<void>
}

export interface Wanted {
  readonly inFlight: number
  readonly seconds: number
  readonly repetitions: number
  /** Open loops: sagas a second, besides shares of what the closed loop reached. */
  readonly rates: readonly number[]
  /** Those that the scenario names. */
  readonly sizes: Readonly<Record<string, number>>
  readonly say: (line: string) => void
}

export interface OpenLoop extends Latency {
  readonly offeredPerSecond: number
  readonly endedPerSecond: number
}

export interface Figures extends Latency {
  readonly sagasPerSecond: Spread
  readonly stepsPerSecond: number
  readonly cpuSecondsPer1000: Spread
  /** The median repetition's, by kind of process. */
  readonly cpuSecondsPer1000By: Readonly<Record<string, number>>
  /** Share of the processor time in use that was not ours: of a quiet machine it is next to nothing. */
  readonly othersCpuShare: number
  readonly calibrationMs: Spread
  readonly inFlight: number
  readonly alone: Latency
  readonly openLoops: readonly OpenLoop[]
  readonly eventLoopStallMs: number
  readonly logRecordsPerSaga: number
  readonly logBytesPerSaga: number
  readonly logBytesPerSagaBy: Readonly<Record<string, number>>
  readonly rssMb: Readonly<Record<string, number>>
  readonly completed: number
  readonly compensated: number
  readonly violations: number
}

const WARM_UP_MS = 6_000
const ALONE_MS = 4_000
const ENDED_WITHIN_MS = 60_000
const SHARES = [0.2, 0.5, 0.8]

interface Repetition {
  readonly measured: Measured
  readonly cpuMs: Readonly<Record<string, number>>
  readonly machineMs: number
  readonly calibrationMs: number
  readonly stallMs: number
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const per1000 = (cpuMs: number, sagas: number) => cpuMs / sagas

/**
 * Runs it all, and checks it: counts are exact and the auditor finds nothing.
 * @throws when they are not, or it does: a wrong run has no figures.
 */
export async function measureInstallation(installation: BenchInstallation, wanted: Wanted): Promise<Figures> {
  const { load } = installation
  const { inFlight, seconds, repetitions, say } = wanted
  say('warming up')
  await load.closed(inFlight, WARM_UP_MS)
  await load.drained(ENDED_WITHIN_MS)
  const logBefore = await installation.log()
  const all: Repetition[] = []
  for (let i = 0; i < repetitions; i++) {
    const one = await repetition(load, inFlight, seconds * 1_000)
    all.push(one)
    say(`repetition ${i + 1}: ${rate(one.measured).toFixed(0)} sagas/s`)
  }
  const logAfter = await installation.log()
  const rssMb = Object.fromEntries(
    Object.entries(rssBytesByProcess()).map(([kind, bytes]) => [kind, Math.round(bytes / 1e6)]),
  )
  const rates = all.map(({ measured }) => rate(measured))
  const sagas = sum(all.map(({ measured }) => measured.ended))
  const alone = latencyOf((await load.closed(1, ALONE_MS)).tookMs)
  await load.drained(ENDED_WITHIN_MS)
  const openLoops = await openLoopsOf(load, wanted, spreadOf(rates).median)
  say('the auditor checks it all')
  const checked = checkedReport(await installation.audit(), load.expected)
  return {
    ...figuresOf(all, inFlight),
    alone,
    openLoops,
    rssMb,
    ...logPerSaga(logBefore, logAfter, sagas),
    ...checked,
  }
}

function logPerSaga(before: LogSize, after: LogSize, sagas: number) {
  const by = Object.entries(after.bytesBy).map(([name, bytes]) => [name, (bytes - (before.bytesBy[name] ?? 0)) / sagas])
  return {
    logRecordsPerSaga: (after.records - before.records) / sagas,
    logBytesPerSaga: (after.bytes - before.bytes) / sagas,
    logBytesPerSagaBy: Object.fromEntries(by),
  }
}

const rate = ({ ended, overMs }: Measured) => (ended * 1_000) / overMs

async function repetition(load: Load, inFlight: number, forMs: number): Promise<Repetition> {
  const calibrationMs = calibrate()
  // Full before it is measured: the loop's filling and draining say nothing of it.
  await load.closed(inFlight, 500)
  const [cpu, machine, stalls] = [cpuMsByProcess(), machineWatch(), stallWatch()]
  const measured = await load.closed(inFlight, forMs)
  const stallMs = stalls()
  const { usedMs } = machine()
  if (measured.ended === 0) throw new Error(`no saga has ended in ${forMs} ms: the time is too short for this machine`)
  const cpuMs = cpuMsSince(cpu)
  await load.drained(ENDED_WITHIN_MS)
  return { measured, cpuMs, machineMs: usedMs, calibrationMs, stallMs }
}

async function openLoopsOf(load: Load, { seconds, rates, say }: Wanted, most: number): Promise<OpenLoop[]> {
  const found: OpenLoop[] = []
  for (const perSecond of [...SHARES.map((share) => Math.round(share * most)), ...rates]) {
    const measured = await load.open(perSecond, seconds * 1_000)
    await load.drained(ENDED_WITHIN_MS)
    const latency = latencyOf(measured.tookMs)
    found.push({ offeredPerSecond: perSecond, endedPerSecond: rate(measured), ...latency })
    say(`open loop at ${perSecond}/s: p50 ${latency.p50Ms.toFixed(1)} ms, p99 ${latency.p99Ms.toFixed(1)} ms`)
  }
  return found
}

function figuresOf(all: readonly Repetition[], inFlight: number) {
  const rates = all.map(({ measured }) => rate(measured))
  const middle = all.toSorted((a, b) => rate(a.measured) - rate(b.measured))[Math.floor(all.length / 2)]
  if (!middle) throw new Error('nothing was measured')
  const ours = (one: Repetition) => sum(Object.values(one.cpuMs))
  const known = Object.keys(middle.cpuMs).length > 0
  const others = all.map((one) => Math.max(0, one.machineMs - ours(one)) / one.machineMs)
  return {
    ...latencyOf(middle.measured.tookMs),
    inFlight,
    sagasPerSecond: spreadOf(rates),
    stepsPerSecond: spreadOf(rates).median * STEPS_PER_SAGA,
    // Where the kernel does not say it by process, all that the machine used counts as ours.
    cpuSecondsPer1000: spreadOf(all.map((one) => per1000(known ? ours(one) : one.machineMs, one.measured.ended))),
    cpuSecondsPer1000By: Object.fromEntries(
      Object.entries(middle.cpuMs).map(([kind, ms]) => [kind, per1000(ms, middle.measured.ended)]),
    ),
    othersCpuShare: known ? Math.max(...others) : Number.NaN,
    calibrationMs: spreadOf(all.map(({ calibrationMs }) => calibrationMs)),
    eventLoopStallMs: Math.max(...all.map(({ stallMs }) => stallMs)),
  }
}
