/** What `kasaga replay` and `kasaga diff` show of a saga, from the log alone. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { diffCommand } from '../../services/cli/commands/diff.ts'
import { type HistoryRun, replayCommand } from '../../services/cli/commands/replay.ts'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { detailAt, historyInExport, historyInHome } from '../../services/replay/home.ts'
import { exportLog } from '../../shared/adapters/exported-log/export-log.ts'
import { writeLines } from '../../shared/adapters/exported-log/log-lines.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { cliOf } from '../support/cli-runner.ts'
import { batchOf, type Chains, order } from '../support/fabricate-log.ts'

const PARTITIONS = 4
const TOPIC = 'kasaga.events'
const kasaga = cliOf(() => '')
const scratch = mkdtempSync(join(tmpdir(), 'kasaga-replay-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const ids = Array.from({ length: 8 }, (_, i) => `order-${i}`)
/** Each saga with an ending of its own, a second between its events. */
const sagas = ids.map((id, i) =>
  order(id, (['completed', 'compensated', 'stuck', 'retried'] as const)[i % 4] ?? 'running').map((envelope, seq) => ({
    ...envelope,
    at: Date.parse('2026-01-31T10:00:00Z') + seq * 1_000,
  })),
)

/** All of them side by side, an event of each in a batch; one batch is void. */
async function fill(broker: Broker, change: (record: NewRecord, event: EventEnvelope) => NewRecord = (r) => r) {
  await broker.createTopics([{ name: TOPIC, partitions: PARTITIONS, retention: 'forever' }])
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const own = sagas.filter(([first]) => partitionOf(first?.sagaId ?? '', PARTITIONS) === partition)
    const chains: Chains = new Map()
    for (let i = 0; i < 16; i++) {
      const turn = own.flatMap((saga) => saga.slice(i, i + 1))
      const [header, ...events] = batchOf(turn, { number: i + 1 }, chains)
      const records = [
        ...(header ? [header] : []),
        ...events.map((record, at) => change(record, turn[at] as EventEnvelope)),
      ]
      if (i === 2) await broker.append([{ topic: TOPIC, partition, records: batchOf(turn, { number: 1 }) }])
      await broker.append([{ topic: TOPIC, partition, records }])
    }
  }
  return broker
}

const memory = () => new MemoryLog({ clock: systemClock }).connect()
const broker = await fill(memory())
afterAll(() => broker.close())

const runOn = (broker: Broker): HistoryRun => ({
  detail: detailAt,
  history: (id, { prefix }) => historyInHome(id, { broker }, { prefix }),
})

const on = (broker: Broker) => (args: readonly string[]) =>
  kasaga(args, {}, [replayCommand(runOn(broker)), diffCommand(runOn(broker))])
const said = on(broker)

const plainState = (state: SagaState | undefined) => JSON.parse(JSON.stringify(state))

test('the state after each event is the fold of the events up to there', async () => {
  for (const saga of sagas) {
    let state: SagaState | undefined
    for (const envelope of saga) {
      state = evolve(state, envelope)
      const { code, out } = await said(['replay', envelope.sagaId, '--to', String(envelope.seq), '--json'])
      expect(code).toBe(0)
      const answer = JSON.parse(out)
      expect(answer).toMatchObject({
        id: envelope.sagaId,
        point: {
          seq: envelope.seq,
          of: saga.length,
          type: envelope.event.type,
          at: new Date(envelope.at).toISOString(),
        },
        saga: { id: envelope.sagaId, events: envelope.seq, waitsForDefinition: null },
        broken: null,
      })
      expect(answer.state).toEqual(plainState(state))
      expect(answer.saga.status).toBe(state.status)
      // Its place is one that it can be asked for by, and so is its time.
      const { partition, offset } = answer.point.place
      for (const point of [`${partition}/${offset}`, answer.point.at]) {
        const again = await said(['replay', envelope.sagaId, '--to', point, '--json'])
        expect(JSON.parse(again.out)).toEqual(answer)
      }
    }
  }
})

describe('a person', () => {
  test('reads what the saga was, with the steps that it had begun', async () => {
    const { code, out, err } = await said(['replay', 'order-0', '--to', '4'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('order-0 after event 4 of 8, at 2026-01-31T10:00:03.000Z, place ')
    expect(out).toContain('running')
    expect(out).toMatch(/charge +requested +1 +payment/)
    expect(out).not.toContain('ship')
    const newest = await said(['replay', 'order-0'])
    expect(newest.out).toContain('completed')
    expect(newest.out).toMatch(/ship +succeeded/)
  })

  test('reads what changed between two points, and the events between them', async () => {
    const { code, out } = await said(['diff', 'order-1', '4', '7'])
    expect(code).toBe(0)
    expect(out).toContain('~ saga status: running -> compensating\n')
    expect(out).toContain('~ step charge status: armed -> rejected\n')
    expect(out).toContain('~ step stock status: succeeded -> undoing\n')
    expect(out).toContain('  5  step-rejected charge\n  6  compensation-started\n  7  compensation-requested stock\n')
    const back = await said(['diff', 'order-1', '7', '4', '--json'])
    const { changes, events, from, to } = JSON.parse(back.out)
    expect([from.seq, to.seq, events.length]).toEqual([7, 4, 3])
    expect(changes).toContainEqual({
      ...{ kind: 'changed', of: 'saga', path: '', field: 'status' },
      ...{ before: 'compensating', after: 'running' },
    })
    const same = await said(['diff', 'order-1', '5', '5'])
    expect(same.out).toContain('nothing changed')
  })
})

describe('it says no', () => {
  test.each([
    [['replay', 'order-77'], 1, 'unknown-saga', 'has no saga order-77'],
    [['replay', 'order-0', '--to', '2026-01-31T09:00:00Z'], 1, 'not-begun', 'it did at 2026-01-31T10:00:00.000Z'],
    [['replay', 'order-0', '--to', '99'], 1, 'not-so-far', 'order-0 has 8 events'],
    [['diff', 'order-0', '1', '99'], 1, 'not-so-far', 'order-0 has 8 events'],
  ])('to %j', async (args, code, why, message) => {
    const { code: exit, err } = await said([...args, '--json'])
    const { error } = JSON.parse(err)
    expect({ exit, why: error.code }).toEqual({ exit: code, why })
    expect(error.message).toContain(message)
  })

  test.each([['soon'], ['0'], ['2026-01-31T10:00:00'], ['2026-13-31T10:00:00Z']])('to the point %s', async (point) => {
    const { code, err } = await said(['replay', 'order-0', '--to', point])
    expect(code).toBe(2)
    expect(err).toContain('a point in its life is wanted')
  })

  test('to a place of another partition, and to what is no id', async () => {
    const other = (partitionOf('order-0', PARTITIONS) + 1) % PARTITIONS
    const { code, err } = await said(['replay', 'order-0', '--to', `${other}/3`])
    expect(code).toBe(2)
    expect(err).toContain(`order-0 is in partition ${partitionOf('order-0', PARTITIONS)}`)
    expect((await said(['replay', 'order 0'])).code).toBe(2)
  })
})

test('what follows an event that was changed, or cannot be read, is not believed, and what is before it is', async () => {
  const breaks: readonly ((record: NewRecord) => NewRecord)[] = [
    (record) => ({ ...record, value: '{' }),
    (record) => ({ ...record, value: String(record.value).replace('parcel', 'barrel') }),
  ]
  for (const change of breaks) {
    const bad = await fill(memory(), (record, { sagaId, seq }) =>
      sagaId === 'order-0' && seq === 3 ? change(record) : record,
    )
    const before = await on(bad)(['replay', 'order-0', '--to', '2', '--json'])
    expect(before.code).toBe(0)
    expect(JSON.parse(before.out).state).toMatchObject({ seq: 2, status: 'running' })
    for (const args of [
      ['replay', 'order-0'],
      ['replay', 'order-0', '--to', '5'],
      ['diff', 'order-0', '1', '5'],
    ]) {
      const { code, out, err } = await on(bad)(args)
      expect(code).toBe(1)
      expect(out).toContain('after event 2')
      expect(err).toContain('order-0 can be read up to event 2 and no further')
    }
    expect((await on(bad)(['replay', 'order-1'])).code).toBe(0)
    await bad.close()
  }
})

test('a data folder and an exported log give the same, with nothing running', async () => {
  const directory = join(scratch, 'data')
  const home = await openEmbeddedHome({ directory, log: noLog })
  await fill(home.broker)
  const file = join(scratch, 'log.ndjson')
  const how = { prefix: 'kasaga', engine: '0', now: 0, commands: false }
  await writeLines(file, exportLog({ ...how, broker: home.broker }))
  await home.close()
  const live = JSON.parse((await said(['replay', 'order-3', '--json'])).out)
  const history = await historyInExport(sagaId('order-3'), file, {})
  expect(plainState(history.moments.at(-1)?.state)).toEqual(live.state)
  const main = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url))
  const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  const folder = run('replay', 'order-3', '--data-dir', directory, '--json')
  expect({ code: folder.status, err: folder.stderr }).toEqual({ code: 0, err: '' })
  expect(JSON.parse(folder.stdout)).toEqual(live)
  expect(run('replay', 'order-3', '--data-dir', join(scratch, 'none')).status).toBe(2)
})
