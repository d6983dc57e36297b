import { afterEach, expect, test } from 'vitest'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../../shared/adapters/system/system-random.ts'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { headerOf, type LogRecord, utf8 } from '../../../shared/message/record.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { type Log, noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { EffectSender } from '../../../shared/runtime/effect-sender.ts'
import { FlowControl } from '../../../shared/runtime/flow-control.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { Owner } from '../../../shared/runtime/owner.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { fulfil } from '../../support/fulfil.ts'
import { appending, unknownResult } from '../../support/participant-doubles.ts'
import { bytesOf, delivered } from '../../support/wire.ts'

const TOPICS = kasagaTopics('kasaga')
const DEFINITIONS = new Definitions([fulfil])
const SPECS = topicSpecs('kasaga', { partitions: 2, participantPartitions: 1 }, participantsOf(DEFINITIONS))
const LIMITS = { ...ORCHESTRATOR_LIMITS, turnInputsMax: 1, pendingEffectsMax: 1, drainMsMax: 1_000 }
const ended: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function emptyLog(): Promise<Broker> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  ended.push(() => broker.close())
  await broker.createTopics(SPECS)
  return broker
}

/** Owners on one sender, as an orchestrator has them. */
function owning(broker: Broker, options: { log?: Log; owns?: () => boolean; definitions?: Definitions } = {}) {
  const shared = { broker, clock: systemClock, random: systemRandom, log: options.log ?? noLog, metrics: noMetrics }
  const sender = new EffectSender(shared)
  const control = { ...shared, ids: systemIds, process: 'o', source: '/test' }
  const ports = {
    ...shared,
    sender,
    definitions: options.definitions ?? DEFINITIONS,
    topics: TOPICS,
    limits: LIMITS,
    keepsSnapshots: false,
    flow: new FlowControl({ ...control, topic: TOPICS.control, events: TOPICS.events }),
    ownerId: 'o',
  }
  const holding = { open() {}, pause() {}, resume() {}, owns: options.owns ?? (() => true) }
  ended.push(async () => sender.close())
  return (partition: number) => {
    const owner = new Owner(partition, { ...ports, group: 'g', source: '/test' }, () => holding)
    ended.push(() => owner.leave())
    owner.start()
    return owner
  }
}

async function live(owner: Owner): Promise<void> {
  await expect.poll(() => owner.status).toBe('live')
}

function starts(...ids: readonly string[]): LogRecord[] {
  return ids.map((id, i) => {
    const command = {
      kind: 'start',
      sagaId: sagaId(id),
      requestId: `r-${id}`,
      definition: 'fulfil',
      version: 1,
    } as const
    const record = clientCommandRecord({ ...command, input: { id, cents: 5 } }, { at: 0, source: '/test' })
    return delivered(record, BigInt(i), TOPICS.commands)
  })
}

async function ends(broker: Broker, topic: string): Promise<number[]> {
  return (await broker.offsets(topic)).map(({ end }) => Number(end))
}

/** Commands to participants do not get through until they are let. */
function held(broker: Broker) {
  let holds = true
  const holding = appending(broker, async (batches, append) =>
    holds && batches.some(({ topic }) => topic === 'stock.commands') ? batches.map(unknownResult) : append(batches),
  )
  const letThrough = () => {
    holds = false
  }
  return { broker: holding, letThrough }
}

test('at the limit of effects that are not sent it stops, and goes on by itself when there is room', async () => {
  const log = await emptyLog()
  const { broker, letThrough } = held(log)
  const owner = owning(broker)(0)
  await live(owner)
  owner.enqueue(TOPICS.commands, starts('a', 'b', 'c'))
  await expect.poll(() => owner.waitingInputs).toBe(2)
  letThrough()
  await expect.poll(() => ends(log, 'stock.commands'), { timeout: 3_000 }).toEqual([3])
  expect(owner.waitingInputs).toBe(0)
})

test('it lets go without waiting for what other partitions have not sent', async () => {
  const { broker } = held(await emptyLog())
  const own = owning(broker)
  const [leaving, staying] = [own(0), own(1)]
  await live(leaving)
  await live(staying)
  staying.enqueue(TOPICS.commands, starts('a'))
  await expect.poll(() => staying.liveSagas).toBe(1)
  const began = Date.now()
  await leaving.leave()
  expect(leaving.status).toBe('left')
  expect(Date.now() - began).toBeLessThan(LIMITS.drainMsMax / 2)
})

test('it claims only a partition that it holds', async () => {
  const log = await emptyLog()
  let owns = false
  const owner = owning(log, { owns: () => owns })(0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await ends(log, TOPICS.events)).toEqual([0, 0])
  owns = true
  await live(owner)
  expect(await ends(log, TOPICS.events)).toEqual([1, 0])
})

test('a log that was made anew under its owner is not gone on with', async () => {
  const [before, after] = [await emptyLog(), await emptyLog()]
  let now = before
  const errors: string[] = []
  const broker = new Proxy(before, {
    get: (_, name) => {
      const value: unknown = Reflect.get(now, name)
      return typeof value === 'function' ? value.bind(now) : value
    },
  })
  const log = { ...noLog, error: (message: string) => void errors.push(message) }
  const owner = owning(broker, { log })(0)
  await live(owner)
  owner.enqueue(TOPICS.commands, starts('a'))
  await expect.poll(() => ends(before, TOPICS.events)).not.toEqual([1, 0])
  now = after
  owner.enqueue(TOPICS.commands, starts('b'))
  await expect.poll(() => errors).toContain('the partition cannot be taken over and stands still')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(owner.status).not.toBe('live')
  expect(await ends(after, 'stock.commands')).toEqual([0])
})

test('sagas whose definition is not here are told of once, counted, and go on with whoever has it', async () => {
  const broker = await emptyLog()
  const first = owning(broker)(0)
  await live(first)
  first.enqueue(TOPICS.commands, starts('s-1', 's-2'))
  await expect.poll(() => first.liveSagas).toBe(2)
  await first.leave()

  for (const [there, why] of [
    [{ ...fulfil, version: 2 }, 'it is not known here'],
    [{ ...fulfil, deadlineMs: 5_000 }, 'it was changed under the same version'],
  ] as const) {
    const told: [string, unknown][] = []
    const log = { ...noLog, error: (message: string, fields?: object) => void told.push([message, fields]) }
    const without = owning(broker, { log, definitions: new Definitions([there]) })(0)
    await live(without)
    expect(told).toEqual([
      ['sagas wait for their definition', expect.objectContaining({ definition: 'fulfil', version: 1, sagas: 2, why })],
    ])
    expect([without.liveSagas, without.sagasWithoutDefinition]).toEqual([2, 2])
    await without.leave()
  }

  const back = owning(broker)(0)
  await live(back)
  expect([back.liveSagas, back.sagasWithoutDefinition]).toEqual([2, 0])
})

test('one that has lost the partition unawares buries nothing: what it cannot place may be good', async () => {
  const broker = await emptyLog()
  const own = owning(broker)
  const stale = own(0)
  await live(stale)
  await live(own(0))
  const act = { kind: 'cancel', sagaId: sagaId('s-of-the-next'), requestId: 'r', actor: 'ann', reason: 'so' } as const
  const record = clientCommandRecord(act, { at: 0, source: '/test' })
  stale.enqueue(TOPICS.commands, [delivered(record, 0n, TOPICS.commands)])
  await expect.poll(async () => (await ends(broker, TOPICS.events))[0]).toBe(4)
  expect(await ends(broker, TOPICS.deadLetters)).toEqual((await ends(broker, TOPICS.deadLetters)).map(() => 0))
})

test('one that is sure of its partition buries what cannot be used', async () => {
  const broker = await emptyLog()
  const owner = owning(broker)(0)
  await live(owner)
  const act = { kind: 'cancel', sagaId: sagaId('nobody'), requestId: 'r', actor: 'ann', reason: 'so' } as const
  const record = clientCommandRecord(act, { at: 0, source: '/test' })
  owner.enqueue(TOPICS.commands, [delivered(record, 0n, TOPICS.commands)])
  await expect.poll(async () => (await ends(broker, TOPICS.deadLetters)).reduce((sum, end) => sum + end, 0)).toBe(1)
  await expect.poll(async () => (await ends(broker, TOPICS.events))[0]).toBe(3)
})

test('a saga whose event was changed in the log is told of, counted, and decided no more; the others go on', async () => {
  const before = await emptyLog()
  const first = owning(before)(0)
  await live(first)
  first.enqueue(TOPICS.commands, starts('s-1', 's-2'))
  await expect.poll(() => first.liveSagas).toBe(2)
  await first.leave()

  const after = await emptyLog()
  for await (const records of before.read(TOPICS.events, 0, 0n)) {
    const changed = records.map((record) => {
      const isIt = headerOf(record, H.id) === 's-1#1'
      return isIt
        ? { ...record, value: bytesOf(String(utf8(record.value ?? bytesOf(''))).replace('"cents":5', '"cents":6')) }
        : record
    })
    await after.append([{ topic: TOPICS.events, partition: 0, records: changed }])
  }
  const told: [string, unknown][] = []
  const log = { ...noLog, error: (message: string, fields?: object) => void told.push([message, fields]) }
  const owner = owning(after, { log })(0)
  await live(owner)
  const why = expect.stringContaining('S24: the hash of the event at offset')
  expect(told).toEqual([['a saga is quarantined', { partition: 0, saga: 's-1', why }]])
  expect([owner.liveSagas, owner.quarantined]).toEqual([1, 1])
})
