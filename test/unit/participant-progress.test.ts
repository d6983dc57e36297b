/** Progress, refusals and failures in every form, and how a participant that stops ends its handlers. */
import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { headersOf } from '../../shared/message/record.ts'
import { failed, fatal, rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type HandlerContext, longRunning } from '../../shared/participant/handlers.ts'
import { type ParticipantOptions, participantService } from '../../shared/participant/participant-service.ts'
import {
  type LedgerHandlers,
  type LedgerTables,
  type LedgerTx,
  ledger,
  post,
  prepareLedger,
  singleLedger,
  unpost,
} from '../support/ledger.ts'
import { appending } from '../support/participant-doubles.ts'
import { ParticipantRig, REPLIES } from '../support/participant-rig.ts'
import { NotedLog } from '../support/telemetry-notes.ts'

let db: Kysely<LedgerTables>
let rig: ParticipantRig

beforeEach(async () => {
  db = openSqliteDatabase<LedgerTables>({ path: ':memory:' })
  await prepareLedger(db)
  rig = await ParticipantRig.open('ledger.commands')
})

afterEach(async () => {
  await rig.close()
  await db.destroy()
})

type Context = HandlerContext<LedgerTx>
type Answers = ReturnType<Exclude<LedgerHandlers['post'], { kind: string }>>
type Posting = (context: Context) => Answers

function serve(handle: Posting, more: Partial<ParticipantOptions<LedgerTx>> = {}) {
  const handlers: LedgerHandlers = { ...singleLedger(), post: (_, context) => handle(context) }
  return serveAll(handlers, more)
}

function serveAll(handlers: LedgerHandlers, more: Partial<ParticipantOptions<LedgerTx>> = {}) {
  const options = { broker: rig.broker, inbox: kyselyInbox(db), clock: systemClock, ...more }
  return rig.start(participantService(ledger, handlers, options))
}

async function write({ tx, command }: Context): Promise<void> {
  const row = { key: command.idempotencyKey, attempt: command.attempt, kind: 'post', amount: 1 }
  await tx.insertInto('entries').values(row).execute()
}

async function effects(): Promise<readonly string[]> {
  return (await db.selectFrom('entries').select('key').orderBy('key').execute()).map((row) => row.key)
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function outcomes(atLeast: number): Promise<readonly string[]> {
  return (await rig.replies(atLeast)).map((reply) => reply.outcome)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

describe('progress', () => {
  test('is told at once, outside the transaction, with the extensions of the command', async () => {
    const answered = Promise.withResolvers<{ entry: string }>()
    await rig.send(post('a'))
    await serve(async (context) => {
      await write(context)
      context.progress({ percent: 50 })
      return answered.promise
    })
    const [progress] = await rig.replies(1)
    expect(progress).toMatchObject({
      outcome: 'progress',
      body: { percent: 50 },
      sagaId: 'a',
      step: 'step',
      attempt: 1,
    })
    answered.resolve({ entry: 'x' })
    expect(await outcomes(2)).toEqual(['progress', 'success'])
    const [told, answer] = (await rig.records(REPLIES, 2)).map(headersOf)
    expect(told?.get('ce_id')).toMatch(/^a\/step\/forward\/1\/progress\/\d+$/)
    for (const name of ['ce_commandid', 'ce_idempotencykey', 'ce_sagatype', 'ce_replyto', 'ce_deadline'])
      expect(told?.get(name)).toBe(answer?.get(name))
  })

  test('is limited to one a second, and a redelivered command tells none', async () => {
    await rig.send(post('a'), post('a'))
    await serve(async ({ progress }) => {
      for (let percent = 0; percent < 100; percent++) {
        progress({ percent })
        await Promise.resolve()
      }
      return { entry: 'x' }
    })
    expect(await outcomes(3)).toEqual(['progress', 'success', 'success'])
  })

  test('comes before the answer also where the broker is slow, and never after it', async () => {
    let keep: Context['progress'] = () => {}
    const slow = appending(rig.broker, async (batches, append) => {
      const isProgress = batches.some(({ records }) => records.some((record) => record.value === '"slow"'))
      if (isProgress) await pause(40)
      return append(batches)
    })
    await rig.send(post('a'))
    await serve(
      async ({ progress }) => {
        keep = progress
        progress('slow')
        return { entry: 'x' }
      },
      { broker: slow, limits: { progressEveryMs: 0 } },
    )
    await rig.replies(2)
    keep('too late')
    await pause(10)
    expect(await outcomes(2)).toEqual(['progress', 'success'])
  })

  test('by heartbeat, and it moves the deadline of the handler on', async () => {
    const at = Date.now()
    await rig.send(post('a', 'ok', { at, deadlineAt: at + 400 }))
    const ended = Promise.withResolvers<boolean>()
    const slow = longRunning<{ amount: number }, { entry: string }, LedgerTx>(
      { heartbeat: '60 ms', progressEvery: 0 },
      async (_, { signal }) => {
        await pause(700)
        ended.resolve(signal.aborted)
        return { entry: 'x' }
      },
    )
    const service = await serveAll({ ...singleLedger(), post: slow })
    expect(await ended.promise).toBe(false)
    await service.stop()
    const told = await outcomes(3)
    expect(told.slice(0, -1).every((outcome) => outcome === 'progress')).toBe(true)
    expect(told.at(-1)).toBe('success')
  })

  test('ends where the deadline has passed: who is late no longer speaks for the command', async () => {
    await rig.send(post('a', 'ok', { deadlineAt: Date.now() + 60 }))
    await serve(
      async ({ signal, progress }) => {
        await aborted(signal).catch(() => {})
        progress('late')
        throw new Error('too late')
      },
      { limits: { progressEveryMs: 0 } },
    )
    const replies = await rig.replies(1)
    expect(replies.map((reply) => [reply.outcome, reply.errorCode])).toEqual([['failed', 'handler-aborted']])
  })
})

describe('a handler that takes many', () => {
  type Item = BatchItem<{ amount: number }>
  const serveMany = (run: (items: readonly Item[], signal: AbortSignal) => Promise<void>) => {
    const many = batched<{ amount: number }, { entry: string }, LedgerTx>(async (items, { signal }) => {
      await run(items, signal)
      return items.map(({ command }) => ({ entry: command.idempotencyKey }))
    })
    return serveAll({ ...singleLedger(), post: many }, { limits: { progressEveryMs: 0 } })
  }
  const of = (items: readonly Item[], saga: string) => {
    const item = items.find(({ command }) => command.sagaId === saga)
    if (!item) throw new Error(`no command of ${saga}`)
    return item
  }
  // Of one partition, so that they come together.
  const [first, second] = ['a', 'c']

  test('tells the progress of each command to its own saga, before its answer', async () => {
    await rig.send(post(first), post(second))
    await serveMany(async (items) => of(items, second).progress({ percent: 50 }))
    const replies = await rig.replies(3)
    expect(replies.map((reply) => `${reply.sagaId} ${reply.outcome}`).sort()).toEqual([
      `${first} success`,
      `${second} progress`,
      `${second} success`,
    ])
    const ofSecond = replies.filter((reply) => reply.sagaId === second)
    expect(ofSecond.map((reply) => reply.outcome)).toEqual(['progress', 'success'])
  })

  test('has a signal for each command, which its progress moves on, and one for the last of them', async () => {
    const at = Date.now()
    const times = { at, deadlineAt: at + 150 }
    await rig.send(post(first, 'ok', times), post(second, 'ok', times))
    const seen = Promise.withResolvers<readonly boolean[]>()
    await serveMany(async (items, all) => {
      if (items.length < 2) return
      const [one, other] = [of(items, first), of(items, second)]
      await pause(60)
      other.progress()
      await aborted(one.signal).catch(() => {})
      seen.resolve([one.signal.aborted, other.signal.aborted, all.aborted])
      await aborted(all).catch(() => {})
      expect(other.signal.aborted).toBe(true)
    })
    expect(await seen.promise).toEqual([true, false, false])
    const outcomes = (await rig.replies(3)).map((reply) => reply.outcome).sort()
    expect(outcomes).toEqual(['progress', 'success', 'success'])
  })
})

describe('a refusal or failure', () => {
  test('that is thrown undoes what was written, and a refusal is remembered', async () => {
    await rig.send(post('a'), post('a', 'ok', { attempt: 2 }), unpost('a'))
    let calls = 0
    await serve(async (context) => {
      calls++
      await write(context)
      throw rejected('no', 'not today', { why: 'closed' })
    })
    const replies = await rig.replies(3)
    expect(replies.map((reply) => reply.outcome)).toEqual(['rejected', 'rejected', 'success'])
    expect(replies[0]?.body).toEqual({ code: 'no', message: 'not today', details: { why: 'closed' } })
    expect(calls).toBe(1)
    expect(await effects()).toEqual([])
  })

  test('that is thrown when the deadline has passed meanwhile is remembered all the same', async () => {
    await rig.send(post('a', 'ok', { deadlineAt: Date.now() + 40 }))
    await serve(async ({ signal }) => {
      await aborted(signal).catch(() => {})
      throw rejected('no', 'not today')
    })
    expect((await rig.replies(1)).map((reply) => [reply.outcome, reply.errorCode])).toEqual([['rejected', 'no']])
  })

  test('that is thrown by a compensation is fatal, as one that is returned', async () => {
    await rig.send(post('a'), unpost('a'))
    const refuse = async () => {
      throw rejected('never', 'what is done is done')
    }
    await serveAll({ ...singleLedger(), unpost: refuse })
    expect((await rig.replies(2)).map((reply) => [reply.outcome, reply.errorCode])).toEqual([
      ['success', undefined],
      ['fatal', 'never'],
    ])
  })

  test.each([
    ['returned', (error: Error) => Promise.resolve(error as never)],
    ['thrown', (error: Error) => Promise.reject(error)],
  ])('that is technical and %s says what it says, and keeps nothing', async (_, end) => {
    const errors: Readonly<Record<string, Error>> = {
      a: failed('busy', 'later', { retryAfter: '5 s', details: { queue: 7 } }),
      b: fatal('gone', 'never'),
      c: failed('busy', 'at once'),
    }
    await rig.send(post('a'), post('b'), post('c'))
    await serve(async (context) => {
      await write(context)
      return end(errors[context.command.sagaId] ?? new Error('unknown'))
    })
    const replies = [...(await rig.replies(3))].sort((a, b) => (a.sagaId < b.sagaId ? -1 : 1))
    expect(replies.map((reply) => [reply.outcome, reply.errorCode, reply.retryAfterMs])).toEqual([
      ['failed', 'busy', 5_000],
      ['fatal', 'gone', undefined],
      ['failed', 'busy', undefined],
    ])
    expect(replies[0]?.body).toEqual({ code: 'busy', message: 'later', details: { queue: 7 } })
    expect(await effects()).toEqual([])
  })
})

describe('a participant that stops', () => {
  const limits = { drainMs: 60, abortGraceMs: 60 }

  test('waits for the handler that runs, and begins no other', async () => {
    await rig.send(post('a'), post('a', 'ok', { step: 'next' }))
    const began = Promise.withResolvers<void>()
    const done = Promise.withResolvers<{ entry: string }>()
    const steps: string[] = []
    const service = await serve(
      ({ command }) => {
        steps.push(command.step)
        began.resolve()
        return done.promise
      },
      { limits: { ...limits, drainMs: 5_000, windowRecordsMax: 1 } },
    )
    await began.promise
    const stopping = service.stop()
    await pause(20)
    done.resolve({ entry: 'x' })
    await stopping
    expect(steps).toEqual(['step'])
    expect(await outcomes(1)).toEqual(['success'])
  })

  test('aborts the handler after its time, begins no other of its chunk, and loses no command', async () => {
    await rig.send(post('a'), post('a', 'ok', { step: 'next' }))
    const began = Promise.withResolvers<void>()
    const steps: string[] = []
    const service = await serve(
      ({ command, signal }) => {
        steps.push(command.step)
        began.resolve()
        return aborted(signal)
      },
      { limits },
    )
    await began.promise
    await service.stop()
    expect(steps).toEqual(['step'])
    expect(await outcomes(0)).toEqual([])
    await serve(async () => ({ entry: 'x' }))
    expect(await outcomes(2)).toEqual(['success', 'success'])
  })

  test('leaves a handler behind that ignores its signal, and says so', async () => {
    await rig.send(post('a'))
    const log = new NotedLog()
    const began = Promise.withResolvers<AbortSignal>()
    const done = Promise.withResolvers<{ entry: string }>()
    const inbox = withoutDatabase()
    const service = await serve(
      ({ signal, progress }) => {
        began.resolve(signal)
        signal.addEventListener('abort', () => progress('still here'))
        return done.promise
      },
      { limits, log, inbox },
    )
    const signal = await began.promise
    const since = performance.now()
    await service.stop()
    expect(performance.now() - since).toBeGreaterThanOrEqual(limits.drainMs + limits.abortGraceMs - 5)
    expect(signal.aborted).toBe(true)
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'a handler did not end in time and was left behind',
    ])
    done.resolve({ entry: 'x' })
    await pause(20)
    // What it answers in the end is not sent: its partition may be another's by now.
    expect(await outcomes(0)).toEqual([])
  })

  test('stopped again, leaves at once', async () => {
    await rig.send(post('a'))
    const began = Promise.withResolvers<AbortSignal>()
    const never = new Promise<never>(() => {})
    const service = await serve(
      ({ signal }) => {
        began.resolve(signal)
        return never
      },
      { inbox: withoutDatabase() },
    )
    const signal = await began.promise
    const since = performance.now()
    const stopping = service.stop()
    await pause(20)
    expect(signal.aborted).toBe(false)
    await Promise.all([stopping, service.stop()])
    expect(signal.aborted).toBe(true)
    expect(performance.now() - since).toBeLessThan(2_000)
    await service.stop()
  })
})

/** So that a handler that never ends holds no connection. */
function withoutDatabase(): ParticipantOptions<LedgerTx>['inbox'] {
  return {
    transaction: (work) => work({ tx: db as LedgerTx, find: async () => new Map(), store: async () => {} }),
    forget: async () => 0,
  }
}
