/** The control topic: what is written is read, what cannot be used is passed over, and its outages stop nobody. */
import { afterEach, describe, expect, test } from 'vitest'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { type ControlFact, controlRecord, decodeControl } from '../../../shared/message/control-record.ts'
import { OperationalError } from '../../../shared/message/errors.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ControlFollower, type PlacedFact } from '../../../shared/runtime/control-follower.ts'
import { ControlTeller } from '../../../shared/runtime/control-teller.ts'
import { appending, unknownResult } from '../../support/participant-doubles.ts'
import { NotedLog } from '../../support/telemetry-notes.ts'
import { delivered } from '../../support/wire.ts'

const TOPIC = 'kasaga.control'
const ended: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

async function topic(): Promise<Broker> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  ended.push(() => broker.close())
  await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
  return broker
}

const stamp = { at: 1_000, source: '/test' }
const limitsSet = (participant: string, concurrency: number | null): ControlFact => {
  const limits = concurrency === null ? null : { concurrency }
  return { kind: 'limits-set', participant, requestId: 'r-1', limits, actor: 'ann', reason: 'why' }
}
const breaker = (kind: 'breaker-opened' | 'breaker-closed', process: string): ControlFact => {
  return { kind, participant: 'bank', requestId: 'r-2', process, since: 5, failures: 10, calls: 20 }
}

const about = (kind: 'saga-stopped' | 'saga-tried-again', saga: string): ControlFact => {
  return { kind, sagaId: sagaId(saga), requestId: 'r-3', partition: 2, process: 'p', since: 5, why: 'a bug' }
}

const put = (broker: Broker, ...records: readonly NewRecord[]) =>
  broker.append(records.map((record) => ({ topic: TOPIC, partition: 0, records: [record] })))

function follow(broker: Broker, log = noLog) {
  const taken: { facts: readonly PlacedFact[]; isFirst: boolean }[] = []
  const ports = { broker, clock: systemClock, log, topic: TOPIC }
  const follower = new ControlFollower(ports, (facts, isFirst) => void taken.push({ facts, isFirst }))
  ended.push(() => follower.stop())
  return { taken, read: follower.start() }
}

describe('a record', () => {
  test.each([
    limitsSet('bank', 3),
    limitsSet('bank', null),
    breaker('breaker-opened', 'p'),
    breaker('breaker-closed', 'p'),
    about('saga-stopped', 'order-1'),
    about('saga-tried-again', 'bank'),
  ])('of %j is read as it was written', (fact) => {
    expect(decodeControl(delivered(controlRecord(fact, stamp), 0n, TOPIC))).toEqual({
      kind: 'ok',
      value: { ...fact, at: 1_000 },
    })
  })

  test.each<[string, (record: NewRecord) => NewRecord]>([
    ['without an id', (record) => ({ ...record, headers: record.headers.filter(([name]) => name !== 'ce_id') })],
    ['without an actor', (record) => ({ ...record, headers: record.headers.filter(([name]) => name !== 'ce_actor') })],
    ['of another type', (record) => ({ ...record, headers: [...record.headers, ['ce_type', 'kasaga.start.v1']] })],
    ['that is no JSON', (record) => ({ ...record, value: '{' })],
    ['without a value', (record) => ({ ...record, value: null })],
    ['that is no object', (record) => ({ ...record, value: '[1]' })],
    ['of nobody', (record) => ({ ...record, value: '{"limits":null}' })],
    ['of a name that is none', (record) => ({ ...record, value: '{"participant":"../x","limits":null}' })],
    ['that does not say which limits', (record) => ({ ...record, value: '{"participant":"bank"}' })],
    [
      'with a reason that is too long',
      (record) => ({ ...record, headers: [...record.headers, ['ce_reason', 'x'.repeat(2_001)]] }),
    ],
  ])('%s cannot be used', (_, broken) => {
    const record = broken(controlRecord(limitsSet('bank', 3), stamp))
    expect(decodeControl(delivered(record, 0n, TOPIC)).kind).toBe('refused')
  })

  test.each([
    ['{"sagaId":"lock:sku","partition":0,"process":"p","since":1,"why":""}'],
    ['{"sagaId":"order-1","partition":0.5,"process":"p","since":1,"why":""}'],
    ['{"sagaId":"order-1","partition":0,"process":"p","since":"now","why":""}'],
    ['{"sagaId":"order-1","partition":0,"process":"p","since":1}'],
  ])('of a stopped saga as %s cannot be used', (value) => {
    const record = { ...controlRecord(about('saga-stopped', 'order-1'), stamp), value }
    expect(decodeControl(delivered(record, 0n, TOPIC)).kind).toBe('refused')
  })
})

describe('who follows it', () => {
  test('is told the newest of each, first of all that there was and then of what comes', async () => {
    const broker = await topic()
    const facts = [
      limitsSet('bank', 1),
      limitsSet('bank', 2),
      limitsSet('stock', 3),
      breaker('breaker-opened', 'p'),
      breaker('breaker-opened', 'q'),
    ]
    await put(broker, ...[...facts, breaker('breaker-closed', 'p')].map((fact) => controlRecord(fact, stamp)))
    const { taken, read } = follow(broker)
    await read
    expect(taken).toHaveLength(1)
    expect(taken[0]?.isFirst).toBe(true)
    expect(taken[0]?.facts.map(({ offset }) => offset).toSorted()).toEqual([1n, 2n, 4n, 5n])
    await put(broker, controlRecord(limitsSet('bank', null), stamp))
    await expect.poll(() => taken.length).toBe(2)
    // A saga may have a participant's name: neither takes the other's place.
    await put(broker, controlRecord(about('saga-stopped', 'bank'), stamp))
    await expect.poll(() => taken.length).toBe(3)
    expect(taken[2]).toMatchObject({ isFirst: false, facts: [{ sagaId: 'bank', kind: 'saga-stopped', offset: 7n }] })
    expect(taken[1]).toMatchObject({ isFirst: false, facts: [{ participant: 'bank', limits: null, offset: 6n }] })
  })

  test('is told of an empty topic too, and passes over what cannot be used', async () => {
    const broker = await topic()
    const log = new NotedLog()
    const { taken, read } = follow(broker, log)
    await read
    expect(taken).toEqual([{ facts: [], isFirst: true }])
    await put(broker, { key: 'bank', value: 'rubbish', headers: [] }, controlRecord(limitsSet('bank', 1), stamp))
    await expect.poll(() => taken.length).toBe(2)
    expect(taken[1]?.facts).toHaveLength(1)
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('says once that it cannot be read, and goes on when it can', async () => {
    const broker = await topic()
    let isAway = true
    let asked = 0
    const away = new OperationalError('unreachable', 'gone', { where: 'test', retriable: true })
    const shaky: Broker = Object.assign(Object.create(broker), {
      read: (name: string, partition: number, from: bigint) => {
        asked++
        if (isAway) throw away
        return broker.read(name, partition, from)
      },
    })
    const log = new NotedLog()
    const { taken, read } = follow(shaky, log)
    await put(broker, controlRecord(limitsSet('bank', 1), stamp))
    await expect.poll(() => asked, { timeout: 5_000 }).toBeGreaterThan(1)
    isAway = false
    await read
    expect(taken).toHaveLength(1)
    expect(log.lines).toHaveLength(1)
  })
})

describe('what a process says', () => {
  test('is said again until it stands there, the newest of each participant only', async () => {
    const broker = await topic()
    let isAway = true
    let asked = 0
    const shaky = appending(broker, async (batches, append) => {
      asked++
      return isAway ? batches.map(unknownResult) : append(batches)
    })
    const teller = new ControlTeller({ broker: shaky, clock: systemClock, log: noLog, topic: TOPIC, source: '/test' })
    teller.say(breaker('breaker-opened', 'p'))
    await expect.poll(() => asked).toBeGreaterThan(0)
    teller.say(breaker('breaker-closed', 'p'))
    isAway = false
    const { taken, read } = follow(broker)
    await read
    await expect.poll(() => taken.flatMap(({ facts }) => facts.map(({ kind }) => kind))).toEqual(['breaker-closed'])
    const [{ end = 0n } = {}] = await broker.offsets(TOPIC)
    expect(end).toBe(1n)
    await teller.close()
  })

  test('is given up when the process stops and nobody takes it', async () => {
    const broker = await topic()
    const shaky = appending(broker, async (batches) => batches.map(unknownResult))
    const teller = new ControlTeller({ broker: shaky, clock: systemClock, log: noLog, topic: TOPIC, source: '/test' })
    teller.say(breaker('breaker-opened', 'p'))
    await teller.close()
  })
})
