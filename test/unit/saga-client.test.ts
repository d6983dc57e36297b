/** The client: what it writes, where, and what it does when a broker's answer stays away. */
import { expect, expectTypeOf, test } from 'vitest'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { APPEND_ATTEMPTS_MAX, BATCH_RECORDS_MAX, packBatches } from '../../shared/client/append-commands.ts'
import { InvalidInputError } from '../../shared/client/invalid-input.ts'
import { sagaClient } from '../../shared/client/saga-client.ts'
import { decodeClientCommand } from '../../shared/message/client-command-reader.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { sagaIdOfKey } from '../../shared/message/ids.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { AppendResult, Broker } from '../../shared/ports/broker.ts'
import type { Clock } from '../../shared/ports/clock.ts'
import { fulfil } from '../support/fulfil.ts'

const TOPICS = kasagaTopics('kasaga')
const PARTITIONS = 4
/** Kafka's 9 s, and the election. */
const A_BROKER_IS_MISSED_MS = 10_000

/** Waits are over at once; how long they would have been is kept. */
class HastyClock implements Clock {
  readonly waitsMs: number[] = []
  now = () => 1_700_000_000_000
  soon = systemClock.soon
  schedule(delayMs: number, then: () => void): () => void {
    this.waitsMs.push(delayMs)
    return systemClock.schedule(0, then)
  }
}

async function setUp(alter: (broker: Broker) => Broker = (broker) => broker) {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([{ name: TOPICS.commands, partitions: PARTITIONS, retention: { days: 1 } }])
  const clock = new HastyClock()
  let made = 0
  const ids = { next: () => `request-${++made}` }
  const client = sagaClient({ broker: alter(broker), topics: TOPICS, clock, ids, source: '/shop' })
  const records = async (partition: number) => {
    const found: LogRecord[] = []
    for await (const some of broker.read(TOPICS.commands, partition, 0n)) found.push(...some)
    return found
  }
  return { broker, client, clock, records }
}

const trouble = (code: string) => new OperationalError(code, code, { where: 'test', retriable: true })

/** Stores what is appended, and answers otherwise the first times. */
function answering(answers: readonly AppendResult[]): (broker: Broker) => Broker {
  const left = [...answers]
  return (broker) => ({
    ...broker,
    partitions: (topic) => broker.partitions(topic),
    append: async (batches) => {
      const stored = await broker.append(batches)
      const answer = left.shift()
      return answer ? batches.map(() => answer) : stored
    },
  })
}

test('a start may say a priority, and none that there is not', async () => {
  const { client, records } = await setUp()
  const input = { id: 'order-1', cents: 5 }
  const place = await client.start(fulfil, 'order-1', input, { priority: 8 })
  await client.startMany(fulfil, [{ sagaId: 'order-1', input, priority: 0 }])
  const starts = (await records(place.partition)).map((record) => decodeClientCommand(record))
  expect(starts).toMatchObject([{ value: { priority: 8 } }, { value: { priority: 0 } }])
  for (const priority of [-1, 10, 1.5, Number.NaN])
    await expect(client.start(fulfil, 'order-1', input, { priority })).rejects.toThrow(TypeError)
})

test('a start stands where its owner reads it, and the place is answered', async () => {
  const { client, records } = await setUp()
  const place = await client.start(fulfil, 'order-1', { id: 'order-1', cents: 5 })
  expect(place).toEqual({ topic: TOPICS.commands, partition: partitionOf('order-1', PARTITIONS), offset: 0n })
  const [record] = await records(place.partition)
  expect(record && decodeClientCommand(record)).toMatchObject({
    kind: 'ok',
    value: {
      kind: 'start',
      definition: 'fulfil',
      version: 1,
      requestId: 'request-1',
      input: { id: 'order-1', cents: 5 },
    },
  })
})

test('the input is typed, and checked against the definition before anything is written', async () => {
  const { client, broker } = await setUp()
  expectTypeOf(client.start<{ id: string; cents: number }>)
    .parameter(2)
    .toEqualTypeOf<{ id: string; cents: number }>()
  // @ts-expect-error cents is a number
  const wrong = client.start.bind(client, fulfil, 'order-1', { id: 'order-1', cents: 'five' })
  await expect(wrong()).rejects.toThrow(InvalidInputError)
  await expect(client.start(fulfil, 'two words', { id: 'x', cents: 1 })).rejects.toThrow(TypeError)
  for (const { end } of await broker.offsets(TOPICS.commands)) expect(end).toBe(0n)
})

test('an input that no owner would take is refused here', async () => {
  const { client } = await setUp()
  let deep: object = {}
  for (let i = 0; i < 70; i++) deep = { deep }
  await expect(client.signal('order-1', { name: 'go', payload: deep as never })).rejects.toThrow(/nested deeper/)
})

test('many starts answer their places in the order given, each on its own partition', async () => {
  const { client, records } = await setUp()
  const sagas = Array.from({ length: 1_300 }, (_, i) => ({
    sagaId: `order-${i}`,
    input: { id: `order-${i}`, cents: i },
  }))
  const places = await client.startMany(fulfil, sagas)
  expect(places).toHaveLength(1_300)
  const logs = await Promise.all([0, 1, 2, 3].map(records))
  for (const [i, { partition, offset }] of places.entries()) {
    const record = logs[partition]?.[Number(offset)]
    expect(record && decodeClientCommand(record)).toMatchObject({
      value: { sagaId: `order-${i}`, input: { cents: i } },
    })
  }
})

test('no append is past the limits', () => {
  const record = { key: 'k', value: 'x'.repeat(400_000), headers: [] }
  const large = packBatches(
    't',
    Array.from({ length: 5 }, () => ({ partition: 0, record })),
  )
  expect(large.map((slot) => slot.indexes)).toEqual([[0, 1], [2, 3], [4]])
  const small = packBatches(
    't',
    Array.from({ length: BATCH_RECORDS_MAX + 1 }, () => ({ partition: 1, record: { ...record, value: '' } })),
  )
  expect(small.map((slot) => slot.indexes.length)).toEqual([BATCH_RECORDS_MAX, 1])
})

test('an append without an answer is repeated under the same request id', async () => {
  const unknown: AppendResult = { kind: 'unknown', error: trouble('no-answer') }
  const { client, records, clock } = await setUp(answering([unknown, unknown]))
  const place = await client.cancel('order-1', { actor: 'ann', reason: 'late' })
  const found = await records(place.partition)
  const ids = found
    .map((record) => decodeClientCommand(record))
    .map((one) => (one.kind === 'ok' ? one.value.requestId : ''))
  expect(ids).toEqual(['request-1', 'request-1', 'request-1'])
  expect(clock.waitsMs).toEqual([100, 200])
})

test('one that stays without an answer is thrown, retriable, after so many attempts', async () => {
  const unknown: AppendResult = { kind: 'unknown', error: trouble('no-answer') }
  const { client, records, clock } = await setUp(answering(Array.from({ length: APPEND_ATTEMPTS_MAX }, () => unknown)))
  await expect(client.retry('order-1', { actor: 'ann', reason: 'again' })).rejects.toMatchObject({
    code: 'append-unknown',
    retriable: true,
  })
  expect(await records(partitionOf('order-1', PARTITIONS))).toHaveLength(APPEND_ATTEMPTS_MAX)
  const waitedMs = clock.waitsMs.reduce((sum, waitMs) => sum + waitMs, 0)
  expect(waitedMs).toBeGreaterThan(A_BROKER_IS_MISSED_MS)
})

test('one that is refused is thrown as it is', async () => {
  const { client } = await setUp(answering([{ kind: 'refused', error: trouble('not-allowed') }]))
  await expect(client.signal('order-1', { name: 'go' })).rejects.toMatchObject({ code: 'not-allowed' })
})

test('one that is refused after an attempt that nobody knows of may be stored, and is not said to be refused', async () => {
  const results: AppendResult[] = [
    { kind: 'unknown', error: trouble('log-io') },
    { kind: 'refused', error: trouble('log-full') },
  ]
  const { client, clock } = await setUp(answering(results))
  await expect(client.signal('order-1', { name: 'go' })).rejects.toMatchObject({
    code: 'append-unknown',
    cause: { code: 'log-full' },
  })
  expect(clock.waitsMs).toEqual([100])
})

test('a business key stands for the id, at the start and for all that is asked later', async () => {
  const { client, records } = await setUp()
  const id = sagaIdOfKey('fulfil', 'order 7')
  const place = await client.start(fulfil, { key: 'order 7' }, { id: 'x', cents: 5 })
  await client.startMany(fulfil, [{ key: 'order 7', input: { id: 'x', cents: 5 } }])
  const saga = { definition: 'fulfil', key: 'order 7' }
  const act = { actor: 'ann', reason: 'why', requestId: 'r-1' }
  await client.signal(saga, { name: 'go', actor: 'ann', roles: ['boss'], requestId: 'r-1' })
  await client.cancel(saga, act)
  await client.retry(saga, act)
  await client.resolve(saga, { ...act, step: 'parcels[3].label' })
  await client.retry(saga, { ...act, step: 'a' })
  await client.resolve(saga, { ...act, step: 'a', as: 'done', output: 1 })
  await client.resolve(saga, { ...act, step: 'a', as: 'failed' })
  await client.skip(saga, { ...act, step: 'a', output: 2, notDone: true })
  await client.edit(saga, { ...act, step: 'a', payload: { n: 3 } })
  await client.pause(saga, { ...act, timers: 'run' })
  await client.resume(saga, act)
  await client.migrate(saga, { ...act, toVersion: 2 })
  await client.kill(saga, act)
  const commands = (await records(place.partition)).map((record) => decodeClientCommand(record))
  expect(commands).toMatchObject([
    { value: { kind: 'start', sagaId: id } },
    { value: { kind: 'start', sagaId: id } },
    { value: { kind: 'signal', sagaId: id, actor: 'ann', roles: ['boss'] } },
    { value: { kind: 'cancel', sagaId: id } },
    { value: { kind: 'retry', sagaId: id } },
    { value: { kind: 'resolve', sagaId: id, step: 'parcels[3].label' } },
    { value: { kind: 'retry', sagaId: id, step: 'a' } },
    { value: { kind: 'resolve', sagaId: id, step: 'a', as: 'done', output: 1 } },
    { value: { kind: 'resolve', sagaId: id, step: 'a', as: 'failed' } },
    { value: { kind: 'skip', sagaId: id, step: 'a', output: 2, notDone: true } },
    { value: { kind: 'edit', sagaId: id, step: 'a', payload: { n: 3 } } },
    { value: { kind: 'pause', sagaId: id, timers: 'run' } },
    { value: { kind: 'resume', sagaId: id } },
    { value: { kind: 'migrate', sagaId: id, toVersion: 2 } },
    { value: { kind: 'kill', sagaId: id, reason: 'why' } },
  ])
})

test('what no owner would take is refused before it is sent', async () => {
  const { client } = await setUp()
  const act = { actor: 'ann', reason: 'why' }
  await expect(client.kill('order-1', { ...act, reason: ' ' })).rejects.toThrow('a kill says why')
  await expect(client.resolve('order-1', { ...act, step: 'a b' })).rejects.toThrow('no path')
  await expect(client.migrate('order-1', { ...act, toVersion: 0 })).rejects.toThrow('no version')
  for (const kind of ['retry', 'skip', 'edit'] as const)
    await expect(client[kind]('order-1', { ...act, step: 'a b', payload: 1 })).rejects.toThrow('no path')
  await expect(client.cancel('order-1', { ...act, requestId: 'a b' })).rejects.toThrow('a request id')
  await expect(client.signal('order-1', { name: 'a b' })).rejects.toThrow('a signal name')
  await expect(client.signal('order-1', { name: 'go', roles: ['a b'] })).rejects.toThrow('roles')
  await expect(client.signal('order-1', { name: 'go', actor: 'x'.repeat(201) })).rejects.toThrow('an actor')
  await expect(client.start(fulfil, { key: 'x'.repeat(200) }, { id: 'x', cents: 5 })).rejects.toThrow('207 characters')
})
