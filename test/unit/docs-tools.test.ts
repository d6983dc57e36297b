/** What docs/tools.md shows on a terminal is what the commands print. */
import { expect, test } from 'vitest'
import { checkCommand } from '../../services/cli/commands/check.ts'
import { definitionCommand } from '../../services/cli/commands/definition.ts'
import { diffCommand } from '../../services/cli/commands/diff.ts'
import { type HistoryRun, replayCommand } from '../../services/cli/commands/replay.ts'
import type { ShadowRun } from '../../services/cli/commands/shadow.ts'
import { bulkText, previewText } from '../../services/cli/text/bulk-text.ts'
import { commandsText } from '../../services/cli/text/command-text.ts'
import { explainText } from '../../services/cli/text/explain-text.ts'
import { participantsText } from '../../services/cli/text/participant-text.ts'
import { detailText } from '../../services/cli/text/saga-text.ts'
import { timersText } from '../../services/cli/text/timer-text.ts'
import { sagaAnswer, sagaDetail } from '../../services/gateway/answers.ts'
import { bulkAnswer, bulkPreview } from '../../services/gateway/bulk/bulk-answer.ts'
import { explainAnswer } from '../../services/gateway/explain-saga.ts'
import { commandAnswer } from '../../services/gateway/routes/command-routes.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { detailAt, historyInHome, shadowInHome, viewOf } from '../../services/replay/home.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import { explain } from '../../shared/saga/explain/explain.ts'
import { Since } from '../../shared/saga/explain/since.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { SagaCommands } from '../../shared/view/saga-commands.ts'
import { rowsOfSaga } from '../../shared/view/saga-rows.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fences, pageText } from '../support/docs/markdown.ts'
import { batchOf, order } from '../support/fabricate-log.ts'
import { fulfilWith, recordedOn, recordedSagas, shadowLog } from '../support/shadow-cases.ts'

const TOPIC = 'kasaga.events'
const NOW = Date.parse('2026-01-31T10:00:00Z')

/** An order that was compensated, a second between its events, each in a batch of its own. */
async function incident() {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
  const chains = new Map<string, string>()
  for (const [i, event] of order('order-1', 'compensated').entries()) {
    const at = Date.parse('2026-01-31T10:00:00Z') + i * 1_000
    const records = batchOf([{ ...event, at }], { number: i + 1 }, chains)
    await broker.append([{ topic: TOPIC, partition: 0, records }])
  }
  return broker
}

const transcripts = fences(pageText('docs/tools.md')).flatMap(({ info, text }) => {
  const [command = '', ...shown] = text.trimEnd().split('\n')
  return info === 'console' ? [{ command: command.replace('$ kasaga ', ''), shown: shown.join('\n') }] : []
})

test('there are some', () => expect(transcripts.length).toBeGreaterThan(1))

const OF_THE_LOG = transcripts.filter(
  ({ command }) => !/^(?:explain|timers|show|participants|bulk|dlq|definition)/.test(command),
)

test.each(OF_THE_LOG)('kasaga $command', async ({ command, shown }) => {
  const broker = await incident()
  const run: HistoryRun = { detail: detailAt, history: (id, { prefix }) => historyInHome(id, { broker }, { prefix }) }
  const kasaga = cliOf(() => '')
  const { out } = await kasaga(command.split(' '), {}, [
    replayCommand(run),
    diffCommand(run),
    checkCommand(definitions),
  ])
  expect(out.trimEnd()).toBe(shown)
  await broker.close()
})

test('kasaga explain order-2', () => {
  const play = order('order-2', 'running').map((event, i) => ({ ...event, at: NOW - 12_000 + i * 1_000 }))
  const place = { topic: TOPIC, partition: 0 }
  const rows = rowsOfSaga(
    sagaId('order-2'),
    play.map((event) => ({ ...event, ...place, offset: BigInt(event.seq) })),
  )
  const since = new Since()
  for (const { event, at } of play) since.take(event, at)
  const state = play.reduce<SagaState | undefined>(evolve, undefined)
  if (!rows || !state) throw new Error('it has not begun')
  // The log that is made up for tests has a time of its own for every command.
  const { root } = state
  const steps = root.steps.map((step) => (step.status === 'armed' ? { ...step, timeoutAt: NOW + 21_000 } : step))
  const known = { now: NOW, since: since.times, locks: new Map(), children: new Map() }
  const payment = { inFlight: 5, held: 0, breakerOpenSince: NOW - 4_000 }
  const around = { ...known, participants: new Map([['payment', payment]]) }
  const told = explain({ definition: fulfilOrder, state: { ...state, root: { ...root, steps } }, around })
  const text = explainText(explainAnswer(viewOf(rows), told), { color: false, now: NOW })
  expect(text).toBe(transcripts.find(({ command }) => command === 'explain order-2')?.shown)
})

test('kasaga timers', () => {
  const at = (ms: number) => new Date(NOW + ms).toISOString()
  const none = { attempt: null, participant: null, signal: null, child: null, lock: null }
  const charge = { ...none, step: 'charge', direction: 'forward', participant: 'payment' } as const
  const undo = { ...charge, direction: 'compensate', attempt: 1 } as const
  const approval = { ...none, step: 'approval', direction: 'forward', signal: 'approved', attempt: 0 } as const
  const timers = [
    { ...charge, dueAt: at(-2_000), kind: 'timeout', saga: 'order-4', attempt: 1 },
    { ...charge, dueAt: at(21_000), kind: 'retry', saga: 'order-2', attempt: 2 },
    { ...none, dueAt: at(9 * 60_000), kind: 'deadline', saga: 'order-2', step: null, direction: 'forward' },
    { ...undo, dueAt: at(40 * 60_000), kind: 'timeout', saga: 'order-3' },
    { ...approval, dueAt: at(86_399_000), kind: 'signal', saga: 'order-5' },
  ] as const
  const text = timersText(timers, { color: false, now: NOW })
  expect(text).toBe(transcripts.find(({ command }) => command === 'timers')?.shown)
})

test('kasaga show order-1 --commands', () => {
  const play = order('order-1', 'compensated').map((event, i) => ({ ...event, at: NOW + i * 1_000 }))
  const moments = play.map((event) => ({ ...event, topic: TOPIC, partition: 0, offset: BigInt(event.seq) }))
  const rows = rowsOfSaga(sagaId('order-1'), moments)
  if (!rows) throw new Error('it has not begun')
  const { steps, attributes } = rows
  const row = viewOf(rows)
  const saga = {
    ...sagaDetail(sagaAnswer(row, new Definitions([])), { row, steps, attributes }),
    waitsForDefinition: null,
  }
  const commands = new SagaCommands()
  for (const event of play) commands.take(event)
  const eyes = { color: false, now: NOW + 60_000 }
  const text = `${detailText(saga, eyes)}\n\n${commandsText(commands.all.map(commandAnswer), eyes)}`
  expect(text).toBe(transcripts.find(({ command }) => command === 'show order-1 --commands')?.shown)
})

test('kasaga participants', () => {
  const unset = { limits: null, setBy: null, setAt: null, reason: null, openBreakers: [], held: 0, oldestHeldAt: null }
  const recent = { minutes: 5, steps: 1_000, retries: 0, timeouts: 0, late: 0, isSample: false }
  const quick = { ...recent, attempts: 1_000, p50Ms: 12, p95Ms: 31, p99Ms: 80 }
  const slow = {
    ...recent,
    attempts: 1_250,
    retries: 250,
    timeouts: 190,
    late: 12,
    p50Ms: 340,
    p95Ms: 2_100,
    p99Ms: 28_000,
  }
  const breaker = { process: 'p', since: new Date(NOW - 4_000).toISOString(), failures: 19, calls: 20 }
  const oldest = (ms: number) => new Date(NOW - ms).toISOString()
  const all = [
    { ...unset, name: 'inventory', inFlight: 3, oldestUnansweredAt: oldest(20), recent: quick },
    { ...unset, name: 'payment', inFlight: 5, oldestUnansweredAt: oldest(9_000), recent: slow },
    { ...unset, name: 'shipping', inFlight: 0, oldestUnansweredAt: null, recent: null },
  ].map((one) => {
    if (one.name !== 'payment') return one
    return { ...one, limits: { ratePerSecond: 50 }, openBreakers: [breaker], held: 40, oldestHeldAt: oldest(3_000) }
  })
  const text = participantsText(all, { color: false, now: NOW })
  expect(text).toBe(transcripts.find(({ command }) => command === 'participants')?.shown)
})

test('kasaga definition shadow', async () => {
  const told = transcripts.find(({ command }) => command.startsWith('definition shadow'))
  const broker = await shadowLog(recordedSagas)
  const shadow: ShadowRun = {
    load: async () => new Definitions([fulfilWith({ version: 2, attempts: 1 })]),
    run: (asked) => shadowInHome({ broker }, 'kasaga', asked),
  }
  const { out } = await cliOf(() => '')(told?.command.split(' ') ?? [], {}, [
    definitionCommand(new Definitions([recordedOn]), shadow),
  ])
  expect(out.trimEnd()).toBe(told?.shown)
  await broker.close()
})

test('kasaga bulk', async () => {
  const why = { actor: 'ann', reason: 'the carrier is back', at: NOW - 4_000 }
  const asked = { act: { kind: 'retry' }, filter: { incident: '3f9ac1d20b7e' }, rate: 20, ...why } as const
  const progress = { list: 'l', sagas: 214, part: 0, index: 81, done: 80, refused: { ended: 1 } }
  const stuck = { phase: 'running', ended: false, stopped: false, unreadable: false, parked: false, underWay: false }
  const standings = [
    { ...stuck, status: 'stuck', sagas: 211, saga_id: 'order-1' },
    { ...stuck, status: 'completed', ended: true, sagas: 1, saga_id: 'order-2' },
    { ...stuck, status: 'running', sagas: 2, saga_id: 'order-3' },
  ] as const
  const preview = bulkPreview(asked.act, standings, standings.slice(0, 2))
  const told = {
    'bulk retry --incident 3f9ac1d20b7e --dry-run': previewText('retry', preview, { rate: 20, color: false }),
    'bulk show bulk-7': bulkText(bulkAnswer({ id: 'bulk-7', asked, progress, lists: new Map() }), {
      color: false,
      now: NOW,
    }),
  }
  const shown = transcripts.filter(({ command }) => command.startsWith('bulk'))
  expect(Object.fromEntries(shown.map(({ command, shown: text }) => [command, text]))).toEqual(told)
})
