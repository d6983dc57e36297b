/** A log that was exported is read back byte for byte, audited as the live one is, and refused when it is not whole. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { progressText } from '../../services/cli/text/progress-text.ts'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { exportLog } from '../../shared/adapters/exported-log/export-log.ts'
import { ExportedLog } from '../../shared/adapters/exported-log/exported-log.ts'
import { writeLines } from '../../shared/adapters/exported-log/log-lines.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { commandRecord } from '../../shared/message/command-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { kasagaTopics, participantTopic } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { effectsOf } from '../../shared/saga/effects.ts'
import { cancelled } from '../support/audit-log.ts'
import { batchOf, order } from '../support/fabricate-log.ts'

const topics = kasagaTopics('kasaga')
const PARTICIPANTS = ['inventory', 'payment', 'shipping']
const folder = mkdtempSync(join(tmpdir(), 'kasaga-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const pathOf = (name: string) => join(folder, name)

/** A log of two partitions, with the commands that it asks for, and a dead letter that is no text. */
async function installation(): Promise<Broker> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  const of = (name: string, partitions: number) => ({ name, partitions, retention: 'forever' as const })
  const shared = [topics.commands, topics.replies, topics.events].map((name) => of(name, 2))
  const single = [topics.deadLetters, ...PARTICIPANTS.map(participantTopic)].map((name) => of(name, 1))
  await broker.createTopics([...shared, ...single])
  const put = (topic: string, partition: number, records: readonly NewRecord[]) =>
    broker.append([{ topic, partition, records }])
  for (const [partition, sagas] of [
    [order('a', 'completed'), order('b', 'stuck')],
    [cancelled('c'), order('d', 'compensated')],
  ].entries()) {
    const events = sagas.flat()
    const batch = batchOf(events, { number: 1, commands: BigInt(events.length), sentThrough: 0 }, new Map())
    await put(topics.events, partition, batch)
    await put(
      topics.commands,
      partition,
      events.map(() => ({ key: 'k', value: 'null', headers: [] })),
    )
    for (const event of events) for (const send of sendsOf(event)) await put(send.topic, 0, [send.record])
  }
  const bytes = new Uint8Array([0xff, 0x00, 0x0a, 0x80])
  await put(topics.deadLetters, 0, [
    {
      key: bytes,
      value: bytes,
      headers: [
        ['dlq-reason', 'not-utf8'],
        ['x', bytes],
      ],
    },
  ])
  return broker
}

function sendsOf(envelope: EventEnvelope): { topic: string; record: NewRecord }[] {
  return effectsOf(envelope).flatMap((effect) => {
    if (effect.kind !== 'send') return []
    const record = commandRecord({ ...effect.command, replyTo: topics.replies }, '/test')
    return [{ topic: participantTopic(effect.participant), record }]
  })
}

const broker = await installation()
afterAll(() => broker.close())

async function exported(name: string, commands = true): Promise<string> {
  const path = pathOf(name)
  rmSync(path, { force: true })
  await writeLines(
    path,
    exportLog({ broker, prefix: 'kasaga', engine: '0.1.0', now: Date.parse('2026-01-01'), commands }),
  )
  return path
}

async function readAll(from: Broker, topic: string, partition: number, at = 0n): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for await (const records of from.read(topic, partition, at)) all.push(...records)
  return all
}

const plain = (records: readonly LogRecord[]) =>
  records.map(({ topic, partition, offset, timestamp, key, value, headers }) => ({
    ...{ topic, partition, offset, timestamp },
    key: key && [...key],
    value: value && [...value],
    headers: headers.map(([name, bytes]) => [name, [...bytes]]),
  }))

const auditOf = (from: Broker) =>
  audit({ broker: from, topics, log: noLog, definitions: new Definitions([fulfilOrder]), commands: true })

test.each(['log.ndjson', 'log.ndjson.gz'])('%s has every record as it is, in any order of asking', async (name) => {
  const file = await ExportedLog.open(await exported(name))
  expect(file.head).toEqual({
    kasaga: 'log',
    version: 1,
    prefix: 'kasaga',
    engine: '0.1.0',
    at: '2026-01-01T00:00:00.000Z',
  })
  const asked = [
    [topics.events, 1],
    [topics.deadLetters, 0],
    [topics.events, 0],
    [participantTopic('payment'), 0],
    [topics.events, 1],
  ] as const
  for (const [topic, partition] of asked)
    expect(plain(await readAll(file, topic, partition))).toEqual(plain(await readAll(broker, topic, partition)))
  expect(plain(await readAll(file, topics.events, 0, 3n))).toEqual(plain(await readAll(broker, topics.events, 0, 3n)))
  expect(await file.offsets(topics.commands)).toEqual(await broker.offsets(topics.commands))
  expect(await file.describeTopics([topics.events, 'nothing'])).toEqual([{ name: topics.events, partitions: 2 }])
  await expect(file.offsets('nothing')).rejects.toMatchObject({ code: 'topic-missing' })
  for (const change of [file.append(), file.join(), file.createTopics()])
    await expect(change).rejects.toMatchObject({ code: 'read-only' })
  await file.close()
})

test('it is audited as the live log is, with the same report', async () => {
  const live = await auditOf(broker)
  expect(live.violations).toEqual([])
  expect(live.checked.filter(({ id }) => id === 'S10')).toHaveLength(2)
  const file = await ExportedLog.open(await exported('log.ndjson.gz'))
  expect(await auditOf(file)).toEqual(live)
  await file.close()
  const without = await ExportedLog.open(await exported('short.ndjson', false))
  expect((await auditOf(without)).notChecked).toContainEqual({ id: 'S10', why: 'payment.commands is missing' })
})

test('what is changed in it is found, with saga and offset', async () => {
  const text = readFileSync(await exported('log.ndjson'), 'utf8')
  const changed = text.replace('\\"actor\\":\\"bo\\"', '\\"actor\\":\\"al\\"')
  expect(changed).not.toBe(text)
  writeFileSync(pathOf('changed.ndjson'), changed)
  const file = await ExportedLog.open(pathOf('changed.ndjson'))
  const { violations } = await auditOf(file)
  expect(violations).toEqual([expect.objectContaining({ invariant: 'S24', saga: 'c', partition: 1, offset: '5' })])
})

test('what is appended while it is written is in it where the commands need it, and the log ends where it did', async () => {
  const growing = await installation()
  const late = batchOf(order('late', 'running'), { number: 2, commands: 99n, sentThrough: 1 }, new Map())
  const lines: string[] = []
  for await (const line of exportLog({ broker: growing, prefix: 'kasaga', engine: '0', now: 0, commands: true })) {
    lines.push(line)
    if (lines.length === 3) {
      await growing.append([{ topic: topics.events, partition: 0, records: late }])
      await growing.append([
        { topic: topics.commands, partition: 0, records: Array.from({ length: 99 }, () => late[0] as NewRecord) },
      ])
      for (const { topic, record } of order('late', 'running').flatMap(sendsOf))
        await growing.append([{ topic, partition: 0, records: [record] }])
    }
  }
  writeFileSync(pathOf('growing.ndjson'), `${lines.join('\n')}\n`)
  const file = await ExportedLog.open(pathOf('growing.ndjson'))
  const report = await auditOf(file)
  expect(report.violations).toEqual([])
  expect(report.sagas.total).toBe(4)
  await growing.close()
})

describe('a file is refused', () => {
  test('that was cut short, wherever', async () => {
    const lines = readFileSync(await exported('log.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
    for (let kept = 0; kept < lines.length; kept += 7) {
      writeFileSync(pathOf('cut.ndjson'), lines.slice(0, kept).join('\n'))
      await expect(ExportedLog.open(pathOf('cut.ndjson'))).rejects.toMatchObject({ code: 'export-unreadable' })
    }
    const packed = readFileSync(await exported('log.ndjson.gz'))
    writeFileSync(pathOf('cut.gz'), packed.subarray(0, packed.length / 2))
    await expect(ExportedLog.open(pathOf('cut.gz'))).rejects.toMatchObject({ code: 'export-unreadable' })
    expect(gunzipSync(packed).toString().trimEnd().split('\n')).toHaveLength(lines.length)
  })

  test.each([
    ['that is none', 'a\nb\n', 'line 1'],
    ['that begins in the middle', '{"topic":"kasaga.events","partition":0,"start":"0","end":"0"}\n', 'line 1'],
    [
      'of a newer form',
      '{"kasaga":"log","version":2,"prefix":"k","engine":"7.0.0","at":""}\n',
      'written by version 7.0.0',
    ],
    ['with something after its end', '{"kasaga":"log","version":1}\n{"records":0}\n{"o":"0"}\n', 'follows its end'],
  ])('%s', async (_, text, why) => {
    writeFileSync(pathOf('other.ndjson'), text)
    await expect(ExportedLog.open(pathOf('other.ndjson'))).rejects.toThrow(why)
  })

  test('that is there already, to be written', async () => {
    const path = await exported('log.ndjson')
    const before = readFileSync(path, 'utf8')
    await expect(
      writeLines(path, exportLog({ broker, prefix: 'kasaga', engine: '0', now: 0, commands: true })),
    ).rejects.toMatchObject({ code: 'file-exists' })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test('and nothing is left of one that could not be written to its end', async () => {
    const failing = (async function* () {
      yield 'a line'
      throw new Error('the log went away')
    })()
    await expect(writeLines(pathOf('half.ndjson'), failing)).rejects.toMatchObject({ code: 'file-unusable' })
    for (const name of ['half.ndjson', 'half.ndjson.part']) expect(() => readFileSync(pathOf(name))).toThrow('ENOENT')
  })
})

test('how far it is, how fast, and how long it still takes', () => {
  expect(progressText({ records: 0, recordsTotal: 10 }, 5_000)).toBe('0 of 10 records')
  expect(progressText({ records: 5_000, recordsTotal: 10_000 }, 100)).toBe('5000 of 10000 records')
  expect(progressText({ records: 5_000, recordsTotal: 20_000 }, 1_000)).toBe('5000 of 20000 records, 5000/s, 3 s left')
  expect(progressText({ records: 10, recordsTotal: 10_000 }, 10_000)).toBe('10 of 10000 records, 1/s, 3 h left')
})
