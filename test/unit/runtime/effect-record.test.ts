/** Effects as records: where each goes, that its receiver can read it, and that it is the same bytes each time (S9). */
import { expect, test } from 'vitest'
import { decodeReply } from '../../../shared/message/command-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { JSON_LIMITS } from '../../../shared/message/json.ts'
import { headerOf, headersOf, keyOf } from '../../../shared/message/record.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { readCommand } from '../../../shared/participant/received-command.ts'
import { effectRecord } from '../../../shared/runtime/effect-record.ts'
import { commandInput, replyInput } from '../../../shared/runtime/input-decoder.ts'
import { inputHash } from '../../../shared/runtime/input-hash.ts'
import type { Effect } from '../../../shared/saga/effects.ts'
import { delivered } from '../../support/wire.ts'

const context = { topics: kasagaTopics('kasaga'), source: '/kasaga/kasaga' }
const parent = { sagaId: sagaId('tour-1'), step: 'legs[2].book', attempt: 1 }
const child = sagaId('leg-7')
const at = 1_700_000_000_000

const startChild: Effect = {
  kind: 'start-child',
  child,
  definition: 'leg',
  version: 3,
  input: { from: 'BGO' },
  parent: { ...parent, waits: true },
  requestId: 'tour-1/legs[2].book/forward/1',
  at,
}
const undoChild: Effect = { kind: 'undo-child', child, parent, requestId: 'tour-1/legs[2].book/compensate/1', at }
const cancelChild: Effect = { kind: 'cancel-child', child, parent: parent.sagaId, requestId: 'r-1', at }
const answerParent: Effect = {
  kind: 'answer-parent',
  child,
  parent: parent.sagaId,
  step: parent.step,
  direction: 'forward',
  attempt: 1,
  outcome: 'rejected',
  body: { code: 'child-compensated', message: 'no seat' },
  requestId: 'leg-7/answer/forward/1',
  at,
}
const send: Effect = {
  kind: 'send',
  participant: 'bank',
  command: {
    sagaId: parent.sagaId,
    definition: 'tour',
    version: 1,
    step: 'pay[card].charge',
    direction: 'forward',
    attempt: 2,
    commandType: 'bank.charge.v1',
    payload: 5,
    at,
    deadlineAt: null,
  },
}

const read = (effect: Effect) => {
  const { topic, key, record } = effectRecord(effect, context)
  const log = delivered(record, 0n, topic)
  expect(keyOf(log)).toBe(key)
  return { topic, key, log }
}

test('a child is started by its parent', () => {
  const { topic, key, log } = read(startChild)
  expect([topic, key]).toEqual(['kasaga.commands', 'leg-7'])
  expect(commandInput(log)).toEqual({
    kind: 'ok',
    value: {
      kind: 'start',
      sagaId: child,
      definition: 'leg',
      version: 3,
      input: { from: 'BGO' },
      inputHash: inputHash({ from: 'BGO' }),
      parent: { ...parent, waits: true },
    },
  })
})

test('a child is undone, or cancelled in its parent’s name', () => {
  expect(read(undoChild).topic).toBe('kasaga.commands')
  expect(commandInput(read(undoChild).log)).toMatchObject({
    kind: 'ok',
    value: { kind: 'undo', sagaId: child, parent },
  })
  expect(commandInput(read(cancelChild).log)).toMatchObject({
    kind: 'ok',
    value: { kind: 'cancel', sagaId: child, requestId: 'r-1', actor: 'tour-1' },
  })
})

test('the longest ids of a parent are taken', () => {
  const sagaId_ = sagaId('s'.repeat(200))
  const step = `${'a'.repeat(64)}[${'b'.repeat(64)}].`.repeat(5) + 'c'.repeat(64)
  const effect = { ...startChild, parent: { ...parent, sagaId: sagaId_, step, waits: false } }
  const input = commandInput(read({ ...effect, requestId: `${sagaId_}/${step}/forward/1` }).log)
  expect(input).toMatchObject({ kind: 'ok', value: { parent: { sagaId: sagaId_, step } } })
  const cancel = commandInput(read({ ...cancelChild, parent: sagaId_ }).log)
  expect(cancel).toMatchObject({ kind: 'ok', value: { actor: sagaId_ } })
})

test('a parent is answered as a participant would', () => {
  const { topic, key, log } = read(answerParent)
  expect([topic, key]).toEqual(['kasaga.replies', 'tour-1'])
  expect(replyInput(log)).toMatchObject({
    kind: 'ok',
    value: { sagaId: 'tour-1', step: 'legs[2].book', direction: 'forward', attempt: 1, outcome: 'rejected' },
  })
  expect(decodeReply(log)).toMatchObject({ kind: 'ok', value: { body: { code: 'child-compensated' } } })
  expect(headerOf(log, 'ce_subject')).toBe('leg-7')
  expect(headerOf(log, 'ce_commandid')).toBe('tour-1/legs[2].book/forward/1')
})

test('a participant takes a step inside a block, with no deadline', () => {
  const { topic, log } = read(send)
  expect(topic).toBe('bank.commands')
  expect(headersOf(log).has('ce_deadline')).toBe(false)
  const operations = new Map()
  expect(readCommand(log, { operations, isReplyTopic: () => true, json: JSON_LIMITS })).toMatchObject({
    fault: 'unknown-command',
  })
})

test('each is the same bytes each time', () => {
  for (const effect of [startChild, undoChild, cancelChild, answerParent, send])
    expect(effectRecord(structuredClone(effect), context)).toEqual(effectRecord(effect, context))
})
