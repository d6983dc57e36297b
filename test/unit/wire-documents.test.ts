/** schemas/asyncapi.json and schemas/openapi.json are what they say they are, and what is written fits them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { allSchemas, CONTRACTS } from '../../infra/schemas/all-schemas.ts'
import { asyncApi } from '../../shared/contracts/async-api.ts'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import { batchRecord } from '../../shared/message/batch.ts'
import { type ClientCommand, clientCommandRecord } from '../../shared/message/client-command-record.ts'
import { commandRecord, replyRecord } from '../../shared/message/command-record.ts'
import { controlRecord } from '../../shared/message/control-record.ts'
import { deadLetterRecord } from '../../shared/message/dead-letter.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import { CLIENT_COMMAND, H } from '../../shared/message/headers.ts'
import { lockId, sagaId } from '../../shared/message/ids.ts'
import { lockCommandRecord } from '../../shared/message/lock-command.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { effectRecord } from '../../shared/runtime/effect-record.ts'
import { chained } from '../../shared/runtime/event-chain.ts'
import { historyOf } from '../support/given-when-then.ts'
import { bytesOf } from '../support/wire.ts'

interface Tree {
  readonly [key: string]: Tree | undefined
}

const files = await allSchemas()
const document = files.get('asyncapi.json') as Tree
const official = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'), 'utf8'),
)
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
const isAsyncApi = ajv.compile(official)

/** Every reference in it, with what it leads to. */
function references(tree: unknown, root: Tree): [string, unknown][] {
  if (typeof tree !== 'object' || tree === null) return []
  const { $ref } = tree as { $ref?: unknown }
  if (typeof $ref === 'string') return [[$ref, at(root, $ref)]]
  return Object.values(tree).flatMap((part) => references(part, root))
}

function at(root: Tree, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<Tree | undefined>((tree, key) => tree?.[key], root)
}

describe('the AsyncAPI document', () => {
  test('is one by the official schema, and the schema finds what is wrong', () => {
    expect(isAsyncApi(document), ajv.errorsText(isAsyncApi.errors)).toBe(true)
    const operations = Object.values(document.operations ?? {})
    for (const broken of [
      { ...operations[0], action: 'ask' },
      { ...operations[0], channel: 'payment' },
    ])
      expect(isAsyncApi({ ...document, operations: { broken } })).toBe(false)
  })

  test('every reference leads somewhere, and what an operation names stands on its channel', () => {
    const all = references(document, document)
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(([, target]) => target === undefined)).toEqual([])
  })

  test('has each command of a participant on its topic, with where the reply goes', () => {
    for (const { type, participant } of CONTRACTS.commands) {
      const operation = document.operations?.[`ask ${type}`] as unknown as {
        channel: { $ref: string }
        reply: { address: { location: string }; messages: { $ref: string }[] }
      }
      expect(operation.channel.$ref).toBe(`#/channels/${participant}.commands`)
      expect(operation.reply.address.location).toBe('$message.header#/ce_replyto')
      expect(operation.reply.messages.map(({ $ref }) => $ref.split('/').at(-1))).toContain(`${type}.reply`)
    }
  })

  test('of contracts alone is one too', () => {
    const alone = asyncApi({ title: 'mine', version: '1.0.0', contracts: { ...CONTRACTS, sagas: [] } })
    expect(isAsyncApi(alone), ajv.errorsText(isAsyncApi.errors)).toBe(true)
    expect(references(alone, alone as Tree).filter(([, target]) => target === undefined)).toEqual([])
  })
})

describe('what is written has the headers that the document says, and no others', () => {
  const stamp = { at: 0, source: '/test' }
  const id = sagaId('order-1')
  const command = commandRecord(
    {
      sagaId: id,
      definition: 'fulfil-order',
      version: 1,
      step: 'charge',
      direction: 'forward',
      attempt: 1,
      commandType: 'payment.charge.v1',
      payload: {},
      at: 0,
      deadlineAt: 1,
      replyTo: 'kasaga.replies',
    },
    '/test',
  )
  const read = ({ key, headers }: NewRecord): LogRecord => ({
    topic: 'payment.commands',
    partition: 0,
    offset: 0n,
    timestamp: 0,
    key: bytesOf(String(key)),
    value: null,
    headers: headers.map(([name, value]) => [name, bytesOf(String(value))] as const),
  })
  const error = { outcome: 'failed', body: '{}', errorCode: 'down', retryAfterMs: 1 } as const
  const [envelope] = historyOf([{ type: 'step-skipped', step: 'charge' }])
  if (!envelope) throw new Error('one event makes one envelope')
  const inputs = { applied: 0, deadLettered: 0, ignored: {} }
  const batch = { number: 1, owner: 'a', count: 0, commands: 0n, replies: 0n, sentThrough: 0, inputs }
  const answer = {
    kind: 'answer-parent',
    parent: id,
    child: sagaId('child-1'),
    step: 'book',
    direction: 'forward',
    attempt: 1,
    outcome: 'success',
    body: null,
    requestId: 'r-1',
    at: 0,
  } as const
  const about = { participant: 'payment', requestId: 'r-1' }
  const seen = { process: 'p-1', since: 0, failures: 10, calls: 20 }
  const stopped = { sagaId: id, requestId: 'r-1', partition: 0, process: 'p-1', since: 0, why: 'a bug' }
  const toLock = { lockId: lockId('sku:1'), requestId: 'r-1' }
  const asker = { saga: id, step: 'book', attempt: 1 }
  const topics = { commands: 'c', replies: 'r', events: 'e', snapshots: 's', deadLetters: 'd', control: 'l', bulk: 'b' }

  test.each<[string, NewRecord]>([
    ['StepCommandHeaders', command],
    ['ReplyHeaders', replyRecord(read(command), error, { ...stamp, id: 'r-1' })],
    ['ReplyHeaders', effectRecord(answer as Parameters<typeof effectRecord>[0], { topics, source: '/test' }).record],
    ['EventHeaders', eventRecord(envelope, '/test')],
    ...chained([eventRecord(envelope, '/test')], undefined).records.map((one): [string, NewRecord] => [
      'EventHeaders',
      one,
    ]),
    ['BatchHeaders', batchRecord(batch, 0, '/test')],
    [
      'DeadLetterHeaders',
      deadLetterRecord(
        { ...read(command), headers: [] },
        { reason: 'not-json', message: 'no', group: 'g', service: 's', at: 0 },
      ),
    ],
    [
      'LimitsSetHeaders',
      controlRecord({ ...about, kind: 'limits-set', limits: null, actor: 'ann', reason: 'why' }, stamp),
    ],
    ['BreakerHeaders', controlRecord({ ...about, kind: 'breaker-opened', ...seen }, stamp)],
    ['BreakerHeaders', controlRecord({ ...about, kind: 'breaker-closed', ...seen }, stamp)],
    ['StoppedSagaHeaders', controlRecord({ ...stopped, kind: 'saga-stopped' }, stamp)],
    ['StoppedSagaHeaders', controlRecord({ ...stopped, kind: 'saga-tried-again' }, stamp)],
    ['LockHeaders', lockCommandRecord({ ...toLock, kind: 'ask', asker, permits: 1, askedAt: 0 }, stamp)],
    ['UnlockHeaders', lockCommandRecord({ ...toLock, kind: 'free', asker, askedAt: 0 }, stamp)],
    ['UnlockHeaders', lockCommandRecord({ ...toLock, kind: 'leave', saga: id, askedAt: 0 }, stamp)],
    [
      'UnlockHeaders',
      lockCommandRecord({ ...toLock, kind: 'take-away', saga: id, actor: 'ann', reason: 'why' }, stamp),
    ],
    ...clientCommands().map((one): [string, NewRecord] => [
      `${one.kind.charAt(0).toUpperCase()}${one.kind.slice(1)}Headers`,
      clientCommandRecord(one, stamp),
    ]),
  ])('%s', (name, record) => {
    const schema: Record<string, unknown> = { ...document.components?.schemas?.[name], additionalProperties: false }
    const fits = ajv.compile(schema)
    const headers = Object.fromEntries(record.headers.map(([name, value]) => [name, String(Buffer.from(value))]))
    expect(fits(headers), ajv.errorsText(fits.errors)).toBe(true)
    for (const required of schema.required as string[])
      expect(fits(Object.fromEntries(Object.entries(headers).filter(([other]) => other !== required)))).toBe(false)
  })

  test('every header has its place in one of the schemas', () => {
    const all = JSON.stringify(document.components?.schemas)
    expect(Object.values(H).filter((name) => !all.includes(`"${name}"`))).toEqual([])
  })

  test('and what clients write fits its schema in a registry', () => {
    const { of } = valueSchemas(CONTRACTS, 'json')
    const written = clientCommands().filter(({ kind }) => kind !== 'start')
    for (const one of written) {
      const { headers, value } = clientCommandRecord(one, stamp)
      const schema = of(headers)
      expect(ajv.compile(JSON.parse(schema?.text ?? 'false'))(JSON.parse(String(value))), one.kind).toBe(true)
    }
  })

  function clientCommands(): ClientCommand[] {
    const request = { sagaId: id, requestId: 'r-1' }
    const person = { ...request, actor: 'ann', reason: 'why' }
    const parent = { sagaId: id, step: 'book', attempt: 1 }
    const step = 'charge'
    const all: Record<ClientCommand['kind'], ClientCommand> = {
      start: {
        ...request,
        kind: 'start',
        definition: 'fulfil-order',
        version: 1,
        priority: 7,
        input: {},
        parent: { ...parent, waits: true },
      },
      signal: { ...request, kind: 'signal', name: 'paid', payload: null, actor: 'ann', roles: ['a', 'b'] },
      cancel: { ...person, kind: 'cancel' },
      resume: { ...person, kind: 'resume' },
      kill: { ...person, kind: 'kill' },
      pause: { ...person, kind: 'pause', timers: 'run' },
      migrate: { ...person, kind: 'migrate', toVersion: 2 },
      retry: { ...person, kind: 'retry', step },
      resolve: { ...person, kind: 'resolve', step, as: 'done', output: {} },
      skip: { ...person, kind: 'skip', step, output: {}, notDone: true },
      edit: { ...person, kind: 'edit', step, payload: {} },
      fork: { ...person, kind: 'fork', step, fork: sagaId('fork-1'), input: {}, version: 2 },
      undo: { ...request, kind: 'undo', parent },
    }
    expect(Object.keys(all).sort()).toEqual(Object.keys(CLIENT_COMMAND).sort())
    const { start } = all
    const origin = { sagaId: id, step, seq: 4 }
    return [...Object.values(all), { ...start, parent: undefined, origin, given: [] } as ClientCommand]
  }
})

describe('the OpenAPI document', () => {
  test('is one of version 3.1, and the validator finds what is wrong', async () => {
    const openapi = files.get('openapi.json') as Record<string, unknown>
    const whole = await new Validator().validate(openapi)
    expect(whole.errors).toBeUndefined()
    expect(whole.valid).toBe(true)
    expect((await new Validator().validate({ ...openapi, paths: { sagas: [] } })).valid).toBe(false)
  })

  test('has the routes of the gateway', () => {
    const { paths } = files.get('openapi.json') as { paths: Record<string, object> }
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/v1/sagas', '/v1/sagas/{id}', '/readyz']))
  })
})
