/**
 * Sagas of generated definitions, with every kind of step, on real orchestrators that are killed, paused and taken over in
 * the middle of whatever they are at, while persons ask for anything. When the faults stop and one person sees to what
 * is stuck, every saga ends, the auditor finds nothing, and the participants' books are even (S8, L1, L7).
 */
import { expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { participantsOf } from '../../shared/runtime/topic-specs.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { isLive, type SagaState } from '../../shared/saga/state.ts'
import { Everybody } from './faulty/everybody.ts'
import { FaultySystem, TOPICS } from './faulty/faulty-system.ts'
import { LogView } from './faulty/log-view.ts'
import { anyAct, rightAct } from './faulty/persons.ts'
import { must } from './must.ts'
import { NaiveBook } from './naive-book.ts'
import { expectSteps } from './net-effect.ts'
import { numbersFrom } from './plans/choices.ts'
import { childDefinitionOf, definitionOf } from './plans/definition.ts'
import { Faults } from './plans/faults.ts'
import { RUNS_MS_MAX } from './seeded-runs.ts'

const SEEDS = Number(process.env.KASAGA_FAULT_SEEDS ?? 100)
const FIRST_SEED = Number(process.env.KASAGA_FAULT_SEED ?? 1)
const SAGAS = 10
const FAULTY_MS = 20_000
/** Longer than every retry, timeout and sleep of a generated plan, and than what an orchestrator waits for. */
const ROUND_MS = 120_000
/** More than persons need for sagas of this size. */
const ROUNDS_MAX = 150

interface World {
  readonly system: FaultySystem
  readonly definitions: Definitions
  readonly main: Definition
  readonly everybody: Everybody
  readonly view: LogView
  readonly faults: Faults
  readonly numbers: () => number
}

async function open(seed: number): Promise<World> {
  const numbers = numbersFrom(seed)
  const many = (count: number) => Array.from({ length: count }, numbers)
  const faults = new Faults(numbers() % 3 > 0 ? [] : many(20))
  const main = definitionOf(many(400), faults)
  const definitions = new Definitions([main, childDefinitionOf(many(100), faults)])
  const system = new FaultySystem(seed, definitions)
  await system.open(2)
  const everybody = new Everybody(system)
  await everybody.start(participantsOf(definitions))
  const view = new LogView(system.log.connect())
  return { system, definitions, main, everybody, view, faults, numbers }
}

/** Starts sagas, asks anything of them, and kills orchestrators while the faults last. */
async function faultyTime({ system, main, numbers }: World): Promise<void> {
  const client = system.client()
  const kills = [await system.orchestrator(), await system.orchestrator()]
  const said: Promise<unknown>[] = []
  const ask = (): void => {
    const id = `saga-${numbers() % SAGAS}`
    const act = anyAct(id, [numbers(), numbers(), numbers(), numbers()])
    said.push(client.send(act).catch(() => {}))
  }
  for (let i = 0; i < SAGAS; i++) {
    const start = (): Promise<unknown> => client.start(main, `saga-${i}`, { n: 1, rows: [3, 1, 2] }).catch(start)
    said.push(start())
    for (let n = 0; n < 3; n++) {
      await system.clock.advance(numbers() % (FAULTY_MS / SAGAS / 2))
      ask()
      if (numbers() % 8 > 0) continue
      kills.shift()?.()
      kills.push(await system.orchestrator())
    }
  }
  await system.clock.advance(FAULTY_MS)
  system.faultShare = 0
  await system.clock.advance(ROUND_MS)
  await system.inTime(Promise.all(said))
}

/** Lets a person see to what does not go on, until all have ended. */
async function quietTime({ system, everybody, view, faults }: World): Promise<void> {
  const client = system.client()
  faults.on = false
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await system.clock.advance(ROUND_MS)
    await system.inTime(view.readOn())
    const going = [...view.states.values()].filter(isGoing)
    if (going.length === 0) return
    for (const [i, state] of going.entries()) {
      const act = rightAct(state, everybody.participants, round * 1_000 + i)
      if (act) await system.inTime(client.send(act))
    }
  }
}

function isGoing(state: SagaState): boolean {
  return isLive(state) || (state.parked.length > 0 && state.status !== 'failed')
}

function expectEnds({ view, definitions, everybody }: World): void {
  for (const [id, state] of view.states) {
    const history = view.histories.get(id) ?? []
    must(!isGoing(state), () => `L1, L7: ${id} is ${state.status}, and nothing moves it\n${story(history)}`)
    const definition = definitions.find(state.definition, state.version)
    if (state.status === 'failed' || !definition || state.inputHash === '') continue
    expectSteps(everybody.participants, { id, status: state.status }, new NaiveBook(definition, history))
  }
}

function story(history: readonly EventEnvelope[]): string {
  return history.map(({ seq, causationId, event }) => `${seq} ${causationId} ${JSON.stringify(event)}`).join('\n')
}

async function run(seed: number) {
  const world = await open(seed)
  await faultyTime(world)
  await quietTime(world)
  expectEnds(world)
  await world.system.expectSameMemory()
  const { system, definitions, view } = world
  const report = await system.inTime(
    audit({
      broker: system.log.connect(),
      topics: TOPICS,
      definitions,
      commands: true,
      atRest: { now: system.clock.now() },
      log: noLog,
    }),
  )
  const started = [...view.states.keys()].filter((id: SagaId) => /^saga-\d+$/.test(id)).length
  return { world, report, started }
}

test(`${SEEDS} seeds of any definition, any act and any fault: what was started ends, and the books are even`, {
  timeout: RUNS_MS_MAX,
}, async () => {
  const seen: Record<string, number> = {}
  const add = (name: string, by = 1) => {
    seen[name] = (seen[name] ?? 0) + by
  }
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { world, report, started } = await run(seed).catch((error: unknown) => {
      throw new Error(`KASAGA_FAULT_SEED=${seed} KASAGA_FAULT_SEEDS=1 plays it again`, { cause: error })
    })
    expect({ seed, violations: report.violations, started }).toEqual({ seed, violations: [], started: SAGAS })
    add('void batches', report.voidBatches)
    for (const [fault, count] of Object.entries(world.system.faults)) add(fault, count)
    for (const history of world.view.histories.values()) for (const { event } of history) add(event.type)
  }
  console.info(JSON.stringify(seen))
  const untried = EXPECTED.filter((name) => seen[name] === undefined || seen[name] === 0)
  expect(untried, 'a run in which something did not come has shown nothing of it').toEqual([])
})

const EXPECTED = [
  'kasaga_snapshots_total whole',
  'kasaga_snapshots_total changes',
  'restored',
  'void batches',
  'taken over',
  'unanswered',
  'lost',
  'late',
  'twice',
  'refused',
  'saga-completed',
  'saga-compensated',
  'saga-killed',
  'saga-forked',
  'saga-paused',
  'saga-resumed',
  'saga-stuck',
  'retry-requested',
  'cancel-refused',
  'signal-received',
  'undo-resolved',
  'parent-answered',
  'parent-refused',
  'undo-requested',
  'block-completed',
  'scope-compensated',
  'step-failed',
  'compensation-failed',
] as const
