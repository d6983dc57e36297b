/** Commands to locks, and the events of locks, as records. */
import { describe, expect, test } from 'vitest'
import { decodeClientCommand } from '../../../shared/message/client-command-reader.ts'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { decodeEvent, lockEventRecord } from '../../../shared/message/event-record.ts'
import { isSagaId, lockId, resourceOf, sagaId, sagaIdOfKey } from '../../../shared/message/ids.ts'
import { decodeLockCommand, type LockCommand, lockCommandRecord } from '../../../shared/message/lock-command.ts'
import type { LockEnvelope } from '../../../shared/message/lock-events.ts'
import { delivered, withHeader } from '../../support/wire.ts'

const id = lockId('sku:123')
const saga = sagaId('order-1')
const STAMP = { at: 1_700_000_000_000, source: '/kasaga' }
const to = { lockId: id, requestId: 'order-1/stock/forward/1' } as const
const asker = { saga, step: 'parcels[3].stock', attempt: 1 } as const
const ask: LockCommand = { kind: 'ask', ...to, asker, permits: 3, askedAt: STAMP.at }
const free: LockCommand = { kind: 'free', ...to, asker, askedAt: STAMP.at }
const leave: LockCommand = { kind: 'leave', ...to, saga, askedAt: STAMP.at }
const takeAway: LockCommand = { kind: 'take-away', ...to, saga, actor: 'ann', reason: 'it hangs' }
const read = (command: LockCommand) => delivered(lockCommandRecord(command, STAMP))

describe('a command to a lock', () => {
  test.each([ask, free, leave, takeAway])('$kind is read as it was written', (command) => {
    expect(decodeLockCommand(read(command))).toEqual({ kind: 'ok', value: command })
  })

  test.each<[string, ReturnType<typeof read>, string]>([
    ['without an id', withHeader(read(ask), 'ce_id', undefined), 'missing-header'],
    ['by nobody', withHeader(read(ask), 'ce_parentsagaid', undefined), 'missing-header'],
    ['to no lock', withHeader(read(ask), 'ce_sagaid', 'order-1'), 'bad-header'],
    ['to a lock of nothing', withHeader(read(ask), 'ce_sagaid', 'lock:'), 'bad-header'],
    ['by a lock', withHeader(read(ask), 'ce_parentsagaid', 'lock:a'), 'bad-header'],
    ['by no step', withHeader(read(ask), 'ce_parentstepid', undefined), 'bad-header'],
    ['at no time', withHeader(read(ask), 'ce_time', 'soon'), 'bad-header'],
    ['with 0 permits', withHeader(read(ask), 'ce_permits', '0'), 'bad-header'],
    ['with 1,001 permits', withHeader(read(ask), 'ce_permits', '1001'), 'bad-header'],
    ['under another key', { ...read(ask), key: new TextEncoder().encode('lock:other') }, 'key-mismatch'],
    ['that takes it away for no reason', withHeader(read(takeAway), 'ce_reason', ' '), 'bad-header'],
    [
      'that takes it away by a name that is too long',
      withHeader(read(takeAway), 'ce_actor', 'x'.repeat(201)),
      'bad-header',
    ],
  ])('%s is refused', (_what, record, fault) => {
    expect(decodeLockCommand(record)).toMatchObject({ kind: 'refused', fault })
  })
})

test('an event of a lock is read as it was written, and is none of a saga', () => {
  const event = { type: 'lock-granted', ...asker, token: 7 } as const
  const envelope: LockEnvelope = { lockId: id, seq: 3, at: STAMP.at, causationId: 'c', event }
  expect(decodeEvent(delivered(lockEventRecord(envelope, '/kasaga')))).toEqual({ kind: 'lock', envelope })
  const strange = withHeader(delivered(lockEventRecord(envelope, '/kasaga')), 'ce_type', 'kasaga.step-succeeded.v1')
  expect(decodeEvent(strange)).toMatchObject({ kind: 'unreadable', sagaId: id })
})

test('no saga has the id of a lock', () => {
  expect(resourceOf(id)).toBe('sku:123')
  expect(isSagaId('lock:sku:123')).toBe(false)
  expect(() => sagaId('lock:sku:123')).toThrow('does not begin with lock:')
  expect(() => sagaIdOfKey('lock', 'a')).toThrow()
  expect(() => lockId('a b')).toThrow('a resource has 1 to 180 characters')
  const start = { kind: 'start', sagaId: saga, requestId: 'r', definition: 'd', version: 1, input: null } as const
  const record = delivered(clientCommandRecord({ ...start, sagaId: id as never }, STAMP))
  expect(decodeClientCommand(record)).toMatchObject({ kind: 'refused', fault: 'bad-header' })
})
