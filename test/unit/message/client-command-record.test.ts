/** Client commands as records: what each fault is called, and what is read where something is left out. */
import { describe, expect, test } from 'vitest'
import { decodeClientCommand } from '../../../shared/message/client-command-reader.ts'
import { type ClientCommand, clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import { stored } from '../../support/fabricate-log.ts'

const AT = { topic: 'kasaga.commands', partition: 0, offset: 7n, timestamp: 5 }
const request = { sagaId: sagaId('order-1'), requestId: 'r-1' }
const start: ClientCommand = { kind: 'start', ...request, definition: 'fulfil', version: 2, input: { a: [1, null] } }
const cancel: ClientCommand = { kind: 'cancel', ...request, actor: 'ann', reason: 'no longer wanted' }
const signal: ClientCommand = {
  kind: 'signal',
  ...request,
  name: 'approved',
  payload: true,
  actor: 'ann',
  roles: ['manager', 'on-call'],
}
const kill: ClientCommand = { kind: 'kill', ...request, actor: 'ann', reason: 'the carrier is gone for good' }
const resolve: ClientCommand = {
  kind: 'resolve',
  ...request,
  actor: 'ann',
  reason: 'refunded',
  step: 'pay[card].charge',
}
const parentStep = { sagaId: sagaId('tour-1'), step: 'legs[2].book', attempt: 1 }
const child: ClientCommand = {
  ...start,
  requestId: 'tour-1/legs[2].book/forward/1',
  parent: { ...parentStep, waits: true },
}
const undo: ClientCommand = {
  kind: 'undo',
  sagaId: sagaId('order-1'),
  requestId: 'tour-1/legs[2].book/compensate/1',
  parent: parentStep,
}
const STAMP = { at: 1_700_000_000_000, source: '/shop' }

const read = (command: ClientCommand): LogRecord => stored(clientCommandRecord(command, STAMP), AT)

/** The record with a header replaced, or left out. */
function changed(command: ClientCommand, name: string, value?: string | Uint8Array): LogRecord {
  const record = clientCommandRecord(command, STAMP)
  const others = record.headers.filter(([own]) => own !== name)
  const headers: NewRecord['headers'] = value === undefined ? others : [...others, [name, value]]
  return stored({ ...record, headers }, AT)
}

function faultOf(record: LogRecord): string {
  const decoded = decodeClientCommand(record)
  return decoded.kind === 'refused' ? decoded.fault : 'none'
}

test.each([
  start,
  { ...start, priority: 0 } as const,
  { ...start, priority: 9 } as const,
  child,
  signal,
  cancel,
  { ...cancel, kind: 'retry' } as const,
  kill,
  resolve,
  undo,
])('$kind comes back as it went', (command) => {
  expect(decodeClientCommand(read(command))).toEqual({ kind: 'ok', value: command })
})

test('the headers are those of the wire contract', () => {
  expect(Object.fromEntries(clientCommandRecord(start, STAMP).headers)).toEqual({
    ce_specversion: '1.0',
    'content-type': 'application/json',
    ce_id: 'r-1',
    ce_type: 'kasaga.start.v1',
    ce_source: '/shop',
    ce_time: '2023-11-14T22:13:20.000Z',
    ce_sagaid: 'order-1',
    ce_sagatype: 'fulfil',
    ce_sagaversion: '2',
  })
})

describe('is refused', () => {
  test.each([
    ['without ce_id', changed(start, 'ce_id'), 'missing-header'],
    ['without ce_sagaid', changed(start, 'ce_sagaid'), 'missing-header'],
    ['without ce_type', changed(start, 'ce_type'), 'missing-header'],
    ['a start without ce_sagatype', changed(start, 'ce_sagatype'), 'missing-header'],
    ['a signal without ce_signal', changed(signal, 'ce_signal'), 'missing-header'],
    ['with an unknown ce_type', changed(start, 'ce_type', 'kasaga.sing.v1'), 'unknown-type'],
    ['with a saga id that is none', changed(start, 'ce_sagaid', 'two words'), 'bad-header'],
    ['with a request id that is too long', changed(start, 'ce_id', 'x'.repeat(1_001)), 'bad-header'],
    ['with a request id of other characters', changed(start, 'ce_id', 'a b'), 'bad-header'],
    ['a child’s start without the step of its parent', changed(child, 'ce_parentstepid'), 'missing-header'],
    ['a child’s start that does not say whether it is waited for', changed(child, 'ce_parentwaits'), 'bad-header'],
    ['a child’s start of attempt 0', changed(child, 'ce_parentattempt', '0'), 'bad-header'],
    ['an undo by nobody', changed(undo, 'ce_parentsagaid'), 'missing-header'],
    ['an undo of a step that is none', changed(undo, 'ce_parentstepid', '../x'), 'bad-header'],
    ['a kill without a reason', changed(kill, 'ce_reason'), 'missing-header'],
    ['a kill with a blank reason', changed(kill, 'ce_reason', '  '), 'bad-header'],
    ['a resolve without a step', changed(resolve, 'ce_stepid'), 'missing-header'],
    ['a resolve of a step that is none', changed(resolve, 'ce_stepid', 'a b'), 'bad-header'],
    ['with 21 roles', changed(signal, 'ce_roles', Array(21).fill('r').join(',')), 'bad-header'],
    ['with a role that is none', changed(signal, 'ce_roles', 'manager,on call'), 'bad-header'],
    ['with a sender that is too long', changed(signal, 'ce_actor', 'x'.repeat(201)), 'bad-header'],
    ['with a header that is not UTF-8', changed(start, 'ce_id', new Uint8Array([0xff])), 'missing-header'],
    ['with version 0', changed(start, 'ce_sagaversion', '0'), 'bad-header'],
    ...['10', '-1', 'high', '5.0', ''].map((text): [string, LogRecord, string] => [
      `with priority '${text}'`,
      changed(start, 'ce_priority', text),
      'bad-header',
    ]),
    ['with a signal name that is none', changed(signal, 'ce_signal', '../etc'), 'bad-header'],
    ['with a reason that is too long', changed(cancel, 'ce_reason', 'x'.repeat(2_001)), 'bad-header'],
    ['under the key of another saga', { ...read(start), key: new TextEncoder().encode('order-2') }, 'key-mismatch'],
    ['without a key', { ...read(start), key: null }, 'key-mismatch'],
    ['a start without a value', { ...read(start), value: null }, 'not-json'],
    ['a start that is not JSON', { ...read(start), value: new TextEncoder().encode('{"a":') }, 'not-json'],
    ['a start 5,000 deep', { ...read(start), value: new TextEncoder().encode('['.repeat(5_000)) }, 'too-deep'],
    ['with __proto__', { ...read(start), value: new TextEncoder().encode('{"__proto__":1}') }, 'forbidden-key'],
  ])('%s', (_, record, fault) => expect(faultOf(record)).toBe(fault))
})

describe('where something is left out', () => {
  test('no version is the newest', () => {
    const decoded = decodeClientCommand(changed(start, 'ce_sagaversion'))
    expect(decoded).toMatchObject({ kind: 'ok', value: { version: undefined } })
  })

  test('a signal without a value carries null', () => {
    expect(decodeClientCommand({ ...read(signal), value: null })).toMatchObject({
      kind: 'ok',
      value: { payload: null },
    })
  })

  test('a signal says nothing of its sender', () => {
    const decoded = decodeClientCommand(changed(signal, 'ce_roles'))
    expect(decoded).toMatchObject({ kind: 'ok', value: { actor: 'ann', roles: [] } })
    expect(decodeClientCommand(changed(signal, 'ce_actor'))).toMatchObject({ kind: 'ok', value: { actor: undefined } })
  })

  test('an act without an actor is its source’s', () => {
    expect(decodeClientCommand(changed(cancel, 'ce_actor'))).toMatchObject({ kind: 'ok', value: { actor: '/shop' } })
    const { headers, ...rest } = changed(cancel, 'ce_actor')
    const bare = { ...rest, headers: headers.filter(([name]) => name !== 'ce_source') }
    expect(faultOf(bare)).toBe('missing-header')
  })

  test('the value of an act is not looked at', () => {
    expect(faultOf({ ...read(cancel), value: new Uint8Array([0xff]) })).toBe('none')
  })
})
