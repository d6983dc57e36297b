/** What must hold when faults are over and nothing moves any more. */
import { audit } from '../../../services/auditor/audit.ts'
import type { ParticipantAudit } from '../../../services/auditor/participant-ledger.ts'
import { BatchReader } from '../../../shared/message/batch.ts'
import type { SagaId } from '../../../shared/message/ids.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { changesFor, foldBatches } from '../../../shared/view/projection.ts'
import { applyChanges, type ViewRows } from '../../../shared/view/view-rows.ts'
import { NaiveBook } from '../../property/naive-book.ts'
import { expectSteps } from '../../property/net-effect.ts'
import { memoryDifferences } from '../../property/snapshots/same-memory.ts'
import { comparableRows, tableRows } from '../../support/fold-view.ts'
import type { Books } from '../actors/books.ts'
import { TOPICS } from '../world/network.ts'
import { PROJECTIONS, type World } from '../world/world.ts'
import type { LogView } from './log-view.ts'

/** Nobody comes and nobody goes: so long no claim may be made. */
const STABLE_MS = 10_000

export async function expectAtRest(world: World, view: LogView): Promise<void> {
  const { breaches, situations, checks } = world
  await world.settle()
  const { claims } = situations
  await world.go(STABLE_MS)
  breaches.expect(
    'L6',
    situations.claims === claims,
    () => `${situations.claims - claims} claims, and nobody came or went`,
  )
  await world.scheduler.inTime(view.readOn())
  expectSameLog(world, view)
  await expectAudited(world, view)
  await expectSameMemory(world)
  expectNetEffects(world, view)
  await expectViews(world)
  checks.commands.expectAllSent()
  expectNothingUnderWay(world)
  if (checks.calls.expectKept(breaches) > 0) situations.came('callsFull')
}

/** Held against what orchestrators say of themselves: a call that is counted for ever takes the room of another. */
function expectNothingUnderWay({ crews, gauges, breaches }: World): void {
  for (const process of crews.orchestrator.processes)
    for (const [name, value] of gauges.get(process)?.values ?? [])
      if (/^kasaga_(steps_held|calls_in_flight) /.test(name))
        breaches.expect('L1', value === 0, () => `${process.name} says ${name} ${value}, and nothing is under way`)
}

/** The system's own reader took just those batches that are accepted by the rule told anew. */
function expectSameLog({ breaches, checks }: World, view: LogView): void {
  for (const [id, history] of checks.log.histories) {
    const read = view.histories.get(id as never)
    breaches.expect(
      'S11',
      read?.length === history.length,
      () => `${id} has ${history.length} events, and ${read?.length} are read`,
    )
  }
}

/** Whatever snapshots were written, lost and left alone, they say what the log says. */
async function expectSameMemory({ breaches, network, plans, limits, scheduler, situations }: World): Promise<void> {
  const ports = { broker: network.connect(), clock: scheduler.clock, definitions: plans.all, limits, topics: TOPICS }
  const { differences, restored } = await scheduler.inTime(memoryDifferences(ports))
  for (const difference of differences) breaches.add('S2', difference)
  if (restored > 0) situations.came('restored')
}

async function expectAudited({ books, breaches, network, plans, scheduler }: World, view: LogView): Promise<void> {
  const report = await scheduler.inTime(
    audit({
      broker: network.connect(),
      topics: TOPICS,
      definitions: plans.all,
      // A next version renames steps, and these tables know a step by its name alone.
      participants: plans.next ? [] : participantAudits(plans.main, books, view),
      commands: true,
      atRest: { now: scheduler.now() },
      log: noLog,
    }),
  )
  for (const { invariant, message, saga } of report.violations) breaches.add(invariant, `${saga ?? ''} ${message}`)
}

/** The participants' tables as the auditor asks for them: of each command of the definition's own scope, saga by saga. */
function participantAudits({ name: definition, steps }: Definition, books: Books, view: LogView): ParticipantAudit[] {
  const of = Map.groupBy(books.rows, ({ step }) => step)
  return steps.flatMap((step): ParticipantAudit[] => {
    if (step.type !== 'command') return []
    const own = (of.get(step.name) ?? []).filter(({ sagaId }) => isOf(definition, view.states.get(sagaId as SagaId)))
    const rows = [...Map.groupBy(own, ({ sagaId }) => sagaId)].map(([orderId, effects]) => {
      const applied = effects.filter(({ effect }) => effect === 1).length
      return { orderId, applied, undone: effects.length - applied }
    })
    const { participant } = step.forward.command
    return [
      {
        name: participant,
        step: step.name,
        definition,
        rows: async function* () {
          yield rows
        },
      },
    ]
  })
}

/** One that nobody knows is of any. */
function isOf(definition: string, state: SagaState | undefined): boolean {
  return state === undefined || state.definition === definition
}

function expectNetEffects({ books, plans, breaches }: World, { states, histories }: LogView): void {
  const { net, rows } = books
  const applied = Map.groupBy(rows, ({ key }) => key)
  for (const [key, own] of applied)
    breaches.expect('S8', own.length === 1, () => `${key} was applied ${own.length} times`)
  for (const [id, state] of states) {
    const history = histories.get(id) ?? []
    const started = history[0]?.event
    const moved = history.flatMap(({ event }) =>
      event.type === 'saga-migrated' ? (plans.all.find(state.definition, event.toVersion) ?? []) : [],
    )
    const definition = started?.type === 'saga-started' && plans.all.find(started.definition, started.version)
    if (state.status === 'failed' || !definition || state.inputHash === '') continue
    expectSteps({ net }, { id, status: state.status }, new NaiveBook(definition, history, moved))
  }
}

/** S16, S17, L3: the views are what the whole log says, and nothing else. */
async function expectViews({ network, views, breaches, scheduler }: World): Promise<void> {
  const broker = network.connect()
  for (const projection of PROJECTIONS) {
    const rows: ViewRows = new Map()
    for (const { partition, end } of await scheduler.inTime(broker.offsets(TOPICS.events))) {
      const reader = new BatchReader()
      const records: LogRecord[] = []
      const read = async () => {
        for await (const some of broker.read(TOPICS.events, partition, 0n)) records.push(...some)
      }
      await scheduler.inTime(read())
      const into = changesFor(projection)
      const batches = records.flatMap((record) => reader.read(record) ?? [])
      foldBatches(projection, batches, { source: { topic: TOPICS.events, partition }, into })
      applyChanges(rows, into)
      const at = views.checkpoint(projection.name, partition)?.nextOffset ?? 0n
      const last = batches.at(-1)?.nextOffset ?? 0n
      breaches.expect('L3', at === last, () => `the views of partition ${partition} are at ${at} of ${last} (${end})`)
    }
    for (const table of Object.keys(projection.tables)) {
      const [is, must] = [views.rows, rows].map((all) => comparableRows(tableRows(projection, all, table)))
      const differing = must?.find((row, i) => row !== is?.[i])
      const same = is?.length === must?.length && differing === undefined
      breaches.expect('S16', same, () => `${table} has ${is?.length} rows of ${must?.length}, such as not ${differing}`)
    }
  }
}
