/** How fast the projector fills the views of a Postgres from a log on Kafka that is there already. */
import pg from 'pg'
import { verifyHome } from '../../../services/verify/home.ts'
import { Fleet } from '../../support/kafka-home/fleet.ts'
import { KafkaLog } from '../homes/kafka-log.ts'
import { checkpointOffsets, logRecords } from '../homes/reached.ts'
import { benchPostgres } from '../homes/servers.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { cpuMsByProcess, cpuMsSince } from '../measure/cpu-by-process.ts'
import { calibrate } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { spreadOf } from '../measure/spread.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { endsOf } from '../work/order-data.ts'
import { WrittenLog } from '../work/written-log.ts'

const PARTITIONS = 12
const LOOK_AGAIN_MS = 10
const REACHED_MS_MAX = 300_000

export async function projector({ sizes: { sagas = 0 }, repetitions, say }: Wanted): Promise<object> {
  const log = await KafkaLog.open(PARTITIONS)
  const postgres = await benchPostgres()
  try {
    const written = await write(log, sagas)
    say(`a log of ${written.events} events of ${sagas} sagas is written`)
    const all: Filled[] = []
    for (let i = 0; i < repetitions; i++) {
      const calibrationMs = calibrate()
      const one = { ...(await fill(log, await database(postgres.address, `views_${i}`), written)), calibrationMs }
      all.push(one)
      say(`repetition ${i + 1}: ${one.perSecond.toFixed(0)} events/s`)
    }
    return { ...written, ...figures(all) }
  } finally {
    await Promise.all([log.close(), postgres.stop()])
  }
}

interface Written {
  readonly sagas: number
  readonly events: number
}

/** Of one repetition. */
export interface Filled {
  readonly perSecond: number
  readonly cpuMicrosPerEvent: number
  readonly cpuMicrosPerEventBy: Readonly<Record<string, number>>
  readonly calibrationMs: number
  readonly completed: number
  readonly compensated: number
  readonly violations: number
}

export function figures(all: readonly Filled[]): object {
  const { completed, compensated, violations, cpuMicrosPerEventBy } = all[0] ?? {}
  return {
    eventsPerSecond: spreadOf(all.map(({ perSecond }) => perSecond)),
    cpuMicrosPerEvent: spreadOf(all.map(({ cpuMicrosPerEvent }) => cpuMicrosPerEvent)),
    cpuMicrosPerEventBy,
    calibrationMs: spreadOf(all.map(({ calibrationMs }) => calibrationMs)),
    ...{ completed, compensated, violations },
  }
}

async function write(log: KafkaLog, sagas: number): Promise<Written> {
  const home = await log.home()
  try {
    const { broker } = home
    const written = new WrittenLog({
      broker,
      topics: log.topics,
      definitions: BENCH_DEFINITIONS,
      partitions: PARTITIONS,
    })
    await written.endOrders(sagas)
    await written.close()
    return { sagas, events: written.events }
  } finally {
    await home.close()
  }
}

/** An empty database of that name; answers its address. */
async function database(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}

/** From the first rows until all of the log is in the views. */
async function fill(log: KafkaLog, databaseUrl: string, { sagas, events }: Written) {
  const { topics, prefix } = log
  const home = await log.home(databaseUrl)
  const fleet = new Fleet({ kafka: log.address, prefix, databaseUrl })
  try {
    const end = await logRecords(home, topics)
    await fleet.start('projector')
    const { db } = (await home.views()).store
    const first = await until(() => checkpointOffsets(db), 1)
    const [cpu, began] = [cpuMsByProcess(), performance.now()]
    await until(() => checkpointOffsets(db), end)
    const overMs = performance.now() - began
    const cpuMs = cpuMsSince(cpu)
    // A header for each batch is a record too.
    const done = ((end - first) * events) / end
    await fleet.end()
    const checks = { topics, commands: false, participants: [], definitions: BENCH_DEFINITIONS, atRest: true }
    const by = Object.entries(cpuMs).map(([kind, ms]) => [kind, (ms * 1_000) / done] as const)
    return {
      perSecond: (done * 1_000) / overMs,
      cpuMicrosPerEvent: by.reduce((sum, [, micros]) => sum + micros, 0),
      cpuMicrosPerEventBy: Object.fromEntries(by),
      ...checkedReport(await verifyHome(home, checks), endsOf(sagas)),
    }
  } finally {
    await fleet.end()
    await home.close()
  }
}

async function until(offsets: () => Promise<number>, reached: number): Promise<number> {
  const givenUpAt = performance.now() + REACHED_MS_MAX
  for (;;) {
    const now = await offsets()
    if (now >= reached) return now
    if (performance.now() > givenUpAt) throw new Error(`the views are at ${now} of ${reached} records`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
