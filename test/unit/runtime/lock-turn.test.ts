/** Locks in an owner's turn: decided beside the sagas, folded from the same log, stopped one by one. */
import { expect, test } from 'vitest'
import { lockId, sagaId } from '../../../shared/message/ids.ts'
import { type LockCommand, lockCommandRecord } from '../../../shared/message/lock-command.ts'
import { headerOf, type LogRecord } from '../../../shared/message/record.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { effectRecord } from '../../../shared/runtime/effect-record.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { LogReplay } from '../../../shared/runtime/log-replay.ts'
import { batchOf } from '../../../shared/runtime/own-log.ts'
import { NOTHING_CONSUMED, PartitionState } from '../../../shared/runtime/partition-state.ts'
import { takeTurn } from '../../../shared/runtime/turn.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { delivered } from '../../support/wire.ts'

const id = lockId('sku:123')
const none = new Definitions([])
const limits = { endedSagasMax: 100, endedWholeMax: 100, freeLocksMax: 2 }

function ask(saga: string, lock = id): LockCommand {
  const asker = { saga: sagaId(saga), step: 'stock', attempt: 1 }
  return { kind: 'ask', lockId: lock, requestId: `${saga}/stock/forward/1`, asker, permits: 1, askedAt: 1_000 }
}
const leave = (saga: string, lock = id): LockCommand => {
  return { kind: 'leave', lockId: lock, requestId: 'r', saga: sagaId(saga), askedAt: 2_000 }
}

function rig(state = new PartitionState(none, limits)) {
  const queue = new InputQueue()
  let marks = NOTHING_CONSUMED
  let offset = 0n
  const take = (...commands: readonly LockCommand[]) => {
    for (const command of commands) {
      const record = delivered(lockCommandRecord(command, { at: 1_000, source: '/test' }), offset++, 'kasaga.commands')
      queue.push({ source: 'commands', record })
    }
    const base = { state, definitions: none, limits: ORCHESTRATOR_LIMITS, random: { next: () => 0.5 } }
    const turn = takeTurn(queue, { ...base, source: '/kasaga', now: 5_000, marks })
    marks = turn.marks
    return turn
  }
  return { state, take }
}

const told = (records: readonly { readonly headers: unknown }[]) =>
  records.map((record) => headerOf(delivered(record as never), 'ce_type'))

test('asks are decided in order, and the answer goes to the saga that asked', () => {
  const { take } = rig()
  const turn = take(ask('a'), ask('b'), ask('a'))
  expect(told(turn.events)).toEqual(['kasaga.lock-asked.v1', 'kasaga.lock-granted.v1', 'kasaga.lock-asked.v1'])
  expect(turn.inputs).toEqual({ applied: 2, deadLettered: 0, ignored: { 'duplicate-ask': 1 } })
  const [answer] = turn.effects.map((effect) => effectRecord(effect, { topics: kasagaTopics('kasaga'), source: '/k' }))
  expect(answer).toMatchObject({ topic: 'kasaga.replies', key: 'a' })
  expect(Object.fromEntries(answer?.record.headers ?? [])).toMatchObject({
    ce_id: 'lock:sku:123/a/stock/forward/1',
    ce_type: 'kasaga.lock.v1.reply',
    ce_subject: 'lock:sku:123',
    ce_outcome: 'success',
    ce_sagaid: 'a',
    ce_stepid: 'stock',
    ce_attempt: '1',
    ce_commandid: 'a/stock/forward/1',
  })
  expect(answer?.record.value).toBe('{"resource":"sku:123","token":1}')
})

test('a person who takes away what nobody holds is told so by a dead letter', () => {
  const { take } = rig()
  const act = { requestId: 'p', saga: sagaId('a'), actor: 'ann', reason: 'it hangs' } as const
  const { dead } = take({ kind: 'take-away', lockId: id, ...act })
  expect(dead.map(({ reason, message }) => [reason, message])).toEqual([
    ['not-held', 'a neither holds lock:sku:123 nor waits for it'],
  ])
})

test('a lock whose events cannot be folded stops, and the others go on', () => {
  const { take, state } = rig()
  state.stop(id, { why: 'an event is missing', since: 0 })
  const { dead, events } = take(ask('a'), ask('a', lockId('sku:7')))
  expect(dead.map(({ reason }) => reason)).toEqual(['saga-quarantined'])
  expect(told(events)).toEqual(['kasaga.lock-asked.v1', 'kasaga.lock-granted.v1'])
})

async function replayed(...turns: readonly ReturnType<typeof takeTurn>[]): Promise<LogReplay> {
  const batches = turns.flatMap((turn, i) =>
    batchOf(turn, { number: i + 1, owner: 'o', sentThrough: 0 }, { at: 5_000, source: '/kasaga' }),
  )
  const records: LogRecord[] = batches.map((record, i) => delivered(record, BigInt(i), 'kasaga.events'))
  const replay = new LogReplay(none, limits)
  await replay.readOn(
    {
      read: async function* () {
        yield records
      },
    } as never,
    'kasaga.events',
    0,
  )
  return replay
}

test('a new owner folds the same locks from the log, and sends what may not have been sent', async () => {
  const { take, state } = rig()
  const replay = await replayed(take(ask('a'), ask('b')), take(leave('a')))
  expect(replay.state.locks.known(id)).toEqual(state.locks.known(id))
  expect(replay.state.locks.taken).toBe(1)
  expect(replay.state.quarantined.size).toBe(0)
  const unsent = replay.takeUnsent().flatMap(({ effects }) => effects)
  expect(unsent.map((effect) => effect.kind === 'answer-asker' && effect.asker.saga)).toEqual(['a', 'b'])
})

test('free locks past the limit are forgotten, but for the numbers that must not come again', async () => {
  const { take, state } = rig()
  const locks = ['one', 'two', 'three', 'four'].map(lockId)
  const first = take(...locks.flatMap((lock) => [ask('a', lock), leave('a', lock)]))
  const { token, seq, over, overThrough } = state.locks.known(lockId('one'))
  expect([token, seq, over, overThrough]).toEqual([1, 3, [], 1_000])
  const late = take(ask('a', lockId('one')))
  expect(told(late.events)).toEqual(['kasaga.lock-refused.v1'])
  const replay = await replayed(first, late)
  for (const lock of locks) expect(replay.state.locks.known(lock)).toEqual(state.locks.known(lock))
})
