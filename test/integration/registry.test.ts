/** Values in a real registry's wire format: written and read in both formats, refused, mixed with plain JSON. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { registryBreaks } from '../../services/cli/registry-breaks.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { openRegistry } from '../../shared/adapters/registry/open-registry.ts'
import type { RegistrySettings } from '../../shared/adapters/registry/registry-api.ts'
import { RegistryClient } from '../../shared/adapters/registry/registry-client.ts'
import { RegistrySubjects } from '../../shared/adapters/registry/registry-subjects.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import { type AnyCommand, wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { commandRecord, decodeReply, type ReplyContent, replyRecord } from '../../shared/message/command-record.ts'
import { deadLetterRecord } from '../../shared/message/dead-letter.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { parseValue } from '../../shared/message/record-value.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import type { ValueFormat } from '../../shared/ports/value-schemas.ts'
import { type CommandSpec, participant } from '../../shared/saga/contract.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const input = z.object({
  orderId: z.string().min(1),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int().min(1).max(10_000), note: z.string().optional() })),
  gift: z.boolean().nullable(),
  labels: z.record(z.string(), z.string()),
  kind: z.enum(['express', 'slow']),
  weight: z.number(),
  more: z.unknown(),
})
const output = z.object({ chargeId: z.string(), cents: z.int(), at: z.string().optional() })

const VALUE: Json = {
  orderId: 'order-1',
  lines: [
    { sku: 'a', quantity: 2, note: 'ä' },
    { sku: 'b', quantity: 1 },
  ],
  gift: null,
  labels: { a: '1' },
  kind: 'express',
  weight: 1.5,
  more: [null, { deep: true }],
}

/** Names that no other test of this registry has. */
const fresh = () => `shop-${randomBytes(4).toString('hex')}`
const commandsOf = (name: string, spec: object = { input, output }) =>
  Object.values<AnyCommand>(participant(name, { charge: spec as CommandSpec<unknown, unknown> }))

let settings: RegistrySettings = { url: '', compatibility: 'BACKWARD_TRANSITIVE', register: true }

async function opened(commands: readonly AnyCommand[], format: ValueFormat = 'json', own = settings) {
  const inner = new MemoryLog({ clock: systemClock }).connect()
  const names = ['shop.commands', 'k.replies', 'k.dead-letters']
  await inner.createTopics(names.map((name) => ({ name, partitions: 1, retention: 'forever' })))
  const schemas = valueSchemas(wireContracts(commands), format)
  const topics = { events: 'k.events', snapshots: 'k.snapshots', deadLetters: 'k.dead-letters', bulk: 'k.bulk' }
  const { around, notReady } = await openRegistry({
    settings: own,
    schemas,
    topics,
    clock: systemClock,
    log: noLog,
  })
  return { broker: around(inner), inner, notReady }
}

type Opened = Awaited<ReturnType<typeof opened>>
const append = async ({ broker }: Opened, topic: string, record: NewRecord) => {
  const [result] = await broker.append([{ topic, partition: 0, records: [record] }])
  expect(result?.kind).toBe('appended')
}
const all = async (broker: Opened['broker'], topic: string): Promise<LogRecord[]> => {
  const records: LogRecord[] = []
  for await (const chunk of broker.read(topic, 0, 0n)) records.push(...chunk)
  return records
}

const commandOf = (type: string, payload: Json) =>
  commandRecord(
    {
      sagaId: sagaId('order-1'),
      definition: 'fulfil',
      version: 1,
      step: 'charge',
      direction: 'forward',
      attempt: 1,
      commandType: type,
      payload,
      at: 0,
      deadlineAt: null,
      replyTo: 'k.replies',
    },
    '/test',
  )

async function comesBack(format: ValueFormat): Promise<void> {
  const commands = commandsOf(fresh())
  const type = commands[0]?.type ?? ''
  const writer = await opened(commands, format)
  await append(writer, 'shop.commands', commandOf(type, VALUE))
  const [raw] = await all(writer.inner, 'shop.commands')
  expect(raw?.value?.[0]).toBe(0)
  expect(
    format === 'json'
      ? JSON.parse(
          Buffer.from(raw?.value ?? [])
            .subarray(5)
            .toString(),
        )
      : VALUE,
  ).toEqual(VALUE)
  const [command] = await all(writer.broker, 'shop.commands')
  if (!command) throw new Error('a command was written')
  expect(parseValue(command)).toEqual({ kind: 'ok', value: VALUE })

  const contents: ReplyContent[] = [
    { outcome: 'success', body: JSON.stringify({ chargeId: 'c', cents: 2 ** 40 }) },
    { outcome: 'rejected', body: JSON.stringify({ code: 'no', message: 'no', details: [1] }) },
    { outcome: 'failed', body: JSON.stringify({ code: 'down', message: 'down' }) },
    { outcome: 'progress', body: JSON.stringify({ done: '50%' }) },
  ]
  for (const content of contents)
    await append(writer, 'k.replies', replyRecord(command, content, { id: 'r', at: 0, source: '/test' }))
  for (const { value } of await all(writer.inner, 'k.replies')) expect(value?.[0]).toBe(0)
  // Another one, that has never written.
  const reader = await opened([], format)
  const copied = (await all(writer.inner, 'k.replies')).map(({ key, value, headers }) => ({ key, value, headers }))
  await reader.inner.append([{ topic: 'k.replies', partition: 0, records: copied }])
  const replies = (await all(reader.broker, 'k.replies')).map((record) => decodeReply(record))
  expect(replies.map((reply) => reply.kind === 'ok' && reply.value.body)).toEqual(
    contents.map(({ body }) => JSON.parse(body)),
  )
}

async function mixed(format: ValueFormat): Promise<void> {
  const commands = commandsOf(fresh())
  const type = commands[0]?.type ?? ''
  const shop = await opened(commands, format)
  const odd = { orderId: 1 }
  await append(shop, 'shop.commands', commandOf(type, odd))
  await append(shop, 'shop.commands', commandOf(type, VALUE))
  await shop.inner.append([{ topic: 'shop.commands', partition: 0, records: [commandOf(type, VALUE)] }])
  const raw = await all(shop.inner, 'shop.commands')
  expect(raw.map(({ value }) => value?.[0] === 0)).toEqual([false, true, false])
  const values = (await all(shop.broker, 'shop.commands')).map((record) => parseValue(record))
  expect(values).toEqual([odd, VALUE, VALUE].map((value) => ({ kind: 'ok', value })))
}

async function wrong(format: ValueFormat): Promise<void> {
  const commands = commandsOf(fresh())
  const type = commands[0]?.type ?? ''
  const shop = await opened(commands, format)
  await append(shop, 'shop.commands', commandOf(type, VALUE))
  const [good] = await all(shop.inner, 'shop.commands')
  const frame = Buffer.from(good?.value ?? [])
  const unknown = Buffer.from(frame)
  unknown.writeInt32BE(2_000_000_000, 1)
  const misfit = Buffer.concat([frame.subarray(0, 5), Buffer.from(format === 'json' ? '{"orderId":1}' : [2])])
  const negative = Buffer.from(frame)
  negative.writeInt32BE(-1, 1)
  const values = [unknown, negative, misfit, frame.subarray(0, 3)]
  const records = values.map((value) => ({ ...commandOf(type, null), value }))
  await shop.inner.append([{ topic: 'shop.commands', partition: 0, records }])
  const read = (await all(shop.broker, 'shop.commands')).slice(1)
  expect(read.map((record) => parseValue(record)).map((value) => value.kind === 'refused' && value.fault)).toEqual([
    'unknown-schema',
    'unknown-schema',
    'schema-mismatch',
    'schema-mismatch',
  ])
  expect(shop.notReady()).toEqual([])
  const why = { reason: 'x', message: 'x', group: 'g', service: 's', at: 0 }
  const [first] = await all(shop.broker, 'shop.commands')
  for (const record of [...read, ...(first ? [first] : [])])
    await append(shop, 'k.dead-letters', deadLetterRecord(record, why))
  const letters = await all(shop.inner, 'k.dead-letters')
  expect(letters.map(({ value }) => Buffer.from(value ?? []).toString('hex'))).toEqual(
    [...values, frame].map((value) => value.toString('hex')),
  )
}

async function broken(format: ValueFormat): Promise<void> {
  const name = fresh()
  await opened(commandsOf(name), format)
  const grown = commandsOf(name, { input: input.extend({ hint: z.string().optional() }), output })
  await opened(grown, format)
  const broken = commandsOf(name, {
    input: input.extend({ coupon: z.string() }),
    output: output.omit({ cents: true }),
  })
  await expect(opened(broken, format)).rejects.toMatchObject({ code: 'contract-refused' })
  const subjects = new RegistrySubjects(settings)
  expect(await registryBreaks(subjects, wireContracts(grown), format)).toEqual([])
  const breaks = await registryBreaks(subjects, wireContracts(broken), format)
  if (format === 'json')
    expect(breaks).toEqual([
      { contract: `${name}.charge.v1`, part: 'input', path: 'coupon', message: 'is required now, and was not' },
      {
        contract: `${name}.charge.v1`,
        part: 'output',
        path: 'cents',
        message: 'is gone, or not always there any more, and is read',
      },
    ])
  else expect(breaks.map(({ contract, part }) => [contract, part])).toContainEqual([`${name}.charge.v1.avro`, 'whole'])
}

await describeReal('values in the wire format of a schema registry', ['registry'], ({ registry: url }) => {
  settings = { ...settings, url }

  describe.each<ValueFormat>(['json', 'avro'])('in %s', (format) => {
    test('commands, answers, refusals and progress come back as they were written, by another process too', () =>
      comesBack(format))
    test('what does not fit its schema, and plain JSON of others, is read as plain JSON', () => mixed(format))
    test('an id that the registry does not know, and a payload that does not fit its schema, are told; the dead letter has the value as it came', () =>
      wrong(format))
    test('a contract that breaks what is there is refused at the start, and by the check with each change', () =>
      broken(format))
  })

  test('subjects that are new are given the level, and those that have another are left alone', async () => {
    const name = fresh()
    await opened(commandsOf(name))
    expect(await new RegistrySubjects(settings).levelOf(`${name}.charge.v1`)).toBe('BACKWARD_TRANSITIVE')
    const other = { ...settings, compatibility: 'FULL' as const }
    await expect(opened(commandsOf(name), 'json', other)).rejects.toMatchObject({ code: 'contract-refused' })
  })

  test('what only says that it has nothing is no registry: an id is waited for, and is no dead letter', async () => {
    const wrong = new RegistryClient({ ...settings, url: `${url}/nowhere` })
    await expect(wrong.codecOf(7)).rejects.toMatchObject({ code: 'registry-unreachable', retriable: true })
    const right = new RegistryClient(settings)
    await expect(right.codecOf(2_000_000_000)).rejects.toMatchObject({ code: 'schema-unknown', retriable: false })
    const nobody = new RegistryClient({ ...settings, url: 'http://127.0.0.1:1' })
    await expect(nobody.codecOf(7)).rejects.toMatchObject({ code: 'registry-unreachable', retriable: true })
  })

  test('where nothing is to be registered, schemas must be there', async () => {
    const commands = commandsOf(fresh())
    const reading = { ...settings, register: false }
    await expect(opened(commands, 'json', reading)).rejects.toMatchObject({ code: 'contract-refused' })
    await opened(commands)
    const shop = await opened(commands, 'json', reading)
    expect(shop.notReady()).toEqual([])
    await append(shop, 'shop.commands', commandOf(commands[0]?.type ?? '', VALUE))
    expect((await all(shop.inner, 'shop.commands'))[0]?.value?.[0]).toBe(0)
  })
})
