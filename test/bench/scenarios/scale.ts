/** The same load over more orchestrators and more partitions: what a saga costs each kind of process. */
import { setTimeout as pause } from 'node:timers/promises'
import { openKafka } from '../homes/kafka.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { type CpuMs, cpuMsByProcess, cpuMsSince } from '../measure/cpu-by-process.ts'
import { calibrate } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { latencyOf, spreadOf } from '../measure/spread.ts'

interface Shape {
  readonly orchestrators: number
  readonly partitions: number
}

const SHAPES: readonly Shape[] = [
  { orchestrators: 1, partitions: 12 },
  { orchestrators: 2, partitions: 12 },
  { orchestrators: 4, partitions: 12 },
  { orchestrators: 1, partitions: 1 },
  { orchestrators: 1, partitions: 48 },
]
/** Far less than a small machine can do, so that it is the same load everywhere. */
const PER_SECOND = 400
const WARM_UP_MS = 5_000
const IDLE_MS = 2_000
const ENDED_WITHIN_MS = 60_000

export async function scale(wanted: Wanted): Promise<object> {
  const [perSecond = PER_SECOND] = wanted.rates
  const shapes: (Shape & Awaited<ReturnType<typeof measure>>)[] = []
  for (const shape of SHAPES) shapes.push({ ...shape, ...(await measure(shape, perSecond, wanted)) })
  const of = (orchestrators: number) =>
    shapes.find((one) => one.orchestrators === orchestrators)?.orchestratorCpu.median
  return { perSecond, shapes, orchestratorCpuOf4To1: (of(4) ?? Number.NaN) / (of(1) ?? Number.NaN) }
}

async function measure(shape: Shape, perSecond: number, { seconds, repetitions, say }: Wanted) {
  const installation = await openKafka(shape)
  const { load } = installation
  try {
    await load.open(perSecond, WARM_UP_MS)
    await load.drained(ENDED_WITHIN_MS)
    const idle = cpuMsByProcess()
    await pause(IDLE_MS)
    const idleCpuShareBy = byKind(cpuMsSince(idle), IDLE_MS)
    const all = []
    for (let i = 0; i < repetitions; i++) {
      const calibrationMs = calibrate()
      const before = { cpu: cpuMsByProcess(), sagas: load.started }
      const { tookMs } = await load.open(perSecond, seconds * 1_000)
      await load.drained(ENDED_WITHIN_MS)
      const by = byKind(cpuMsSince(before.cpu), load.started - before.sagas)
      all.push({ by, orchestrator: by.orchestrator ?? Number.NaN, calibrationMs, p50Ms: latencyOf(tookMs).p50Ms })
    }
    const orchestratorCpu = spreadOf(all.map(({ orchestrator }) => orchestrator))
    const { orchestrators, partitions } = shape
    say(
      `${orchestrators} orchestrators, ${partitions} partitions: ${orchestratorCpu.median.toFixed(3)} CPU-s per 1,000`,
    )
    const middle = all.toSorted((a, b) => a.orchestrator - b.orchestrator)[Math.floor(all.length / 2)]
    return {
      /** Seconds for 1,000 sagas. */
      orchestratorCpu,
      cpuSecondsPer1000By: middle?.by,
      idleCpuShareBy,
      p50Ms: middle?.p50Ms,
      calibrationMs: spreadOf(all.map(({ calibrationMs }) => calibrationMs)),
      ...checkedReport(await installation.audit(), load.expected),
    }
  } finally {
    await installation.close()
  }
}

function byKind(cpu: CpuMs, per: number): Record<string, number> {
  return Object.fromEntries(Object.entries(cpu).map(([kind, ms]) => [kind, ms / per]))
}
