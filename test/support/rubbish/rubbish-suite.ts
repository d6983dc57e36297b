/**
 * Rubbish on every topic of a whole installation that runs in this process, on whichever home: each record becomes one
 * dead letter with its reason or is ignored, the orders around it all end, and the auditor finds nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Order } from '../../../services/orders/order.ts'
import { type BatchHeader, batchRecord } from '../../../shared/message/batch.ts'
import { claimText, PAYLOAD_BYTES_MAX } from '../../../shared/message/claim.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { type KasagaTopics, participantTopic } from '../../../shared/message/topics.ts'
import {
  commandRubbish,
  GARBAGE,
  LARGE_BYTES,
  NOTHING,
  participantRubbish,
  type Rubbish,
  replyRubbish,
} from './rubbish.ts'
import { ALL_END_MS, type Letter, RubbishedSystem, type RubbishHome } from './rubbished-system.ts'

export function rubbishSuite(open: () => Promise<RubbishHome>): void {
  let system: RubbishedSystem
  beforeAll(async () => {
    system = await RubbishedSystem.start(await open())
  })
  afterAll(() => system?.stop())

  test('records that cannot be used become dead letters with their reasons, or are ignored', () => usedByNobody(system))
  test('a record that is too large for the log is refused before it gets there', () => refusedAtOnce(system))
  test('what was buried is put back once, and fails as it did: nothing else comes of it', () => putBack(system))
  test('strange records in the log are passed over by everyone, and its owner goes on', () => passedOver(system))
}

interface Thrown extends Rubbish {
  readonly topic: string
  readonly place: string
}

async function usedByNobody(system: RubbishedSystem): Promise<void> {
  const [first] = await system.publish()
  await system.allEnd()
  if (!first) throw new Error('no order')
  const thrown = await throwAll(system, allRubbish(system.topics, first))
  await system.publish()
  await system.allEnd()
  const dead = thrown.filter(({ becomes }) => becomes !== 'ignored').length
  const stored = async () => (await system.deadLetters()).size
  await expect.poll(stored, { timeout: ALL_END_MS }).toBeGreaterThanOrEqual(dead)
  const letters = await system.deadLetters()
  const told = thrown.map(({ topic, name, place }) => [topic, name, letters.get(place)?.reasons ?? ['ignored']])
  expect(told).toEqual(thrown.map(({ topic, name, becomes }) => [topic, name, [becomes]]))
  expect(letters.size).toBe(dead)
  expect(await ignoredByReason(system)).toMatchObject({ 'duplicate-start': 1, 'saga-ended': 5 })
  // Its bytes come with it, however many; of a claim that could not be redeemed, the claim.
  const letterOf = (rubbish: string) => letters.get(thrown.find(({ name }) => name === rubbish)?.place ?? '')?.record
  expect([...(letterOf('bytes that are no text')?.value ?? [])]).toEqual([...GARBAGE])
  expect(letterOf('just past the limit')?.value?.length).toBe(LARGE_BYTES + 2)
  expect(Buffer.from(letterOf('a claim on nothing')?.value ?? []).toString()).toBe(claimText(NOTHING))
}

function allRubbish({ commands, replies }: KasagaTopics, order: Order): (Rubbish & { topic: string })[] {
  const ended = { id: order.id, input: { ...order, lines: order.lines.map((line) => ({ ...line })) } }
  return [
    ...commandRubbish(ended).map((rubbish) => ({ ...rubbish, topic: commands })),
    ...replyRubbish(ended).map((rubbish) => ({ ...rubbish, topic: replies })),
    ...['inventory', 'payment', 'shipping'].flatMap((name) =>
      participantRubbish(name).map((rubbish) => ({ ...rubbish, topic: participantTopic(name) })),
    ),
  ]
}

/** Throws it all in, with orders in the midst of it. */
async function throwAll(system: RubbishedSystem, all: readonly (Rubbish & { topic: string })[]): Promise<Thrown[]> {
  const thrown: Thrown[] = []
  for (const [i, rubbish] of all.entries()) {
    thrown.push({ ...rubbish, place: await system.append(rubbish.topic, [rubbish.record]) })
    if (i === Math.floor(all.length / 2)) await system.publish()
  }
  return thrown
}

async function ignoredByReason(system: RubbishedSystem): Promise<Record<string, number>> {
  const ignored: Record<string, number> = {}
  for (const { header } of await system.batchHeaders())
    for (const [reason, count] of Object.entries(header.inputs.ignored))
      ignored[reason] = (ignored[reason] ?? 0) + count
  return ignored
}

async function refusedAtOnce(system: RubbishedSystem): Promise<void> {
  const record = { key: 'k', value: `"${'x'.repeat(PAYLOAD_BYTES_MAX)}"`, headers: [] }
  const { result } = await system.tryAppend(system.topics.commands, [record])
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'record-too-large' } })
}

/** Each letter leads to one more of the same reason, which counts; what one carries that was done already is ignored. */
async function putBack(system: RubbishedSystem): Promise<void> {
  const before = await system.deadLetters()
  const results = await system.redriveAll()
  expect(results.filter((result) => !('place' in result))).toEqual([])
  expect(results).toHaveLength(before.size)
  const reasons = (letters: Iterable<Letter>) => [...letters].flatMap((letter) => letter.reasons).sort()
  const again = async () => [...(await system.deadLetters()).values()].filter(({ redrives }) => redrives === 1)
  await expect.poll(async () => reasons(await again()), { timeout: ALL_END_MS }).toEqual(reasons(before.values()))
  await system.publish()
  await system.allEnd()
}

function forged(header: Partial<BatchHeader>): NewRecord {
  const inputs = { applied: 0, deadLettered: 0, ignored: {} }
  const rest = { number: 1, owner: 'forger', count: 0, commands: 0n, replies: 0n, sentThrough: 0, inputs }
  return batchRecord({ ...rest, ...header }, 0, '/forger')
}

async function passedOver(system: RubbishedSystem): Promise<void> {
  const stray: NewRecord = { key: 'nobody-1', value: 'nonsense', headers: [[' ', GARBAGE]] }
  const { events } = system.topics
  const numbers = new Map((await system.batchHeaders()).map(({ partition, header }) => [partition, header.number]))
  for (const [partition, number] of numbers) {
    // A stray, one of an old number, one that claims more than follows, one cut short.
    await system.append(events, [stray], partition)
    await system.append(events, [forged({ number: 1 })], partition)
    await system.append(events, [forged({ number: number + 1, count: 1_000_000 })], partition)
    await system.append(events, [forged({ number: number + 1, count: 3 }), stray], partition)
  }
  await system.publish()
  await system.allEnd()
  const report = await system.audit()
  expect(report.violations).toEqual([])
  expect(report.sagas).toMatchObject({ ...system.expected, running: 0, stuck: 0 })
  expect(report.strayRecords).toBeGreaterThanOrEqual(numbers.size)
  // The last of a partition that got no order since may be open still.
  expect(report.voidBatches).toBeGreaterThanOrEqual(numbers.size * 2)
}
