/** One seed: a faulty time, a quiet time, and a look at everything. The same options give the same trace. */

import type { EventEnvelope } from '../../shared/message/events.ts'
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { expectAtRest } from './checks/at-rest.ts'
import { type Breach, breachIn } from './checks/breaches.ts'
import { FaultyTime } from './story/faulty-time.ts'
import { QuietTime } from './story/quiet-time.ts'
import { type Options, SLEEPERS } from './world/options.ts'
import { World } from './world/world.ts'

export interface SeedResult {
  readonly options: Options
  readonly steps: number
  readonly trace: string
  /** The first breaches; none: all held. */
  readonly breaches: readonly Breach[]
  readonly faults: Readonly<Record<string, number>>
  readonly situations: Readonly<Record<string, number>>
  /** How sagas ended. */
  readonly sagas: Readonly<Record<string, number>>
}

/** Strays that come to an installation that has forgotten its sagas. */
const LATE_STRAYS = 4

export async function runSeed(options: Options): Promise<SeedResult> {
  const world = new World(options)
  const quiet = new QuietTime(world)
  try {
    await live(world, quiet)
  } catch (error) {
    world.breaches.found.push(breachIn(error))
  }
  for (const crew of Object.values(world.crews)) await crew.end({ inOrder: false })
  return resultOf(world, quiet)
}

async function live(world: World, quiet: QuietTime): Promise<void> {
  const faulty = new FaultyTime(world)
  await world.open()
  faulty.plan()
  await world.go(world.options.faultyMs)
  world.calm()
  await world.scheduler.inTime(Promise.race([faulty.heard(), world.wait(HEARD_MS_MAX)]))
  await world.goLimited(LIMITED_MS_MAX)
  await world.scheduler.inTime(Promise.race([faulty.unlimit(), world.wait(HEARD_MS_MAX)]))
  await quiet.run(faulty.clients[0], faulty.acknowledged)
  const { breaches, checks } = world
  if (breaches.found.length > 0) return
  for (const [id, state] of quiet.stuck())
    breaches.add('L1', `${id} is ${state.status}, and nothing moves it: ${story(quiet.view.histories.get(id))}`)
  checks.starts.expectStarted(faulty.acknowledged)
  await expectAtRest(world, quiet.view)
  if (breaches.found.length === 0 && world.options.rates.strays > 0) await forget(world, faulty)
}

const HEARD_MS_MAX = 60_000
/** Longer than a call that is forgotten needs to be seen. */
const LIMITED_MS_MAX = 150_000

/** Owners that remember one ended saga are asked about others: they say so, and go on. */
async function forget(world: World, faulty: FaultyTime): Promise<void> {
  const { orchestrator } = world.crews
  world.remembered = 1
  await world.scheduler.inTime(Promise.all(orchestrator.processes.map((process) => orchestrator.restart(process))))
  await world.go(5_000)
  const before = world.seen.counts.replyUnknown ?? 0
  for (let i = 0; i < LATE_STRAYS; i++) faulty.stray(`saga-${i % world.options.sagas}`)
  await world.go(5_000)
  if ((world.seen.counts.replyUnknown ?? 0) > before) world.situations.came('replyForgotten')
  world.remembered = ORCHESTRATOR_LIMITS.endedSagasMax
}

function resultOf(world: World, { view }: QuietTime): SeedResult {
  const sagas: Record<string, number> = {}
  for (const { status } of view.states.values()) sagas[status] = (sagas[status] ?? 0) + 1
  if (world.books.tombstones > 0) world.situations.came('undoFirst')
  if ((sagas.completed ?? 0) >= SLEEPERS) world.situations.came('tenThousand')
  const { scheduler, breaches, options } = world
  for (const histories of world.checks.log.histories.values())
    for (const { seq, at } of histories) {
      scheduler.mix(seq)
      scheduler.mix(at % 2 ** 31)
    }
  return {
    ...{ options, steps: scheduler.steps, trace: scheduler.trace, breaches: breaches.found, sagas },
    faults: world.faults.counts,
    situations: world.seen.counts,
  }
}

/** The last events of a history. */
function story(history: readonly EventEnvelope[] = []): string {
  const last = history.slice(-EVENTS_TOLD_MAX)
  return last.map(({ seq, causationId, event }) => `\n  ${seq} ${causationId} ${JSON.stringify(event)}`).join('')
}

const EVENTS_TOLD_MAX = 30
