/** schemas/ is what the code says today, and what the code writes fits it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { allSchemas } from '../../infra/schemas/all-schemas.ts'
import { BatchValue, EVENT_VALUES, SCHEMAS_ARE_TYPES } from '../../infra/schemas/event-schemas.ts'
import { LOCK_EVENT_VALUES, LOCK_SCHEMAS_ARE_TYPES } from '../../infra/schemas/lock-schemas.ts'
import { type BatchHeader, batchRecord } from '../../shared/message/batch.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import { LOCK_EVENT_TYPES } from '../../shared/message/lock-events.ts'
import { historyOf } from '../support/given-when-then.ts'

const folder = fileURLToPath(new URL('../../schemas', import.meta.url))
const schemas = await allSchemas()

test('the files of schemas/ are those that the code generates: npm run schemas', () => {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'))
  expect(found.sort()).toEqual([...schemas.keys()].sort())
})

test.each([...schemas])('%s is up to date', (path, schema) => {
  expect(JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'))).toEqual(schema)
})

describe('what is written fits', () => {
  const written = (event: Parameters<typeof historyOf>[0][number]): unknown => {
    const [envelope] = historyOf([event])
    if (!envelope) throw new Error('one event makes one envelope')
    return JSON.parse(String(eventRecord(envelope, '/test').value))
  }

  test('an event', () => {
    const error = { kind: 'failed', code: 'down', message: 'the service is down' } as const
    const value = written({ type: 'step-failed', step: 'charge', attempt: 1, error, retryAt: null })
    expect(EVENT_VALUES['step-failed'].strict().parse(value)).toEqual(value)
    expect(() => EVENT_VALUES['step-failed'].parse({ step: 'charge' })).toThrow('attempt')
  })

  test('a batch header', () => {
    const inputs = { applied: 1, deadLettered: 0, ignored: { 'old-attempt': 1 } }
    const marks = { commands: 9_007_199_254_740_993n, replies: 0n }
    const header: BatchHeader = {
      format: 1,
      engine: '1.0.0',
      number: 1,
      owner: 'a',
      count: 2,
      sentThrough: 0,
      inputs,
      ...marks,
    }
    const value = JSON.parse(String(batchRecord(header, 0, '/test').value))
    expect(BatchValue.strict().parse(value)).toEqual(value)
  })

  test('every event type has a schema, which the compiler holds to its type', () => {
    expect(Object.keys(SCHEMAS_ARE_TYPES).sort()).toEqual([...Object.keys(EVENT_VALUES), 'batch'].sort())
    expect(Object.keys(LOCK_SCHEMAS_ARE_TYPES)).toEqual(Object.keys(LOCK_EVENT_VALUES))
    expect(Object.keys(LOCK_EVENT_VALUES)).toEqual(LOCK_EVENT_TYPES)
  })
})
