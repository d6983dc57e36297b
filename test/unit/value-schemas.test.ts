/** Which schema a value has in a registry: that of its type, unless more than the type's value is in it. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import { type ClientCommand, clientCommandRecord } from '../../shared/message/client-command-record.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { saga } from '../../shared/saga/builder.ts'

const pay = saga('pay', { version: 1, input: z.object({ cents: z.int() }) })
  .local('sum', ({ input }) => input.cents)
  .end()
const schemas = valueSchemas({ commands: [], sagas: [pay] }, 'json')
const subjectOf = (command: ClientCommand) =>
  schemas.of(clientCommandRecord(command, { at: 0, source: '/test' }).headers)?.subject

const by = { sagaId: sagaId('s-1'), requestId: 'r-1' }
const start = { kind: 'start', ...by, definition: 'pay', version: 1, input: { cents: 1 } } as const

test('a start is held to the input of its definition, and a fork, which holds more, to none', () => {
  const origin = { sagaId: sagaId('s-0'), step: 'sum', seq: 2 }
  expect(subjectOf(start)).toBe('pay.v1.input')
  expect(subjectOf({ ...start, origin, given: [] })).toBe('kasaga.json.v1')
})

test('an act with a value is any JSON, one without is nothing', () => {
  const act = { ...by, actor: 'ann', reason: 'so' }
  expect(subjectOf({ kind: 'fork', ...act, step: 'sum', fork: sagaId('s-2'), input: {} })).toBe('kasaga.json.v1')
  expect(subjectOf({ kind: 'cancel', ...act })).toBe('kasaga.nothing.v1')
})
