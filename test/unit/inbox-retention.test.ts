import { expect, test } from 'vitest'
import { z } from 'zod'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { COMMANDS_KEPT_MS, checkRetention } from '../../shared/participant/inbox-retention.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Duration, durationMs } from '../../shared/saga/duration.ts'
import { longestMs, sagasOf } from '../../shared/saga/longest.ts'
import { ParticipantRig } from '../support/participant-rig.ts'
import { NotedLog } from '../support/telemetry-notes.ts'

const DAY = durationMs('1 day')
const bank = participant('bank', { pay: command({ input: z.null() }), payBack: command({ input: z.null() }) })
const shop = participant('shop', { sell: command({ input: z.null() }) })
const nothing = () => null
const twice = { retry: { attempts: 2, firstDelay: '1 h', maxDelay: '2 h' }, timeout: '3 h' } as const

const paying = (words: { deadline?: Duration } = {}) =>
  saga('paying', { version: 1, input: z.null(), ...words })
    .step('pay', bank.pay, nothing)
    .undo(bank.payBack, nothing, twice)
    .pivot('sell', shop.sell, nothing, twice)
    .end()

function checked(retention: Duration, sagas: readonly Definition[], name = 'bank') {
  const log = new NotedLog()
  checkRetention({ participant: name, retentionMs: durationMs(retention), sagas }, log)
  return log.lines.map(({ message, fields }) => [message, fields.saga])
}

test('a saga lasts for its deadline, its pivot and its undos, each with all attempts', () => {
  const hour = durationMs('1 h')
  // Two attempts of three hours each, and at most two hours between them.
  expect(longestMs(paying({ deadline: '2 days' }))).toBe(2 * DAY + 8 * hour + 8 * hour)
  expect(longestMs(paying())).toBe(Number.POSITIVE_INFINITY)
})

test('the rounds of a loop are undone one after another, and what is in a branch counts too', () => {
  const undoMs = longestMs(paying({ deadline: 0 })) / 2
  const body = saga('body', { version: 1, input: z.null(), deadline: 0 })
    .repeat('again', (plan) => plan.step('pay', bank.pay, nothing).undo(bank.payBack, nothing, twice), {
      until: () => true,
      roundsMax: 3,
    })
    .end()
  expect(longestMs(body)).toBe(3 * undoMs)
})

test('the total time of a command, or the age of its attempts, is what it can take', () => {
  const lasting = (words: object) =>
    longestMs(saga('one', { version: 1, input: z.null(), deadline: 0 }).pivot('sell', shop.sell, nothing, words).end())
  expect(lasting({ ...twice, total: '1 h' })).toBe(durationMs('1 h'))
  expect(lasting({ timeout: '3 h', retry: { attempts: 9, maxAge: '5 h' } })).toBe(durationMs('8 h'))
  const rules = [
    { code: 'busy', attempts: 3 },
    { code: 'gone', fatal: true as const },
  ]
  expect(lasting({ timeout: '1 h', retry: { attempts: 1, maxDelay: '1 h', firstDelay: '1 h', rules } })).toBe(
    durationMs('5 h'),
  )
})

test('a parent that can undo a child counts for the participants of the child', () => {
  const child = saga('child', { version: 1, input: z.null() })
    .step('pay', bank.pay, nothing)
    .undo(bank.payBack, nothing)
    .end()
  const parent = saga('parent', { version: 1, input: z.null() }).child('child', child, nothing).end()
  const other = saga('other', { version: 1, input: z.null() }).step('sell', shop.sell, nothing).end()
  expect(sagasOf('bank', [other, parent, child]).map(({ name }) => name)).toEqual(['parent', 'child'])
  expect(sagasOf('shop', [other, parent, child]).map(({ name }) => name)).toEqual(['other'])
})

test('an inbox that forgets before a saga can be at its end is refused, in words that say what to do', () => {
  const sagas = [paying({ deadline: '10 days' })]
  expect(() => checked('17 days', sagas)).toThrow(
    'the inbox of bank forgets too early: paying@1 can come back to it for 18 days and then undo nothing; ' +
      'let inboxRetention be longer, by the time that a saga may be stuck too, or forever',
  )
  expect(checked('18 days', sagas)).toEqual([])
  expect(checked('8 days', sagas, 'another')).toEqual([])
})

test('a saga that nothing ends in time is warned of, and so is a retention below that of the topics of commands', () => {
  expect(checked('400 days', [paying()])).toEqual([
    ['the inbox may forget what a saga has yet to undo: nothing ends it in time', 'paying@1'],
  ])
  expect(checked('6 days', [])).toEqual([['the inbox forgets commands that can still be delivered again', undefined]])
  expect(checked('7 days', [])).toEqual([])
})

test('what it takes for the retention of commands is that of the topic', () => {
  const specs = topicSpecs('kasaga', { partitions: 1, participantPartitions: 1 }, ['p'])
  const retention = specs.find(({ name }) => name === 'p.commands')?.retention
  expect(retention).toEqual({ days: COMMANDS_KEPT_MS / DAY })
})

test('a service whose inbox forgets too early does not start, and takes nothing', async () => {
  const rig = await ParticipantRig.open('bank.commands')
  try {
    const ports = { broker: rig.broker, clock: systemClock, inbox: new MemoryInbox({ acceptLoss: true }) }
    const handlers = { pay: async () => {}, payBack: async () => {} }
    const sagas = [paying({ deadline: '10 days' })]
    const service = participantService(bank, handlers, { ...ports, sagas, inboxRetention: '9 days' })
    await expect(service.start()).rejects.toMatchObject({ code: 'inbox-retention-too-short', retriable: false })
    expect(service.ready).toBe(false)
    await service.stop()
    await rig.start(participantService(bank, handlers, { ...ports, sagas }))
  } finally {
    await rig.close()
  }
})

test("the shop's orders need less than ten days", () => {
  expect(longestMs(fulfilOrder) + COMMANDS_KEPT_MS).toBeLessThan(10 * DAY)
})
