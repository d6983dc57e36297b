import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { commandRecord } from '../../shared/message/command-record.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { headersOf } from '../../shared/message/record.ts'
import { type ParticipantOptions, participantService } from '../../shared/participant/participant-service.ts'
import {
  batchedLedger,
  type Calls,
  type LedgerHandlers,
  type LedgerTables,
  type LedgerTx,
  ledger,
  type Mode,
  post,
  prepareLedger,
  singleLedger,
  unpost,
} from '../support/ledger.ts'
import { ParticipantRig, REPLIES, stepCommand } from '../support/participant-rig.ts'

let db: Kysely<LedgerTables>
let rig: ParticipantRig
let calls: Calls

beforeEach(async () => {
  db = openSqliteDatabase<LedgerTables>({ path: ':memory:' })
  await prepareLedger(db)
  rig = await ParticipantRig.open('ledger.commands')
  calls = []
})

afterEach(async () => {
  await rig.close()
  await db.destroy()
})

function run(handlers: LedgerHandlers, more: Partial<ParticipantOptions<LedgerTx>> = {}) {
  const options = { broker: rig.broker, inbox: kyselyInbox(db), clock: systemClock, ...more }
  return rig.start(participantService(ledger, handlers, options))
}

async function effects(): Promise<readonly string[]> {
  const rows = await db.selectFrom('entries').selectAll().orderBy('key').execute()
  return rows.map((row) => row.key)
}

const kinds = [
  ['batched', batchedLedger],
  ['one by one', singleLedger],
] as const

describe.each(kinds)('%s handlers', (_, handlersOf) => {
  test('answer success with the output, and echo the command', async () => {
    await rig.send(post('a'), post('b'))
    await run(handlersOf(calls))
    const replies = await rig.replies(2)
    expect(replies.map((reply) => [reply.outcome, reply.body])).toEqual(
      expect.arrayContaining([
        ['success', { entry: 'a/step/forward' }],
        ['success', { entry: 'b/step/forward' }],
      ]),
    )
    const headers = headersOf((await rig.records(REPLIES, 2))[0] ?? { headers: [] })
    expect(headers.get('ce_id')).toBe(`${headers.get('ce_commandid')}/reply`)
    expect(headers.get('ce_source')).toBe('/participant/ledger')
    expect(await effects()).toEqual(['a/step/forward', 'b/step/forward'])
  })

  test('answer a redelivered command from the inbox (S8)', async () => {
    await rig.send(post('a'), post('a'), post('a', 'ok', { attempt: 2 }))
    await run(handlersOf(calls))
    const replies = await rig.replies(3)
    expect(replies.map((reply) => reply.outcome)).toEqual(['success', 'success', 'success'])
    expect(replies.map((reply) => reply.attempt)).toEqual([1, 1, 2])
    expect(calls.flat()).toHaveLength(1)
    expect(await effects()).toEqual(['a/step/forward'])
  })

  test('store a refusal, answer it again, and have nothing to undo', async () => {
    await rig.send(post('a', 'reject'), post('a', 'ok', { attempt: 2 }), unpost('a'))
    await run(handlersOf(calls))
    const replies = await rig.replies(3)
    expect(replies.map((reply) => reply.outcome)).toEqual(['rejected', 'rejected', 'success'])
    expect(replies[1]).toMatchObject({
      errorCode: 'no',
      body: { code: 'no', message: 'not today', details: { amount: 5 } },
    })
    expect(calls.flat()).toHaveLength(1)
    expect(await effects()).toEqual([])
  })

  test('undo what was done, once', async () => {
    await rig.send(post('a'), unpost('a'), unpost('a', { attempt: 2 }), post('a'))
    await run(handlersOf(calls))
    const replies = await rig.replies(4)
    expect(replies.map((reply) => reply.outcome)).toEqual(['success', 'success', 'success', 'success'])
    expect(await effects()).toEqual(['a/step/compensate', 'a/step/forward'])
  })

  test('refuse a command that comes after its compensation', async () => {
    await rig.send(unpost('a'), unpost('a'), post('a'))
    await run(handlersOf(calls))
    const replies = await rig.replies(3)
    expect(replies.map((reply) => [reply.outcome, reply.errorCode])).toEqual([
      ['success', undefined],
      ['success', undefined],
      ['rejected', 'compensated-before'],
    ])
    expect(calls).toEqual([])
    expect(await effects()).toEqual([])
  })

  test('run again after a throw, which keeps nothing', async () => {
    await rig.send(post('a', 'throw-once'), post('a', 'throw-once', { attempt: 2 }))
    await run(handlersOf(calls))
    const replies = await rig.replies(2)
    expect(replies.map((reply) => [reply.outcome, reply.errorCode])).toEqual([
      ['failed', 'handler-error'],
      ['success', undefined],
    ])
    expect(replies[0]?.body).toEqual({
      code: 'handler-error',
      message: 'the handler threw an error, which the log of its service tells',
    })
    expect(await effects()).toEqual(['a/step/forward'])
  })

  test('are not started past the deadline, though a stored reply is still given', async () => {
    await rig.send(post('a'))
    await run(handlersOf(calls))
    await rig.replies(1)
    const late = { deadlineAt: Date.now() - 1 }
    await rig.send(post('a', 'ok', late), post('b', 'ok', late), unpost('c', late))
    const replies = await rig.replies(4)
    const told = Object.fromEntries(replies.map((reply) => [reply.sagaId, [reply.outcome, reply.errorCode]]))
    expect(told).toEqual({
      a: ['success', undefined],
      b: ['failed', 'deadline-exceeded'],
      c: ['failed', 'deadline-exceeded'],
    })
    expect(await effects()).toEqual(['a/step/forward'])
  })

  test('fail for themselves alone', async () => {
    const modes: readonly Mode[] = ['ok', 'throw', 'ok', 'failed', 'fatal', 'bad-output', 'reject', 'ok']
    await rig.send(...modes.map((mode, index) => post(`s${index}`, mode)))
    await run(handlersOf(calls))
    const replies = await rig.replies(modes.length)
    const told = Object.fromEntries(replies.map((reply) => [reply.sagaId, [reply.outcome, reply.errorCode]]))
    expect(told).toEqual({
      s0: ['success', undefined],
      s1: ['failed', 'handler-error'],
      s2: ['success', undefined],
      s3: ['failed', 'later'],
      s4: ['fatal', 'never'],
      s5: ['fatal', 'invalid-output'],
      s6: ['rejected', 'no'],
      s7: ['success', undefined],
    })
    expect(replies.find((reply) => reply.sagaId === 's3')?.retryAfterMs).toBe(50)
    expect(await effects()).toEqual(['s0/step/forward', 's2/step/forward', 's7/step/forward'])
  })

  test('keep the order of a saga', async () => {
    const steps = Array.from({ length: 12 }, (_, index) => `step${index}`)
    await rig.send(...steps.flatMap((step) => ['a', 'b', 'c'].map((saga) => post(saga, 'ok', { step }))))
    await run(handlersOf(calls))
    await rig.replies(36)
    for (const saga of ['a', 'b', 'c']) {
      const order = calls.flat().filter((command) => command.sagaId === saga)
      expect(order.map((command) => command.step)).toEqual(steps)
    }
  })

  test('are not reached by rubbish, which becomes dead letters', async () => {
    const good = commandRecord(stepCommand(post('a')), '/test')
    await rig.sendRecords([good, ...rubbish(), commandRecord(stepCommand(post('z')), '/test')])
    await run(handlersOf(calls))
    expect(await rig.deadLetters(9)).toEqual([
      'bad-header',
      'bad-header',
      'bad-header',
      'invalid-payload',
      'key-mismatch',
      'missing-header',
      'missing-header',
      'not-json',
      'unknown-command',
    ])
    const replies = await rig.replies(5)
    const told = replies.map((reply) => `${reply.sagaId} ${reply.outcome} ${reply.errorCode}`).sort()
    expect(told).toEqual([
      'a success undefined',
      'bad-json fatal invalid-command',
      'bad-payload fatal invalid-command',
      'unknown fatal invalid-command',
      'z success undefined',
    ])
    expect(await effects()).toEqual(['a/step/forward', 'z/step/forward'])
  })
})

function rubbish(): readonly NewRecord[] {
  const record = (saga: string, changes: Partial<NewRecord> = {}) => {
    return { ...commandRecord(stepCommand(post(saga)), '/test'), ...changes }
  }
  const headed = (saga: string, name: string, value: string) => {
    const made = record(saga)
    return { ...made, headers: [...made.headers.filter(([header]) => header !== name), [name, value] as const] }
  }
  const headless = record('headless')
  return [
    { key: null, value: new Uint8Array([0xff, 0x00]), headers: [] },
    { ...headless, headers: headless.headers.filter(([name]) => name !== 'ce_replyto') },
    headed('bad-direction', 'ce_direction', 'sideways'),
    headed('bad-key', 'ce_idempotencykey', 'bad-key/other/forward'),
    headed('bad-topic', 'ce_replyto', 'kasaga.events'),
    record('other-key', { key: 'someone-else' }),
    record('bad-json', { value: '{"amount":' }),
    record('bad-payload', { value: '{"amount":"five","mode":"ok"}' }),
    headed('unknown', 'ce_type', 'ledger.burn.v1'),
  ]
}
