/** How long partitions were without an owner, as the orchestrators' own logs tell it. */
import type { LogLine, ServiceProcess } from '../../support/kafka-home/fleet.ts'
import { TAKEN } from '../../support/take-over/partition-moves.ts'

/** An owner that could not go on, with what it held. */
export interface Lost {
  readonly at: number
  readonly process: ServiceProcess
  readonly partitions: ReadonlySet<number>
  readonly by: 'kill' | 'pause' | 'stop' | 'hold'
}

export interface TakeOvers {
  /** Partitions that another process took over after a kill, a pause or a stop. */
  readonly count: number
  /** After a kill: from the signal to the claim in the log. Nothing where there was none. */
  readonly p50Ms: number | null
  readonly worstMs: number | null
  /** Claims of partitions that another process had before, whatever the reason. */
  readonly all: number
}

/** How many of the partitions none of the others has taken over since. */
export function stillWithout(
  held: ReadonlySet<number>,
  { since, others }: { readonly since: number; readonly others: readonly ServiceProcess[] },
): number {
  const taken = new Set(
    others.flatMap((process) =>
      process.lines.flatMap((line) =>
        takenBy(process, line).flatMap(({ at, partition }) => (at >= since ? [partition] : [])),
      ),
    ),
  )
  return [...held].filter((partition) => !taken.has(partition)).length
}

interface Taken {
  readonly at: number
  readonly partition: number
  readonly process: ServiceProcess
}

export function takeOversIn(processes: readonly ServiceProcess[], lost: readonly Lost[]): TakeOvers {
  const taken = processes
    .flatMap((process) => process.lines.flatMap((line) => takenBy(process, line)))
    .sort((a, b) => a.at - b.at)
  const after = lost.flatMap(({ at, process, partitions, by }) =>
    [...partitions].flatMap((partition) => {
      const own = taken.filter((one) => one.partition === partition)
      const last = own.findLast((one) => one.at < at)
      // One that stood still has not heard that another one had it by then.
      if (last && last.process !== process) return []
      const next = own.find((one) => one.at >= at && one.process !== process)
      return next ? [{ by, ms: next.at - at }] : []
    }),
  )
  const kills = after.flatMap(({ by, ms }) => (by === 'kill' ? [ms] : [])).sort((a, b) => a - b)
  return {
    count: after.length,
    p50Ms: kills[Math.floor((kills.length - 1) / 2)] ?? null,
    worstMs: kills.at(-1) ?? null,
    all: taken.filter((one, i) => isFromAnother(one, taken.slice(0, i))).length,
  }
}

function isFromAnother({ partition, process }: Taken, before: readonly Taken[]): boolean {
  const last = before.findLast((one) => one.partition === partition)
  return last !== undefined && last.process !== process
}

function takenBy(process: ServiceProcess, { msg, time, partition }: LogLine): Taken[] {
  return msg === TAKEN && partition !== undefined ? [{ at: Date.parse(time), partition, process }] : []
}
