/** One run: everything is started, disturbed under load, left alone, and judged. */

import { verifyHome } from '../../services/verify/home.ts'
import { messageOf } from '../../shared/message/errors.ts'
import { streamOf } from '../simulation/world/streams.ts'
import type { Asked } from './arguments.ts'
import { FAULTS } from './faults/carry-out.ts'
import { FAULT_KINDS, type FaultKind } from './faults/fault-kinds.ts'
import { type FaultNotes, pause, type Scene } from './faults/scene.ts'
import { belowFloor } from './floors.ts'
import { OrderLoad } from './load/order-load.ts'
import { Visitor } from './load/visitor.ts'
import { type PlannedFault, planOf } from './plan.ts'
import type { Place } from './stage/roster.ts'
import { openStage, type Stage } from './stage/stage.ts'
import type { Stops } from './stage/stops.ts'
import type { Summary } from './summary.ts'
import { endsOf } from './verdict/ends.ts'
import { ignoredInputs } from './verdict/ignored.ts'
import { lettersOf } from './verdict/letters.ts'
import { processLogs } from './verdict/process-logs.ts'
import { allReady } from './verdict/ready.ts'
import { untilRest } from './verdict/rest.ts'
import { takeOversIn } from './verdict/take-overs.ts'
import type { Violation } from './verdict/violation.ts'

export interface Surroundings {
  readonly asked: Asked
  readonly logFolder: string
  /** Takes how each thing is stopped, as soon as it is there. */
  readonly stops: Stops
  readonly say: (text: string) => void
}

/** Orders before the first fault, and once everything has come to rest. */
const WARM_UP_ORDERS = 50
const CALM_ORDERS = 60
const ACKNOWLEDGED_WITHIN_MS = 120_000
/** Long enough for an answer that came late; nothing that takes longer is wrong once nothing is disturbed. */
const CALM_MS_MAX = 60_000

/** @throws CannotRun when this machine has no Kafka or Postgres to start. */
export async function runChaos({ asked, logFolder, stops, say }: Surroundings): Promise<Summary> {
  const stage = await openStage(logFolder, stops)
  const notes: FaultNotes = { lost: [], rubbish: new Map(), rubbishUnclear: 0, duplicates: 0, mishaps: [] }
  const load = new OrderLoad(stage, asked)
  await load.more(WARM_UP_ORDERS)
  await untilRest(stage, WARM_UP_ORDERS)
  say(`${stage.roster.places.length} processes run`)
  load.start()
  const visitor = new Visitor(gatewayOf(stage), load)
  visitor.start(streamOf(asked.seed, 'visits'))
  const faults = await disturb({ stage, load, notes }, asked, say)
  const violations: Violation[] = []
  const late = await within(load.end(), ACKNOWLEDGED_WITHIN_MS)
  if (late) violations.push({ id: 'L1', message: `orders are not acknowledged ${late} ms after the last fault` })
  await visitor.end()
  await Promise.all(stage.servers.cluster.nodes.map((node) => node.untilReady()))
  await stage.roster.allRun()
  say('all is quiet')
  const rest = await untilRest(stage, load.acknowledged.length)
  const calm = rest.violations.length === 0 ? await calmly(stage, load, visitor) : undefined
  violations.push(...rest.violations, ...(calm?.violations ?? []), ...(await allReady(stage.roster)))
  await stage.servers.keepLogs(logFolder)
  return judge(
    { stage, load, notes },
    { asked, faults, violations, restMs: rest.tookMs, calmMs: calm?.tookMs ?? 0, gateway: visitor.visits },
  )
}

/** Carries the plan out; ends when every fault is over and undone. Answers how many there were, by kind. */
async function disturb(
  scene: Scene,
  { seed, minutes }: Asked,
  say: (text: string) => void,
): Promise<Record<FaultKind, number>> {
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>
  const began = Date.now()
  const carryOut = async ({ kind, dice }: PlannedFault): Promise<void> => {
    const at = Date.now() - began
    const done = await FAULTS[kind](scene, dice).catch((error: unknown) => {
      scene.notes.mishaps.push(`${kind}: ${messageOf(error)}`)
      return undefined
    })
    if (done !== undefined) faults[kind]++
    say(`${(at / 1_000).toFixed(1).padStart(7)} s  ${kind}: ${done ?? 'nothing to do it to'}`)
  }
  const under: Promise<void>[] = []
  for (const fault of planOf(seed, minutes * 60_000)) {
    await pause(began + fault.atMs - Date.now())
    under.push(carryOut(fault))
  }
  await pause(began + minutes * 60_000 - Date.now())
  await Promise.all(under)
  return faults
}

/** Answers how long it was waited for, when it was for too long. */
async function within(work: Promise<void>, ms: number): Promise<number | undefined> {
  return Promise.race([work.then(() => undefined), pause(ms).then(() => ms)])
}

/** Every process does its work again, on every partition. */
async function calmly(stage: Stage, load: OrderLoad, visitor: Visitor) {
  const began = Date.now()
  const orders = await load.more(CALM_ORDERS)
  const violations = [...(await untilRest(stage, load.acknowledged.length, CALM_MS_MAX)).violations]
  const tookMs = Date.now() - began
  for (const { id } of orders) {
    const status = await visitor.statusOf(id)
    if (status === 'completed' || status === 'compensated') continue
    violations.push({ id: 'L3', message: `the gateway says of ${id}, which has ended: ${status ?? 'nothing'}` })
  }
  return { tookMs, violations }
}

function gatewayOf({ roster }: Stage): Place {
  const [gateway] = roster.of('gateway')
  if (!gateway) throw new Error('no gateway')
  return gateway
}

interface Seen extends Pick<Summary, 'faults' | 'violations' | 'restMs' | 'calmMs' | 'gateway'> {
  readonly asked: Asked
}

async function judge({ stage, load, notes }: Scene, seen: Seen): Promise<Summary> {
  const { home, topics, roster } = stage
  const { asked, faults, restMs, calmMs, gateway } = seen
  const audited = await verifyHome(home, { topics, atRest: true, commands: true })
  const { violations: wrongEnds, ...sagas } = await endsOf(stage, load)
  const letters = await lettersOf(stage, notes)
  const logs = processLogs(roster)
  const ignored = await ignoredInputs(stage)
  const processes = roster.of('orchestrator').flatMap((place) => place.processes)
  const found = {
    seed: asked.seed,
    minutes: asked.minutes,
    rate: asked.rate,
    sagas,
    takeOvers: takeOversIn(processes, notes.lost),
    voidBatches: audited.voidBatches,
    duplicates: { written: notes.duplicates, ignored: Object.values(ignored).reduce((sum, count) => sum + count, 0) },
    ignored,
    deadLetters: letters.places,
    faults,
    restMs,
    calmMs,
    gateway,
    longestWaitMs: Math.round(load.longestWaitMs),
    processes: { notStarted: logs.notStarted, errors: logs.errors, warnings: logs.warnings },
    mishaps: notes.mishaps,
  }
  const byAuditor = audited.violations.map(({ invariant, message, saga }) => ({
    id: invariant,
    message: saga === undefined ? message : `${saga}: ${message}`,
  }))
  const violations = [...seen.violations, ...wrongEnds, ...byAuditor, ...letters.violations, ...logs.violations]
  return { ...found, belowFloor: belowFloor(found), violations }
}
