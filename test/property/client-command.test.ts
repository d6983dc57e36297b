/** Client commands: whatever a client may say comes back as it went, and whatever a topic may hold does no harm. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeClientCommand } from '../../shared/message/client-command-reader.ts'
import { type ClientCommand, clientCommandRecord } from '../../shared/message/client-command-record.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { type Json, parseJsonText } from '../../shared/message/json.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { stored } from '../support/fabricate-log.ts'
import { parameters } from './property-runs.ts'

const AT = { topic: 'kasaga.commands', partition: 0, offset: 0n, timestamp: 0 }
const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,200}$/)
const words = (charsMax: number) => fc.string({ unit: 'grapheme', maxLength: charsMax / 8 })
/** JSON as it is read back: without -0, and without the keys that are refused. */
const json: fc.Arbitrary<Json> = fc
  .json({ maxDepth: 6 })
  .map((text) => parseJsonText(text))
  .filter((parsed) => parsed.kind === 'ok')
  .map((parsed) => JSON.parse(JSON.stringify(parsed.value)))

const requestId = fc.oneof(id, fc.stringMatching(/^[A-Za-z0-9._:/[\]-]{1,1000}$/))
const request = fc.record({ sagaId: id.map(sagaId), requestId })
const stepPath = fc.stringMatching(/^[A-Za-z0-9.[\]-]{1,780}$/)
const parentStep = fc.record({
  sagaId: id.map(sagaId),
  step: stepPath,
  attempt: fc.integer({ min: 1, max: 999_999_999 }),
})
const parent = fc.record({ parentStep, waits: fc.boolean() }).map(({ parentStep, waits }) => ({ ...parentStep, waits }))
const roles = fc.array(fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/), { maxLength: 20 })
const act = fc.record({ actor: words(200), reason: words(2_000) })
const positive = fc.integer({ min: 1, max: 999_999_999 })
const command: fc.Arbitrary<ClientCommand> = fc.oneof(
  fc
    .record({
      request,
      definition: id,
      version: fc.option(fc.integer({ min: 1, max: 999_999_999 }), { nil: undefined }),
      priority: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      input: json,
      parent: fc.option(parent, { nil: undefined }),
    })
    .map(({ request, priority, ...rest }) => {
      const rank = priority === undefined ? {} : { priority }
      return { kind: 'start' as const, ...request, ...rank, ...rest }
    }),
  fc
    .record({
      request,
      definition: id,
      version: fc.option(positive, { nil: undefined }),
      input: json,
      origin: fc.record(
        { sagaId: id.map(sagaId), step: stepPath, seq: positive, actor: words(200), reason: words(2_000) },
        { requiredKeys: ['sagaId', 'step', 'seq'] },
      ),
      given: fc.array(fc.record({ step: stepPath, output: json }, { requiredKeys: ['step'] }), { maxLength: 5 }),
    })
    .map(({ request, ...rest }) => ({ kind: 'start' as const, ...request, ...rest })),
  fc
    .record({
      request,
      act,
      step: stepPath,
      fork: id.map(sagaId),
      version: fc.option(positive, { nil: undefined }),
      given: fc.option(json, { nil: undefined }),
    })
    .map(({ request, act, given: input, ...rest }) => {
      return { kind: 'fork' as const, ...request, ...act, ...rest, ...(input !== undefined && { input }) }
    }),
  fc
    .record({ request, name: id, payload: json, actor: fc.option(words(200), { nil: undefined }), roles })
    .map(({ request, ...rest }) => ({ kind: 'signal' as const, ...request, ...rest })),
  fc
    .record({ request, act, step: fc.option(stepPath, { nil: undefined }), kind: fc.constantFrom('cancel', 'retry') })
    .map(({ kind, request, act, step }) =>
      kind === 'retry'
        ? { kind, ...request, ...act, ...(step === undefined ? {} : { step }) }
        : { kind: 'cancel' as const, ...request, ...act },
    ),
  fc
    .record({ request, act, step: stepPath, output: json, notDone: fc.boolean() })
    .map(({ request, act, ...rest }) => ({ kind: 'skip' as const, ...request, ...act, ...rest })),
  fc
    .record({ request, act, timers: fc.constantFrom('hold' as const, 'run' as const) })
    .map(({ request, act, timers }) => ({ kind: 'pause' as const, ...request, ...act, timers })),
  fc
    .record({ request, act, toVersion: fc.integer({ min: 1, max: 9 }) })
    .map(({ request, act, toVersion }) => ({ kind: 'migrate' as const, ...request, ...act, toVersion })),
  fc.record({ request, act }).map(({ request, act }) => ({ kind: 'resume' as const, ...request, ...act })),
  fc
    .record({ request, act, step: stepPath, payload: json })
    .map(({ request, act, ...rest }) => ({ kind: 'edit' as const, ...request, ...act, ...rest })),
  fc.record({ request, act, step: stepPath, output: json }).map(({ request, act, ...rest }) => ({
    kind: 'resolve' as const,
    ...request,
    ...act,
    as: 'done' as const,
    ...rest,
  })),
  fc
    .record({ request, act, step: stepPath })
    .map(({ request, act, step }) => ({ kind: 'resolve' as const, ...request, ...act, step, as: 'failed' as const })),
  fc
    .record({ request, act })
    .filter(({ act }) => act.reason.trim() !== '')
    .map(({ request, act }) => ({ kind: 'kill' as const, ...request, ...act })),
  fc
    .record({ request, act, parentStep })
    .map(({ request, act, parentStep: { step } }) => ({ kind: 'resolve' as const, ...request, ...act, step })),
  fc
    .record({ request, parent: parentStep })
    .map(({ request, parent }) => ({ kind: 'undo' as const, ...request, parent })),
)

test('a command comes back as it went', () => {
  fc.assert(
    fc.property(command, fc.integer({ min: 0, max: 4e12 }), (command, at) => {
      const record = stored(clientCommandRecord(command, { at, source: '/test' }), AT)
      expect(decodeClientCommand(record)).toEqual({ kind: 'ok', value: command })
    }),
    parameters(1_000),
  )
})

const bytes = fc.uint8Array({ maxLength: 60 })
const headerName = fc.constantFrom(
  'ce_id',
  'ce_type',
  'ce_sagaid',
  'ce_sagatype',
  'ce_sagaversion',
  'ce_signal',
  'ce_actor',
  'ce_reason',
  'ce_roles',
  'ce_stepid',
  'ce_parentsagaid',
  'ce_parentstepid',
  'ce_parentattempt',
  'ce_parentwaits',
  'ce_resolvedas',
  'ce_notdone',
  'ce_timers',
  'ce_fork',
  'ce_originsagaid',
  'ce_originstepid',
  'ce_originsequence',
  'ce_priority',
  'x',
)
const known = fc.constantFrom(
  'kasaga.start.v1',
  'kasaga.signal.v1',
  'kasaga.cancel.v1',
  'kasaga.retry.v1',
  'kasaga.kill.v1',
  'kasaga.resolve.v1',
  'kasaga.skip.v1',
  'kasaga.edit.v1',
  'kasaga.fork.v1',
  'kasaga.pause.v1',
  'kasaga.migrate.v1',
  'kasaga.resume.v1',
  'done',
  'failed',
  'kasaga.undo.v1',
  'order-1',
  'true',
  '1',
  '',
)
const headerValue = fc.oneof(
  bytes,
  known.map((text) => new TextEncoder().encode(text)),
)
const encoded = (text: string) => new TextEncoder().encode(text)
/** Near enough to a command that some are read: whole headers, of which some are left out or overruled by rubbish. */
const rubbish: fc.Arbitrary<LogRecord> = fc
  .record({
    whole: command.map((command) => stored(clientCommandRecord(command, { at: 0, source: '/test' }), AT)),
    left: fc.array(fc.nat({ max: 12 }), { maxLength: 2 }),
    added: fc.array(fc.tuple(headerName, headerValue), { maxLength: 2 }),
    key: fc.option(fc.oneof(headerValue, fc.constant(encoded('order-1'))), { freq: 1 }),
    value: fc.option(bytes),
    keepKey: fc.boolean(),
    keepValue: fc.boolean(),
  })
  .map(({ whole, left, added, ...other }) => ({
    ...whole,
    key: other.keepKey ? whole.key : other.key,
    value: other.keepValue ? whole.value : other.value,
    headers: [...whole.headers.filter((_, i) => !left.includes(i)), ...added],
  }))

test('rubbish comes in both kinds: refused and read', () => {
  const kinds = fc.sample(rubbish, 1_000).map((record) => decodeClientCommand(record).kind)
  expect(new Set(kinds)).toEqual(new Set(['ok', 'refused']))
})

test('rubbish is refused with a named fault or read as a whole command, and never throws', () => {
  fc.assert(
    fc.property(rubbish, (record) => {
      const decoded = decodeClientCommand(record)
      if (decoded.kind === 'refused') expect(decoded.fault).toMatch(/^[a-z0-9-]+$/)
      else
        expect(decodeClientCommand(stored(clientCommandRecord(decoded.value, { at: 0, source: 's' }), AT))).toEqual(
          decoded,
        )
    }),
    parameters(1_000),
  )
})

test('a record that lost or swapped one byte is refused or read as some other whole command', () => {
  fc.assert(
    fc.property(command, fc.nat(), fc.integer({ min: 0, max: 255 }), (command, where, byte) => {
      const record = stored(clientCommandRecord(command, { at: 0, source: '/test' }), AT)
      const value = Uint8Array.from(record.value ?? [])
      if (value.length > 0) value[where % value.length] = byte
      const decoded = decodeClientCommand({ ...record, value })
      if (decoded.kind === 'ok') expect(decoded.value).toMatchObject({ kind: command.kind, sagaId: command.sagaId })
    }),
    parameters(1_000),
  )
})
