/** How long a partition with many live sagas and a long log has no owner: read whole, and from a snapshot. */
import { audit } from '../../../services/auditor/audit.ts'
import type { Home } from '../../../services/home.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { Fleet, type ServiceProcess } from '../../support/kafka-home/fleet.ts'
import { TAKEN } from '../../support/take-over/partition-moves.ts'
import { BENCH_MAINS } from '../homes/kafka.ts'
import { KafkaLog } from '../homes/kafka-log.ts'
import { logRecords } from '../homes/reached.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { cpuMsByProcess, cpuMsSince, rssBytesByProcess } from '../measure/cpu-by-process.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { spreadOf } from '../measure/spread.ts'
import { BENCH_DEFINITIONS, reminder, waitingOrder } from '../work/definitions.ts'
import { endsOf } from '../work/order-data.ts'
import { WrittenLog } from '../work/written-log.ts'

const TAKEN_MS_MAX = 900_000
const LOOK_AGAIN_MS = 50
/** They start after the snapshot: a take-over reads the log that came since, and less than makes the next snapshot due. */
const SINCE = 4_000
const SINCE_RECORDS_MIN = 2 * SINCE
const LATER_MS = 30 * 86_400_000
const NO_SNAPSHOTS = { KASAGA_SNAPSHOT_EVERY: '0' }

export async function replay({ sizes, repetitions, say }: Wanted): Promise<object> {
  const { live = 0, events = 0 } = sizes
  const log = await KafkaLog.open(1)
  const home = await log.home()
  const fleet = new Fleet({ kafka: log.address, prefix: log.prefix, mains: BENCH_MAINS })
  try {
    const written = await write(log, home, { live, events })
    const { records, bytesBy } = await log.size(home)
    say(`a log of ${records} records and ${live} live sagas is written`)
    const again = async (how: string, env: Readonly<Record<string, string>>) => {
      const all: TakeOver[] = []
      for (let i = 0; i < repetitions; i++) {
        const { took, owner } = await takeOver(fleet, env)
        await owner.end('SIGTERM')
        all.push(took)
        say(`${how}: ${(took.ms / 1_000).toFixed(2)} s, ${took.records} records`)
      }
      return figuresOf(all)
    }
    const whole = await again('the whole log', NO_SNAPSHOTS)
    const sinceSnapshot = await snapshot(log, home, fleet)
    const fromSnapshot = await again('from a snapshot', {})
    const report = await audit({ broker: home.broker, log: noLog, topics: log.topics, definitions: BENCH_DEFINITIONS })
    const checked = checkedReport(report, { ...endsOf(written.orders), running: live + SINCE })
    return {
      live,
      events: written.events,
      records,
      logBytes: bytesBy[log.topics.events],
      sinceSnapshot,
      whole,
      fromSnapshot,
      ...checked,
    }
  } finally {
    await fleet.end()
    await home.close()
    await log.close()
  }
}

/** The live ones among those that have ended, a part of them after each part of those. */
async function write(log: KafkaLog, home: Home, { live, events }: { readonly live: number; readonly events: number }) {
  const { topics } = log
  const written = new WrittenLog({ broker: home.broker, topics, definitions: BENCH_DEFINITIONS, partitions: 1 })
  await written.leaveWaiting(waitingOrder, live)
  const eventsOfOne = 8.5
  await written.endOrders(Math.max(1, Math.ceil((events - written.events) / eventsOfOne)))
  await written.close()
  return written
}

interface TakeOver {
  readonly ms: number
  readonly records: number
  readonly cpuMs: number
  readonly rssMb: number
}

async function takeOver(fleet: Fleet, env: Readonly<Record<string, string>>) {
  const before = cpuMsByProcess()
  const owner = await fleet.startWith('orchestrator', env)
  const { tookMs, records } = await owner.said(TAKEN, TAKEN_MS_MAX)
  const [cpuMs, rssMb] = [
    cpuMsSince(before).orchestrator ?? Number.NaN,
    (rssBytesByProcess().orchestrator ?? Number.NaN) / 1e6,
  ]
  return { owner, took: { ms: Number(tookMs), records: Number(records), cpuMs, rssMb } satisfies TakeOver }
}

function figuresOf(all: readonly TakeOver[]) {
  const of = (what: keyof TakeOver) => spreadOf(all.map((one) => one[what]))
  return { tookMs: of('ms'), records: of('records'), cpuMs: of('cpuMs'), rssMb: of('rssMb') }
}

/** Has an owner write one; answers how many records came after it. */
async function snapshot(log: KafkaLog, home: Home, fleet: Fleet): Promise<number> {
  const { owner } = await takeOver(fleet, { KASAGA_LOG_LEVEL: 'debug' })
  await owner.said('a snapshot stands', TAKEN_MS_MAX)
  const before = await logRecords(home, log.topics)
  const client = sagaClient({ ...home, topics: log.topics, source: '/bench' })
  const until = Date.now() + LATER_MS
  const sagas = Array.from({ length: SINCE }, (_, nth) => {
    const sagaId = `reminder-${nth}`
    return { sagaId, input: { id: sagaId, until } }
  })
  await client.startMany(reminder, sagas)
  const since = await untilWritten(home, log, owner, before + SINCE_RECORDS_MIN)
  await owner.end('SIGTERM')
  return since - before
}

async function untilWritten(home: Home, log: KafkaLog, owner: ServiceProcess, records: number): Promise<number> {
  const givenUpAt = Date.now() + TAKEN_MS_MAX
  for (;;) {
    const now = await logRecords(home, log.topics)
    if (now >= records) return now
    if (Date.now() > givenUpAt || !owner.alive) throw new Error(`the log has ${now} of ${records} records`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
