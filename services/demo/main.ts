/** Wires the demo: a home, every service in this process, the orders, and the auditor. */
import { tmpdir } from 'node:os'
import { allCheckpoints, countsByStatus, durations, workDone } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import type { OperationalError } from '../../shared/message/errors.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../shared/runtime/limits.ts'
import type { StopSignal } from '../../shared/runtime/stop-signal.ts'
import type { AuditReport } from '../auditor/report.ts'
import { reportText } from '../auditor/report-text.ts'
import type { Home } from '../home.ts'
import { type HomeChoice, openHome } from '../one-process/home.ts'
import { type Everything, SHOP, startEverything } from '../one-process/main.ts'
import { fulfilOrder } from '../orders/fulfil-order.ts'
import { countOrders } from '../orders/order-file.ts'
import { type OrdersWanted, ordersOf } from '../orders/orders-to-run.ts'
import { verifyHome } from '../verify/home.ts'
import { type Ends, runDemo } from './demo.ts'
import { expectFree } from './port.ts'
import { scratchFolder } from './scratch-folder.ts'
import { type Summary, summaryTable } from './summary.ts'

export interface DemoOptions extends HomeChoice, OrdersWanted {
  readonly port: number
  readonly prefix: string
  readonly inFlightMax: number
  readonly keepRunning: boolean
  /** Of the orchestrator; the usual ones unless told otherwise. */
  readonly limits?: OrchestratorLimits
  readonly json: boolean
}

export interface DemoOutput {
  /** Results. */
  readonly out: (line: string) => void
  /** What the user must not miss, and what is no result. */
  readonly note: (line: string) => void
  /** Progress: one line that replaces the one before on a terminal. */
  readonly progress: (line: string) => void
  readonly log: Log
  readonly stop: StopSignal
}

/** How a demo ends: the auditor found nothing, or something, or it was stopped before. */
export type DemoEnd = 'clean' | 'violations' | 'stopped'

/** Runs the demo to its end. */
export async function demo(given: DemoOptions, output: DemoOutput): Promise<DemoEnd> {
  const { ordersFile, port } = given
  // What is wrong with what was asked for is said before anything is made.
  if (port !== 0) await expectFree(port)
  const options = { ...given, ...(ordersFile !== undefined && { orders: await countOrders(ordersFile) }) }
  const scratch =
    options.dataDir === undefined && options.kafka === undefined ? scratchFolder(tmpdir(), 'data') : undefined
  try {
    const home = await openHome({ ...options, dataDir: options.dataDir ?? scratch?.path }, output.log)
    try {
      return await demoIn(home, options, { ...output, folder: options.dataDir ?? scratch?.path })
    } finally {
      await home.close()
    }
  } finally {
    scratch?.remove()
  }
}

interface DemoSurroundings extends DemoOutput {
  /** Where the file of orders is written, when there is a folder. */
  readonly folder: string | undefined
}

async function demoIn(home: Home, options: DemoOptions, output: DemoSurroundings): Promise<DemoEnd> {
  const everything = await startEverything(home, options.prefix, {
    ...SHOP,
    limits: options.limits ?? ORCHESTRATOR_LIMITS,
  })
  try {
    const opened = showAddress(everything, options, output)
    let halted: OperationalError | undefined
    void everything.halted.then((why) => {
      halted = why
    })
    const stopped = () => halted !== undefined || output.stop.stopped
    const summary = await publishAndCheck(home, everything, { options, output, opened, stopped })
    if (halted) throw halted
    if (!summary) return 'stopped'
    const audit = summary.audit
    if (options.json) output.out(JSON.stringify(summary.summary))
    else output.out(`${summaryTable(summary.summary)}\n\n${reportText(audit)}`)
    if (options.keepRunning && !output.stop.stopped) {
      output.note('The API stays up; Ctrl-C ends it')
      await output.stop.wait()
    }
    return audit.clean ? 'clean' : 'violations'
  } finally {
    await everything.stop()
  }
}

/** Listens as soon as the views are open, and says where. */
async function showAddress(
  { open }: Everything,
  { port, json }: DemoOptions,
  { out, note }: DemoOutput,
): Promise<void> {
  const { gateway } = await open
  const { url } = await gateway.listen({ port })
  const say = json ? note : out
  say(`API       ${url}/v1/sagas\nOpenAPI   ${url}/openapi.json\nMetrics   ${url}/metrics`)
}

interface Run {
  readonly options: DemoOptions
  readonly output: DemoSurroundings
  readonly opened: Promise<void>
  readonly stopped: () => boolean
}

async function publishAndCheck(home: Home, everything: Everything, { options, output, opened, stopped }: Run) {
  const { client, orchestrator, topics } = everything
  // Whoever asks the views asks after they have opened; when they do not open, the demo ends with that error.
  const views = async () => {
    await opened
    return (await home.views()).store
  }
  // Nobody would ever see orders whose views do not open: no more are published.
  let unseen = false
  opened.catch(() => {
    unseen = true
  })
  let audit: AuditReport | undefined
  const summary: Summary | undefined = await runDemo({
    client,
    clock: home.clock,
    definition: fulfilOrder,
    orders: await ordersOf(options, { folder: output.folder, random: seededRandom(options.seed) }),
    ordersTotal: options.orders,
    inFlight: () => orchestrator.load.liveSagas + orchestrator.load.waitingInputs,
    inFlightMax: options.inFlightMax,
    stopped: () => unseen || stopped(),
    viewsOpen: opened,
    counts: async () => countsByStatus((await views()).db),
    checkpoints: async () => allCheckpoints((await views()).db),
    ends: async () => endsOf(await views()),
    violations: async () => {
      const onProgress = ({ events }: { events: number }) => output.progress(`the auditor has read ${events} events`)
      audit = await verifyHome(home, { topics, atRest: true, commands: true, onProgress })
      return audit.violationsTotal
    },
    progress: output.progress,
  })
  return summary && audit ? { summary, audit } : undefined
}

/** How long sagas took, those that ended since the run began, and when the last one ended. */
async function endsOf({ db }: ViewStore<ViewTables>): Promise<Ends> {
  const { p50, p99 } = await durations(db)
  return { p50Ms: p50, p99Ms: p99, ...(await workDone(db)) }
}
