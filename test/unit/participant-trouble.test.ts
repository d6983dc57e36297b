import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { commandRecord } from '../../shared/message/command-record.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { type ParticipantOptions, participantService } from '../../shared/participant/participant-service.ts'
import type { Inbox } from '../../shared/ports/inbox.ts'
import {
  batchedLedger,
  type Calls,
  type LedgerHandlers,
  type LedgerTables,
  type LedgerTx,
  ledger,
  post,
  prepareLedger,
  singleLedger,
} from '../support/ledger.ts'
import { appending, counting, muted, unknownResult } from '../support/participant-doubles.ts'
import { DEAD_LETTERS, ParticipantRig, REPLIES, stepCommand } from '../support/participant-rig.ts'

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

describe('a participant', () => {
  test('handles batched commands in one transaction with few statements', async () => {
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
      forget: async () => 0,
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
      forget: async () => 0,
    }
    await run(slow, { inbox, concurrency: { max: 4 } })
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
