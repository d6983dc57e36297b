/**
 * Which schema each value has in a registry. A topic holds records of many types, so subjects are named for the type of
 * the record and not for the topic: `payment.charge.v1`, `payment.charge.v1.reply`, `fulfil-order.v1.input`. Those of Avro
 * end with `.avro`, because no subject goes from one format to the other.
 */
import { CLIENT_COMMAND, H } from '../message/headers.ts'
import { type NewRecord, utf8 } from '../message/record.ts'
import type { ValueFormat, ValueSchema, ValueSchemas } from '../ports/value-schemas.ts'
import { avroSchemaOf } from './avro-schema.ts'
import { ANY, DRAFT_7, ERROR_BODY, type JsonSchema, jsonSchemaOf, NULL } from './json-schema.ts'
import type { WireContracts } from './wire-contracts.ts'

/** Value of a refusal or failure of any command. */
const ERROR = 'kasaga.error.v1'
/** Any JSON: progress, signals, results that persons give. */
const JSON_VALUE = 'kasaga.json.v1'
/** Null. */
const NOTHING = 'kasaga.nothing.v1'

const REPLY = '.reply'
const WITH_VALUE: ReadonlySet<string> = new Set([
  CLIENT_COMMAND.signal,
  CLIENT_COMMAND.edit,
  CLIENT_COMMAND.skip,
  CLIENT_COMMAND.resolve,
  CLIENT_COMMAND.fork,
])
const WITHOUT_VALUE: ReadonlySet<string> = new Set(
  Object.values(CLIENT_COMMAND).filter((type) => !WITH_VALUE.has(type)),
)

/** @throws TypeError that names the contract when it cannot be said in the format. */
export function valueSchemas(contracts: WireContracts, format: ValueFormat): ValueSchemas {
  const schemas = new Map<string, ValueSchema>()
  for (const [name, schema] of payloads(contracts)) {
    const subject = format === 'avro' ? `${name}.avro` : name
    schemas.set(name, { subject, format, text: textOf(name, schema, format) })
  }
  const newest = new Map(contracts.sagas.map(({ name, version }) => [name, String(version)] as const))
  return {
    all: [...schemas.values()],
    of: (headers) => schemas.get(subjectOf(headers, newest) ?? ''),
  }
}

function* payloads({ commands, sagas }: WireContracts): Iterable<readonly [subject: string, schema: JsonSchema]> {
  for (const { type, input, output } of commands) {
    yield [type, jsonSchemaOf(input, 'draft-7')]
    yield [type + REPLY, output ? jsonSchemaOf(output, 'draft-7') : NULL]
  }
  for (const { name, version, input } of sagas)
    yield [inputSubject(name, String(version)), jsonSchemaOf(input, 'draft-7')]
  yield [ERROR, ERROR_BODY]
  yield [JSON_VALUE, ANY]
  yield [NOTHING, NULL]
}

function inputSubject(definition: string, version: string): string {
  return `${definition}.v${version}.input`
}

function textOf(subject: string, schema: JsonSchema, format: ValueFormat): string {
  if (format === 'avro') return JSON.stringify(avroSchemaOf(subject, schema))
  return JSON.stringify({ $schema: DRAFT_7, title: subject, ...(closed(schema) as JsonSchema) })
}

/**
 * Objects take no field beyond those that they name: a registry that keeps schemas backward compatible lets fields be
 * added to such objects only, because elsewhere old values could have had others under the same names.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const parts = Object.entries(schema).map(([key, part]) => [
    key,
    key === 'allOf' || key === 'enum' || key === 'const' ? part : closed(part),
  ])
  const own = Object.fromEntries(parts)
  const isOpen = own.type === 'object' && own.properties !== undefined && own.additionalProperties === undefined
  return isOpen ? { ...own, additionalProperties: false } : own
}

function subjectOf(headers: NewRecord['headers'], newest: ReadonlyMap<string, string>): string | undefined {
  const type = header(headers, H.type)
  if (type === undefined) return undefined
  if (type === CLIENT_COMMAND.start) {
    // A fork's holds what its origin gave, besides the input.
    if (header(headers, H.originSagaId) !== undefined) return JSON_VALUE
    const definition = header(headers, H.sagaType) ?? ''
    return inputSubject(definition, header(headers, H.sagaVersion) ?? newest.get(definition) ?? '')
  }
  if (WITH_VALUE.has(type)) return JSON_VALUE
  if (WITHOUT_VALUE.has(type)) return NOTHING
  return type.endsWith(REPLY) ? replySubject(type, header(headers, H.outcome)) : type
}

function replySubject(type: string, outcome: string | undefined): string {
  if (outcome === 'progress') return JSON_VALUE
  if (outcome !== 'success') return ERROR
  // What a child saga gives is its definition's business, which has no schema for it.
  return type.startsWith('kasaga.') ? JSON_VALUE : type
}

function header(headers: NewRecord['headers'], name: string): string | undefined {
  const value = headers.findLast(([own]) => own === name)?.[1]
  return typeof value === 'string' || value === undefined ? value : utf8(value)
}
