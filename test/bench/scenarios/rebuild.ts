/** How fast the embedded home builds its views from the log on SQLite, when they are gone. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import type { Home } from '../../../services/home.ts'
import { startProjector } from '../../../services/projector/home.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { calibrate } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { endsOf } from '../work/order-data.ts'
import { WrittenLog } from '../work/written-log.ts'
import { type Filled, figures } from './projector.ts'

const PREFIX = 'kasaga'
const topics = kasagaTopics(PREFIX)
const REACHED_MS_MAX = 300_000

export async function rebuild({ sizes: { sagas = 0 }, repetitions, say }: Wanted): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-bench-'))
  try {
    const events = await inHome(directory, (home) => write(home, sagas))
    say(`a log of ${events} events of ${sagas} sagas is written`)
    const all: Filled[] = []
    for (let i = 0; i < repetitions; i++) {
      await rm(join(directory, 'views'), { recursive: true, force: true })
      const calibrationMs = calibrate()
      const one = { ...(await inHome(directory, (home) => build(home, { sagas, events }))), calibrationMs }
      all.push(one)
      say(`repetition ${i + 1}: ${one.perSecond.toFixed(0)} events/s`)
    }
    return { sagas, events, ...figures(all) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function inHome<T>(directory: string, work: (home: Home) => Promise<T>): Promise<T> {
  const home = await openEmbeddedHome({ directory, log: noLog })
  try {
    return await work(home)
  } finally {
    await home.close()
  }
}

async function write(home: Home, sagas: number): Promise<number> {
  const { broker, partitions } = home
  await broker.createTopics(topicSpecs(PREFIX, home, participantsOf(BENCH_DEFINITIONS)))
  const written = new WrittenLog({ broker, topics, definitions: BENCH_DEFINITIONS, partitions })
  await written.endOrders(sagas)
  await written.close()
  return written.events
}

/** From when the empty tables stand until all of the log is in them. */
async function build(home: Home, { sagas, events }: { readonly sagas: number; readonly events: number }) {
  await home.views()
  const projector = await startProjector(home, { prefix: PREFIX, metrics: home.metrics })
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  const ends = await home.broker.offsets(topics.events)
  await Promise.all(ends.map(({ partition, end }) => projector.waitFor(partition, end, REACHED_MS_MAX)))
  const overMs = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  await projector.close()
  const checks = { topics, commands: false, participants: [], definitions: BENCH_DEFINITIONS, atRest: true }
  return {
    perSecond: (events * 1_000) / overMs,
    cpuMicrosPerEvent: (user + system) / events,
    cpuMicrosPerEventBy: {},
    ...checkedReport(await verifyHome(home, checks), endsOf(sagas)),
  }
}
