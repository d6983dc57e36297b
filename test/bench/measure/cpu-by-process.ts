/** What this process and all that it started have used of the processor, by kind of process. Known on Linux alone. */
import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of processor time, by kind: `load` is this process itself. */
export type CpuMs = Readonly<Record<string, number>>

interface ProcessLine {
  readonly pid: number
  readonly parent: number
  readonly cpuMs: number
  readonly rssBytes: number
  readonly command: string
}

/** What the kernel counts in, on every Linux that there is today. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4_096
const [PARENT, USER, SYSTEM, RSS] = [1, 11, 12, 21]

function processLine(pid: number): ProcessLine | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const number = (at: number) => Number(fields[at])
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    const cpuMs = ((number(USER) + number(SYSTEM)) * 1_000) / TICKS_PER_SECOND
    return { pid, parent: number(PARENT), cpuMs, rssBytes: number(RSS) * PAGE_BYTES, command }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

function family(): readonly ProcessLine[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const all = pids.flatMap((pid) => processLine(Number(pid)) ?? [])
  const known = new Set([process.pid])
  // A parent may have a higher number than its child.
  for (let before = 0; before !== known.size; ) {
    before = known.size
    for (const { pid, parent } of all) if (known.has(parent)) known.add(pid)
  }
  return all.filter(({ pid }) => known.has(pid))
}

const KINDS: readonly (readonly [string, RegExp])[] = [
  ['kafka', /kafka\.Kafka/],
  ['postgres', /postgres/],
  ['orchestrator', /orchestrat/],
  ['participants', /participants/],
  ['projector', /projector/],
  ['restate', /restate/],
]

function kindOf({ pid, command }: ProcessLine): string {
  if (pid === process.pid) return 'load'
  return KINDS.find(([, pattern]) => pattern.test(command))?.[0] ?? 'other'
}

/** Empty where it cannot be known. */
export function cpuMsByProcess(): CpuMs {
  return sumBy((line) => line.cpuMs)
}

export function rssBytesByProcess(): Readonly<Record<string, number>> {
  return sumBy((line) => line.rssBytes)
}

function sumBy(of: (line: ProcessLine) => number): Record<string, number> {
  if (process.platform !== 'linux') return {}
  const sums: Record<string, number> = {}
  for (const line of family()) sums[kindOf(line)] = (sums[kindOf(line)] ?? 0) + of(line)
  return sums
}

/** What was used since. */
export function cpuMsSince(before: CpuMs): CpuMs {
  const now = cpuMsByProcess()
  return Object.fromEntries(Object.entries(now).map(([kind, ms]) => [kind, Math.max(0, ms - (before[kind] ?? 0))]))
}
