/** One saga with many items on the embedded home, alone: what it takes from its start to its end. */
import { eventTypeHeader } from '../../../shared/message/event-record.ts'
import { type EmbeddedInstallation, openEmbedded } from '../homes/embedded.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { calibrate, stallWatch } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { spreadOf } from '../measure/spread.ts'
import { wideOrder } from '../work/definitions.ts'
import { watchLog } from '../work/log-watch.ts'

const ENDED_MS_MAX = 300_000
const WARM_UP_ITEMS = 1_000
const ENDED = eventTypeHeader('saga-completed')

export async function fanout({ sizes: { items = 0 }, repetitions, say }: Wanted): Promise<object> {
  const installation = await openEmbedded()
  const ends = new Map<string, () => void>()
  const member = await watchLog({
    ...{ broker: installation.home.broker, topics: installation.topics, group: 'kasaga-bench-fanout' },
    events: (events) => {
      for (const { type, sagaId } of events) if (type === ENDED) ends.get(sagaId)?.()
    },
    failed: (error) => say(error.message),
  })
  try {
    await runOne(installation, ends, { id: 'wide-0', items: WARM_UP_ITEMS })
    const all: Seen[] = []
    for (let i = 1; i <= repetitions; i++) {
      const calibrationMs = calibrate()
      const one = await runOne(installation, ends, { id: `wide-${i}`, items })
      all.push({ ...one, calibrationMs })
      say(`repetition ${i}: ${(one.tookMs / 1_000).toFixed(2)} s`)
    }
    const of = (what: keyof Seen) => spreadOf(all.map((one) => one[what]))
    return {
      items,
      ...{ tookMs: of('tookMs'), cpuMs: of('cpuMs'), eventLoopStallMs: of('stallMs') },
      ...{ logBytes: of('logBytes'), logRecords: of('logRecords'), calibrationMs: of('calibrationMs') },
      ...checkedReport(await installation.audit(), { completed: repetitions + 1 }),
    }
  } finally {
    await member.close()
    await installation.close()
  }
}

interface Seen {
  readonly tookMs: number
  readonly cpuMs: number
  readonly stallMs: number
  readonly logBytes: number
  readonly logRecords: number
  readonly calibrationMs: number
}

interface Wide {
  readonly id: string
  readonly items: number
}

async function runOne({ client, log }: EmbeddedInstallation, ends: Map<string, () => void>, { id, items }: Wide) {
  const before = await log()
  const [stalls, cpu, began] = [stallWatch(), process.cpuUsage(), performance.now()]
  const ended = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${id} has not ended after ${ENDED_MS_MAX} ms`)), ENDED_MS_MAX)
    ends.set(id, () => {
      clearTimeout(late)
      resolve()
    })
  })
  const input = { id, parcels: Array.from({ length: items }, (_, nth) => nth) }
  await client.startMany(wideOrder, [{ sagaId: id, input }])
  await ended
  const tookMs = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  const after = await log()
  return {
    ...{ tookMs, cpuMs: (user + system) / 1_000, stallMs: stalls() },
    logBytes: after.bytes - before.bytes,
    logRecords: after.records - before.records,
  }
}
