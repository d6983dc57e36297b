import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { commandRecord } from '../../shared/message/command-record.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { headersOf } from '../../shared/message/record.ts'
import { type ParticipantOptions, participantService } from '../../shared/participant/participant-service.ts'
import type { AppendBatch, AppendResult, Broker } from '../../shared/ports/broker.ts'
import type { Inbox } from '../../shared/ports/inbox.ts'
import {
  batchedLedger,
  type Calls,
  type LedgerHandlers,
  type LedgerTables,
  type LedgerTx,
  ledger,
  type Mode,
  prepareLedger,
  singleLedger,
} from '../support/ledger.ts'
import { DEAD_LETTERS, ParticipantRig, REPLIES, type Sent, stepCommand } from '../support/participant-rig.ts'

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

function post(saga: string, mode: Mode = 'ok', more: Partial<Sent> = {}): Sent {
  return { saga, type: 'ledger.post.v1', payload: { amount: 5, mode }, ...more }
}

function unpost(saga: string, more: Partial<Sent> = {}): Sent {
  return { saga, type: 'ledger.unpost.v1', payload: { amount: 5 }, direction: 'compensate', ...more }
}

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
    expect(replies[0]?.body).toEqual({ code: 'handler-error', message: 'it broke' })
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

describe('a participant', () => {
  test('handles a chunk of batched commands in one transaction with few statements', async () => {
    const statements: string[] = []
    await rig.close()
    await db.destroy()
    db = openSqliteDatabase<LedgerTables>({ path: ':memory:' })
    await prepareLedger(db)
    rig = await ParticipantRig.open('ledger.commands', 1)
    await rig.send(...Array.from({ length: 100 }, (_, index) => post(`s${index}`)))
    const inbox = counting(kyselyInbox(db), statements)
    await run(batchedLedger(calls), { inbox })
    await rig.replies(100)
    expect(calls).toHaveLength(1)
    expect(statements).toEqual(['begin', 'find 100', 'store 100', 'commit'])
  })

  test('waits out trouble of the inbox, and answers once it has passed', async () => {
    let failures = 3
    const inbox = kyselyInbox(db)
    const flaky: Inbox<LedgerTx> = {
      transaction(work) {
        if (failures-- > 0) throw new OperationalError('inbox-unavailable', 'away', { where: 'test', retriable: true })
        return inbox.transaction(work)
      },
    }
    await rig.send(post('a'))
    await run(batchedLedger(calls), { inbox: flaky })
    expect((await rig.replies(1)).map((reply) => reply.outcome)).toEqual(['success'])
  })

  test('publishes the stored reply when it died between its transaction and its reply', async () => {
    await rig.send(post('a'))
    const mute = muted(rig.broker)
    const first = participantService(ledger, batchedLedger(calls), {
      broker: mute.broker,
      inbox: kyselyInbox(db),
      clock: systemClock,
      limits: { drainMs: 10, abortGraceMs: 200 },
    })
    await first.start()
    await mute.refused
    await first.stop()
    expect(await rig.records(REPLIES, 0)).toHaveLength(0)
    await run(batchedLedger(calls))
    expect((await rig.replies(1)).map((reply) => reply.outcome)).toEqual(['success'])
    expect(calls.flat()).toHaveLength(1)
    expect(await effects()).toEqual(['a/step/forward'])
  })

  test('appends again what was left open, and gives up a reply whose topic is not there', async () => {
    let open = 2
    const broker = appending(rig.broker, (batches, append) => {
      return open-- > 0 ? Promise.resolve(batches.map(() => unknownResult())) : append(batches)
    })
    const record = commandRecord({ ...stepCommand(post('b')), replyTo: 'nowhere.replies' }, '/test')
    await rig.sendRecords([commandRecord(stepCommand(post('a')), '/test'), record])
    await run(batchedLedger(calls), { broker })
    expect((await rig.replies(1)).map((reply) => reply.sagaId)).toEqual(['a'])
    expect(await rig.deadLetters(1)).toEqual(['reply-refused'])
    const [letter] = await rig.records(DEAD_LETTERS, 1)
    expect(Buffer.from(letter?.key ?? []).toString()).toBe('b')
  })

  test('goes on from its checkpoint after it was stopped', async () => {
    await rig.send(post('a'), post('b'))
    const service = await run(batchedLedger(calls))
    await rig.replies(2)
    await service.stop()
    await rig.send(post('c'))
    await service.start()
    await rig.replies(3)
    expect(calls.flat().map((command) => command.sagaId)).toHaveLength(3)
    expect(await rig.records(REPLIES, 3)).toHaveLength(3)
  })

  test('lets different sagas run side by side, up to its bound', async () => {
    let running = 0
    let most = 0
    const handlers = singleLedger()
    const slow: LedgerHandlers = {
      ...handlers,
      post: async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running--
        return { entry: 'x' }
      },
    }
    await rig.send(...Array.from({ length: 20 }, (_, index) => post(`s${index}`)))
    // Without a database, whose one connection would line them up.
    const inbox: Inbox<LedgerTx> = {
      transaction: (work) => work({ tx: db as LedgerTx, find: async () => new Map(), store: async () => {} }),
    }
    await run(slow, { inbox, limits: { concurrencyMax: 4 } })
    await rig.replies(20)
    expect(most).toBe(4)
  })

  test('tells a handler when its deadline passes and when the service stops', async () => {
    const reasons: string[] = []
    let started: () => void = () => {}
    const waiting: LedgerHandlers = {
      ...singleLedger(),
      post: (_, { signal }) => {
        started()
        return new Promise((__, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as DOMException).name)
            reject(signal.reason)
          })
        })
      },
    }
    await rig.send(post('a', 'ok', { deadlineAt: Date.now() + 40 }))
    const service = await run(waiting, { limits: { drainMs: 20 } })
    expect((await rig.replies(1)).map((reply) => reply.errorCode)).toEqual(['handler-aborted'])
    const again = new Promise<void>((resolve) => {
      started = resolve
    })
    await rig.send(post('b'))
    await again
    await service.stop()
    expect(reasons).toEqual(['TimeoutError', 'AbortError'])
  })
})

function counting(inbox: Inbox<LedgerTx>, said: string[]): Inbox<LedgerTx> {
  return {
    async transaction(work) {
      said.push('begin')
      const result = await inbox.transaction((scope) =>
        work({
          tx: scope.tx,
          find: (keys) => {
            said.push(`find ${keys.length}`)
            return scope.find(keys)
          },
          store: (entries) => {
            said.push(`store ${entries.length}`)
            return scope.store(entries)
          },
        }),
      )
      said.push('commit')
      return result
    },
  }
}

type Append = Broker['append']

/** The broker, with other ears for appends. */
function appending(
  broker: Broker,
  then: (batches: readonly AppendBatch[], append: Append) => Promise<readonly AppendResult[]>,
): Broker {
  return {
    append: (batches) => then(batches, (all) => broker.append(all)),
    join: (options, listener) => broker.join(options, listener),
    read: (topic, partition, from) => broker.read(topic, partition, from),
    offsets: (topic) => broker.offsets(topic),
    partitions: (topic) => broker.partitions(topic),
    createTopics: (topics) => broker.createTopics(topics),
    describeTopics: (names) => broker.describeTopics(names),
    close: () => broker.close(),
  }
}

function unknownResult(): AppendResult {
  return {
    kind: 'unknown',
    error: new OperationalError('append-unknown', 'no answer', { where: 'test', retriable: true }),
  }
}

function muted(broker: Broker): { broker: Broker; refused: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const silent = appending(broker, async (batches) => {
    resolve()
    return batches.map(() => unknownResult())
  })
  return { broker: silent, refused: promise }
}
