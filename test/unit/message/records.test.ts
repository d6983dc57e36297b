import { describe, expect, it } from 'vitest'
import { commandRecord, decodeReply, replyRecord, type StepCommand } from '../../../shared/message/command-record.ts'
import { deadLetterRecord } from '../../../shared/message/dead-letter.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import { decodeEvent, eventRecord } from '../../../shared/message/event-record.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import { commandId, idempotencyKey, isSagaId, sagaId } from '../../../shared/message/ids.ts'
import { headerOf, headersOf, keyOf } from '../../../shared/message/record.ts'
import { done, started } from '../../support/fulfil-events.ts'
import { historyOf, SAGA } from '../../support/given-when-then.ts'
import { bytesOf, delivered, withHeader } from '../../support/wire.ts'

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

const command: StepCommand = {
  sagaId: SAGA,
  definition: 'fulfil',
  version: 3,
  step: 'charge',
  direction: 'forward',
  attempt: 2,
  commandType: 'bank.charge.v1',
  payload: { cents: 5, who: 'Zoë' },
  at: AT,
  deadlineAt: AT + 5_000,
  replyTo: 'kasaga.replies',
}

const commandAsRead = delivered(commandRecord(command, 'kasaga'), 7n, 'bank.commands')
const stamp = { id: 'reply-1', at: AT, source: 'bank' }

describe('ids', () => {
  it('are functions of the log alone', () => {
    expect(commandId(command, 2)).toBe('order-1/charge/forward/2')
    expect(idempotencyKey(command)).toBe('order-1/charge/forward')
  })
  it('take what can be a key everywhere, and nothing else', () => {
    expect(isSagaId('Aa0._:-')).toBe(true)
    for (const text of ['', 'a/b', 'a b', 'ü', 'a'.repeat(201), 'a\n']) expect(() => sagaId(text)).toThrow(TypeError)
  })
})

describe('a command’s record', () => {
  it('says all that the wire contract names', () => {
    expect(keyOf(commandAsRead)).toBe('order-1')
    expect(Object.fromEntries(headersOf(commandAsRead))).toEqual({
      ce_specversion: '1.0',
      'content-type': 'application/json',
      ce_id: 'order-1/charge/forward/2',
      ce_type: 'bank.charge.v1',
      ce_source: 'kasaga',
      ce_time: '2026-01-02T03:04:05.006Z',
      ce_sagaid: 'order-1',
      ce_sagatype: 'fulfil',
      ce_sagaversion: '3',
      ce_stepid: 'charge',
      ce_direction: 'forward',
      ce_attempt: '2',
      ce_idempotencykey: 'order-1/charge/forward',
      ce_replyto: 'kasaga.replies',
      ce_deadline: '2026-01-02T03:04:10.006Z',
    })
  })
  it('names no deadline where none is set', () => {
    const record = delivered(commandRecord({ ...command, deadlineAt: null }, 'kasaga'), 7n, 'bank.commands')
    expect(headersOf(record).has(H.deadline)).toBe(false)
    expect(headersOf(record).size).toBe(headersOf(commandAsRead).size - 1)
  })
  it('is the same bytes each time (S9)', () =>
    expect(commandRecord({ ...command }, 'kasaga')).toEqual(commandRecord(command, 'kasaga')))
})

describe('a reply’s record', () => {
  const foreign = withHeader(
    withHeader(withHeader(commandAsRead, 'ce_tenant', 't-1'), 'ce_novel', 'n'),
    'traceparent',
    '00-1-2-01',
  )
  const content = { outcome: 'failed', body: '{"code":"db-down"}', errorCode: 'db-down', retryAfterMs: 250 } as const
  const reply = delivered(replyRecord(withHeader(foreign, 'other', 'x'), content, stamp))

  it('echoes every extension of the command, known or not, and its trace', () => {
    for (const name of [
      H.sagaId,
      H.sagaType,
      H.sagaVersion,
      H.stepId,
      H.direction,
      H.attempt,
      H.idempotencyKey,
      H.replyTo,
      'ce_tenant',
      'ce_novel',
      'traceparent',
    ])
      expect(headerOf(reply, name), name).toBe(headerOf(foreign, name))
    expect(keyOf(reply)).toBe('order-1')
  })
  it('says for itself what belongs to one message, each once', () => {
    expect(Object.fromEntries(headersOf(reply))).toMatchObject({
      ce_id: 'reply-1',
      ce_type: 'bank.charge.v1.reply',
      ce_source: 'bank',
      ce_commandid: 'order-1/charge/forward/2',
      ce_outcome: 'failed',
      ce_errorcode: 'db-down',
      ce_retryafterms: '250',
    })
    expect(headerOf(reply, 'other')).toBeUndefined()
    const names = reply.headers.map(([name]) => name)
    expect(new Set(names).size).toBe(names.length)
  })
  it('is read as it was written', () => {
    expect(decodeReply(reply)).toEqual({
      kind: 'ok',
      value: {
        sagaId: SAGA,
        step: 'charge',
        direction: 'forward',
        attempt: 2,
        outcome: 'failed',
        body: { code: 'db-down' },
        errorCode: 'db-down',
        retryAfterMs: 250,
      },
    })
  })
  it('never takes the answer of an earlier reply that a command carries', () => {
    const loud = withHeader(withHeader(commandAsRead, H.outcome, 'rejected'), H.errorCode, 'old')
    const quiet = delivered(replyRecord(loud, { outcome: 'success', body: 'null' }, stamp))
    expect(decodeReply(quiet)).toMatchObject({ value: { outcome: 'success', errorCode: undefined } })
  })
  it.each([
    ['no saga id', H.sagaId, undefined, 'missing-header'],
    ['no step', H.stepId, undefined, 'missing-header'],
    ['no outcome', H.outcome, undefined, 'bad-header'],
    ['an outcome that is none', H.outcome, 'perhaps', 'bad-header'],
    ['a direction that is none', H.direction, 'sideways', 'bad-header'],
    ['an attempt that is none', H.attempt, '-1', 'bad-header'],
    ['an attempt of 0', H.attempt, '0', 'bad-header'],
    ['an attempt in letters', H.attempt, '1e3', 'bad-header'],
    ['a saga id that is none', H.sagaId, 'a/b', 'bad-header'],
  ] as const)('with %s is refused', (_, name, value, fault) => {
    expect(decodeReply(withHeader(reply, name, value))).toMatchObject({ kind: 'refused', fault })
  })
  it('with a body that is no JSON is refused', () => {
    expect(decodeReply({ ...reply, value: bytesOf('{') })).toMatchObject({ fault: 'not-json' })
    expect(decodeReply({ ...reply, value: null })).toMatchObject({ fault: 'not-json' })
    expect(decodeReply({ ...reply, value: bytesOf('[[1]]') }, { bytesMax: 99, depthMax: 1, keysMax: 1 })).toMatchObject(
      { fault: 'too-deep' },
    )
  })
  it('with a wait that is no number has none', () => {
    expect(decodeReply(withHeader(reply, H.retryAfterMs, 'soon'))).toMatchObject({
      kind: 'ok',
      value: { retryAfterMs: undefined },
    })
  })
})

describe('an event’s record', () => {
  const history = historyOf([started, ...done('stock')])
  it('is read as it was written', () => {
    for (const envelope of history) {
      expect(decodeEvent(delivered(eventRecord(envelope, 'kasaga')))).toEqual({ kind: 'event', envelope })
    }
  })
  const [first] = history
  const record = delivered(eventRecord(first as EventEnvelope, 'kasaga'))
  it.each([
    ['an unknown type', H.type, 'kasaga.saga-dreamt.v1'],
    ['a type of another version', H.type, 'kasaga.saga-started.v2'],
    ['a type of a name that every object has', H.type, 'kasaga.constructor.v1'],
    ['no type', H.type, undefined],
    ['no sequence', H.sequence, undefined],
    ['a sequence of 0', H.sequence, '0'],
    ['no time', H.time, undefined],
  ])('with %s stops its saga', (_, name, value) => {
    expect(decodeEvent(withHeader(record, name, value))).toMatchObject({ kind: 'unreadable', sagaId: 'order-1' })
  })
  it('with no saga or no data is unreadable', () => {
    expect(decodeEvent(withHeader(record, H.sagaId, undefined))).toMatchObject({
      kind: 'unreadable',
      sagaId: undefined,
    })
    for (const value of [null, bytesOf('['), bytesOf('[]'), bytesOf('null'), new Uint8Array([0xff])])
      expect(decodeEvent({ ...record, value })).toMatchObject({ kind: 'unreadable' })
  })
})

describe('a dead letter', () => {
  const why = { reason: 'not-json', message: 'm'.repeat(2_000), group: 'g', service: 'orchestrator', at: AT }
  const binary = {
    ...commandAsRead,
    value: new Uint8Array([0xff, 0]),
    headers: [...commandAsRead.headers, ['x', new Uint8Array([0xfe])] as const],
  }
  const letter = delivered(deadLetterRecord(binary, why), 0n, 'kasaga.dead-letters')

  it('keeps key, value and headers as they came', () => {
    expect([letter.key, letter.value]).toEqual([binary.key, binary.value])
    for (const header of binary.headers) expect(letter.headers).toContainEqual(header)
  })
  it('says why, where from and when', () => {
    expect(Object.fromEntries(headersOf(letter))).toMatchObject({
      'dlq-reason': 'not-json',
      'dlq-error-message': 'm'.repeat(1_000),
      'dlq-error-fingerprint': 'orchestrator/bank.commands/not-json',
      'dlq-original-topic': 'bank.commands',
      'dlq-original-partition': '0',
      'dlq-original-offset': '7',
      'dlq-consumer-group': 'g',
      'dlq-attempts': '1',
      'dlq-failed-at': '2026-01-02T03:04:05.006Z',
      'dlq-redrive-count': '0',
      'x-original-topic': 'bank.commands',
    })
  })
  it('of one that came back says each thing once, and counts', () => {
    const again = delivered(
      deadLetterRecord(withHeader({ ...letter, topic: 'bank.commands' }, 'dlq-redrive-count', '1'), why),
    )
    const names = again.headers.map(([name]) => name)
    expect(new Set(names).size).toBe(names.length)
    expect([headerOf(again, 'dlq-attempts'), headerOf(again, 'dlq-redrive-count')]).toEqual(['2', '1'])
  })
})

describe('a message', () => {
  it('is had of whatever was thrown', () => {
    expect(messageOf(new Error('a'))).toBe('a')
    expect(messageOf('b')).toBe('b')
    expect(messageOf(undefined)).toBe('undefined')
    expect(messageOf(Object.create(null))).toMatch(/thrown/)
    expect(messageOf(Object.assign(new Error('x'), { message: 5 }))).toBe('5')
  })
})
