/** Reads the record of a step command and checks it against the contract. Never throws for what a sender can do wrong. */
import { asDirection, asPositive, type Decoded, type RecordFault, refuse } from '../message/command-record.ts'
import { assert } from '../message/errors.ts'
import { H } from '../message/headers.ts'
import { type IdempotencyKey, idempotencyKey, isSagaId } from '../message/ids.ts'
import type { JsonLimits } from '../message/json.ts'
import { headersOf, keyOf, type LogRecord } from '../message/record.ts'
import { parseValue } from '../message/record-value.ts'
import type { Command } from '../saga/contract.ts'
import type { CommandInfo } from './handlers.ts'
import type { Operation, Operations } from './operations.ts'

/** A command that can be carried out: well-formed, known, its payload as the contract wants it. */
export interface ReceivedCommand<Tx> {
  readonly kind: 'command'
  readonly record: LogRecord
  readonly info: CommandInfo
  readonly replyTo: string
  /** The inbox key of the step's forward command; its own key when it is that command. */
  readonly forwardKey: IdempotencyKey
  readonly operation: Operation<Tx>
  readonly input: unknown
  /** What its answer may have. */
  readonly limits: JsonLimits
}

/** Why a record is a dead letter; stable, the `dlq-reason`. */
export type CommandFault = RecordFault | 'unknown-command' | 'invalid-payload'

export interface RefusedCommand {
  readonly kind: 'refused'
  readonly record: LogRecord
  readonly fault: CommandFault
  readonly message: string
  /** Where to answer that the command is invalid; absent when the record does not say so in good form. */
  readonly replyTo: string | undefined
}

export interface ReadOptions<Tx> {
  readonly operations: Operations<Tx>
  /** Which topics a command may have its reply sent to: else whoever sends commands could write anywhere. */
  readonly isReplyTopic: (topic: string) => boolean
  /** What JSON may have, of commands and answers alike. */
  readonly json: JsonLimits
}

interface Envelope {
  readonly info: CommandInfo
  readonly replyTo: string
}

const REQUIRED = [H.id, H.type, H.sagaId, H.stepId, H.direction, H.attempt, H.idempotencyKey, H.replyTo] as const

/** Reads and checks one record. */
export function readCommand<Tx>(
  record: LogRecord,
  { operations, ...options }: ReadOptions<Tx>,
): ReceivedCommand<Tx> | RefusedCommand {
  const checked = checkCommand(record, { ...options, commandOf: (type) => operations.get(type)?.command })
  if (checked.kind === 'refused') return { ...checked, record }
  const { info, replyTo, input } = checked
  const operation = operations.get(info.type)
  assert(operation !== undefined, 'a command that was checked is in the table')
  const forwardKey = idempotencyKey({ sagaId: info.sagaId, step: info.step, direction: 'forward' })
  return { kind: 'command', record, info, replyTo, forwardKey, operation, input, limits: options.json }
}

export interface CheckOptions extends Omit<ReadOptions<never>, 'operations'> {
  readonly commandOf: (type: string) => Command<unknown, unknown> | undefined
}

type Checked =
  | { readonly kind: 'ok'; readonly info: CommandInfo; readonly replyTo: string; readonly input: unknown }
  | Omit<RefusedCommand, 'record'>

/** Whether a participant would take a record, as its contract says; nothing is carried out. */
export function checkCommand(record: LogRecord, { commandOf, isReplyTopic, json }: CheckOptions): Checked {
  const envelope = readEnvelope(record, isReplyTopic)
  if (envelope.kind === 'refused') return { ...envelope, replyTo: undefined }
  const { info, replyTo } = envelope.value
  const invalid = (fault: CommandFault, message: string) => ({ kind: 'refused', fault, message, replyTo }) as const
  const command = commandOf(info.type)
  if (!command) return invalid('unknown-command', `${info.type} is no command of this participant`)
  const payload = parseValue(record, json)
  if (payload.kind === 'refused') return invalid(payload.fault, payload.message)
  const input = command.input.safeParse(payload.value)
  if (!input.success) return invalid('invalid-payload', input.error.message)
  return { kind: 'ok', info, replyTo, input: input.data }
}

function readEnvelope(record: LogRecord, isReplyTopic: (topic: string) => boolean): Decoded<Envelope> {
  const headers = headersOf(record)
  const missing = REQUIRED.filter((name) => !headers.get(name))
  if (missing.length > 0) return refuse('missing-header', `${missing.join(', ')} missing`)
  const text = (name: string) => headers.get(name) ?? ''
  const sagaId = text(H.sagaId)
  const direction = asDirection(text(H.direction))
  const attempt = asPositive(text(H.attempt))
  const deadline = headers.get(H.deadline)
  const deadlineAt = deadline === undefined ? undefined : Date.parse(deadline)
  if (!isSagaId(sagaId) || !direction || !attempt || Number.isNaN(deadlineAt))
    return refuse('bad-header', 'saga id, direction, attempt or deadline is not of its form')
  if (keyOf(record) !== sagaId) return refuse('key-mismatch', "the record's key is not the saga id")
  const step = text(H.stepId)
  const key = idempotencyKey({ sagaId, step, direction })
  if (text(H.idempotencyKey) !== key) return refuse('bad-header', `${H.idempotencyKey} is not ${key}`)
  const replyTo = text(H.replyTo)
  if (!isReplyTopic(replyTo)) return refuse('bad-header', `${H.replyTo} names a topic that takes no replies`)
  const sentAt = Date.parse(text(H.time))
  const info: CommandInfo = {
    id: text(H.id),
    type: text(H.type),
    sagaId,
    definition: headers.get(H.sagaType),
    step,
    direction,
    attempt,
    idempotencyKey: key,
    at: Number.isNaN(sentAt) ? record.timestamp : sentAt,
    deadlineAt,
  }
  return { kind: 'ok', value: { info, replyTo } }
}

/** Topics that replies may be sent to, unless a service is told otherwise. */
export function takesReplies(topic: string): boolean {
  return topic.length <= 249 && /^[A-Za-z0-9._-]+\.replies$/.test(topic)
}
