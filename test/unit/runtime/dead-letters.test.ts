import { expect, test } from 'vitest'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { OperationalError } from '../../../shared/message/errors.ts'
import { headerOf, type LogRecord, utf8 } from '../../../shared/message/record.ts'
import type { AppendResult } from '../../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { storeDeadLetters } from '../../../shared/runtime/dead-letters.ts'
import type { DeadRecord } from '../../../shared/runtime/turn.ts'
import { collected } from '../../support/collected.ts'
import { appending, unknownResult } from '../../support/participant-doubles.ts'
import { delivered } from '../../support/wire.ts'

const refused = (code: string): AppendResult => {
  return { kind: 'refused', error: new OperationalError(code, code, { where: 'test', retriable: false }) }
}

/** `answers`: how the first appends end; the rest are stored. */
async function rig(answers: readonly AppendResult[] = []) {
  const clock = new ManualClock()
  const memory = new MemoryLog({ clock }).connect()
  await memory.createTopics([{ name: 'dead', partitions: 1, retention: { days: 1 } }])
  const left = [...answers]
  const broker = appending(memory, async (batches, append) => {
    const answer = left.shift()
    return answer ? [answer, ...(await append(batches.slice(1)))] : append(batches)
  })
  const ports = { broker, clock, log: noLog, metrics: noMetrics, topic: 'dead', group: 'g', service: 'orchestrator' }
  const store = async (dead: readonly DeadRecord[], stopped: () => boolean = () => false) => {
    const storing = storeDeadLetters(ports, dead, stopped).then(
      () => 'stored',
      (error: OperationalError) => error.code,
    )
    await clock.advance(1_000)
    return storing
  }
  const letters = async () => {
    const reading = collected(memory.read('dead', 0, 0n))
    await clock.advance(10)
    return reading
  }
  return { store, letters }
}

function dead(value: string, offset: bigint): DeadRecord {
  const record = delivered({ key: 'order-1', value, headers: [['mine', 'kept']] }, offset, 'kasaga.commands')
  return { record, reason: 'not-json', message: 'it is not JSON' }
}

const seen = (record: LogRecord) => ({
  value: record.value && utf8(record.value),
  mine: headerOf(record, 'mine'),
  omitted: headerOf(record, 'dlq-value-omitted'),
})

test('a dead letter has the bytes and the headers of the record', async () => {
  const { store, letters } = await rig()
  expect(await store([dead('{', 4n)])).toBe('stored')
  expect((await letters()).map(seen)).toEqual([{ value: '{', mine: 'kept', omitted: undefined }])
})

test('one that is refused for its size is stored without its value, and says so', async () => {
  const { store, letters } = await rig([refused('record-too-large'), refused('record-too-large')])
  expect(await store([dead('large', 4n), dead('small', 5n)])).toBe('stored')
  expect((await letters()).map(seen)).toEqual([
    { value: 'small', mine: 'kept', omitted: undefined },
    { value: null, mine: 'kept', omitted: 'true' },
  ])
})

test('one that is refused for another reason keeps its bytes until it is taken', async () => {
  const { store, letters } = await rig([refused('not-allowed'), refused('topic-missing')])
  expect(await store([dead('precious', 4n)])).toBe('stored')
  expect((await letters()).map(seen)).toEqual([{ value: 'precious', mine: 'kept', omitted: undefined }])
})

test('one that is not known to be stored is stored again', async () => {
  const { store, letters } = await rig([unknownResult(), unknownResult()])
  expect(await store([dead('{', 4n)])).toBe('stored')
  expect(await letters()).toHaveLength(1)
})

test('it gives up when it is stopped, and says that they are not stored', async () => {
  const { store } = await rig(Array.from({ length: 9 }, unknownResult))
  expect(await store([dead('{', 4n)], () => true)).toBe('stopped')
})
