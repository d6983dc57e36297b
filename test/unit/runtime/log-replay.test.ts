import { expect, test } from 'vitest'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { batchRecord } from '../../../shared/message/batch.ts'
import { eventRecord } from '../../../shared/message/event-record.ts'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { LogReplay } from '../../../shared/runtime/log-replay.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { fulfil } from '../../support/fulfil.ts'
import { done, requested, started } from '../../support/fulfil-events.ts'
import { historyOf } from '../../support/given-when-then.ts'

interface BatchOf {
  readonly number: number
  readonly sentThrough?: number
  readonly events?: readonly SagaEvent[]
  /** Seq of the first event. */
  readonly from?: number
  readonly commands?: bigint
}

const recordsOf = ({ number, sentThrough = 0, events = [], from = 1, commands = 0n }: BatchOf) => [
  batchRecord(
    {
      number,
      owner: 'o',
      count: events.length,
      commands,
      replies: 0n,
      sentThrough,
      inputs: { applied: 0, deadLettered: 0, ignored: {} },
    },
    0,
    '/test',
  ),
  ...historyOf(events, from).map((envelope) => eventRecord(envelope, '/test')),
]

async function logOf(...batches: readonly BatchOf[]) {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([{ name: 'events', partitions: 1, retention: 'forever' }])
  const append = async (more: readonly BatchOf[]) => {
    for (const batch of more) await broker.append([{ topic: 'events', partition: 0, records: recordsOf(batch) }])
  }
  await append(batches)
  const replay = new LogReplay(new Definitions([fulfil]), { endedSagasMax: 100, endedWholeMax: 100 })
  await replay.readOn(broker, 'events', 0)
  return { replay, broker, append }
}

const begin: BatchOf = { number: 1, events: [started, requested('stock')], commands: 1n }
const goOn: BatchOf = { number: 2, events: [...done('stock').slice(1), requested('charge')], from: 3, commands: 1n }
const unsentOf = (replay: LogReplay) =>
  replay
    .takeUnsent()
    .map(({ number, effects }) => [number, effects.map((effect) => effect.kind === 'send' && effect.command.step)])

test('effects past the sent mark are given out, once', async () => {
  const { replay } = await logOf(begin, goOn)
  expect(unsentOf(replay)).toEqual([
    [1, ['stock']],
    [2, ['charge']],
  ])
  expect(unsentOf(replay)).toEqual([])
})

test('those that a later batch says to have been sent are not', async () => {
  const { replay } = await logOf(begin, { ...goOn, sentThrough: 1 })
  expect(unsentOf(replay)).toEqual([[2, ['charge']]])
  const claimed = await logOf(begin, goOn, { number: 3, sentThrough: 2, commands: 1n })
  expect(unsentOf(claimed.replay)).toEqual([])
  expect(claimed.replay.sentThrough).toBe(2)
})

test('a batch that is not the next one is void: neither its effects nor its marks count', async () => {
  const { replay } = await logOf(begin, { ...goOn, number: 1, commands: 9n }, { ...goOn, number: 3 })
  expect(unsentOf(replay)).toEqual([[1, ['stock']]])
  expect({ last: replay.lastNumber, marks: replay.marks, void: replay.voidBatches }).toEqual({
    last: 1,
    marks: { commands: 1n, replies: 0n },
    void: 2,
  })
})

test('it reads on from where it stands, and knows where the next batch must land', async () => {
  const { replay, broker, append } = await logOf(begin)
  expect(replay.nextOffset).toBe(3n)
  await append([goOn])
  await replay.readOn(broker, 'events', 0)
  expect(replay.nextOffset).toBe(6n)
  expect(unsentOf(replay)).toEqual([
    [1, ['stock']],
    [2, ['charge']],
  ])
  expect(replay.state.liveSagas).toBe(1)
})
