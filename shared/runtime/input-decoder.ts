/** Records of `commands` and `replies` as inputs of a saga. What cannot be read becomes a dead letter. */
import { decodeClientCommand } from '../message/client-command-reader.ts'
import type { ClientCommand } from '../message/client-command-record.ts'
import { type Decoded, decodeReply, refuse } from '../message/command-record.ts'
import { H } from '../message/headers.ts'
import type { JsonLimits } from '../message/json.ts'
import { headerOf, keyOf, type LogRecord } from '../message/record.ts'
import { hashedOf } from '../saga/fork.ts'
import type { SagaInput } from '../saga/input.ts'
import { inputHash } from './input-hash.ts'

/** Reads a record of the replies topic. The key must be the saga's id: it is what led the record to this partition. */
export function replyInput(record: LogRecord, limits?: JsonLimits): Decoded<SagaInput> {
  const reply = decodeReply(record, limits)
  if (reply.kind === 'refused') return reply
  if (keyOf(record) !== reply.value.sagaId) return refuse('key-mismatch', 'the record key is not the saga id')
  return { kind: 'ok', value: { kind: 'reply', ...reply.value } }
}

/** Reads a record of the commands topic. */
export function commandInput(record: LogRecord, limits?: JsonLimits): Decoded<SagaInput> {
  const command = decodeClientCommand(record, limits)
  if (command.kind === 'refused') return command
  return { kind: 'ok', value: inputOf(command.value) }
}

function inputOf(command: ClientCommand): SagaInput {
  switch (command.kind) {
    case 'start': {
      const { sagaId, definition, version, priority, input, parent, origin, given = [] } = command
      const hash = inputHash(origin ? hashedOf({ input, origin, given }) : input)
      const start = { kind: 'start', sagaId, definition, version, priority, input, inputHash: hash, parent } as const
      return origin ? { ...start, origin, given } : start
    }
    case 'signal': {
      const { sagaId, requestId, name, payload, actor, roles = [] } = command
      return { kind: 'signal', sagaId, requestId, name, payload, actor, roles }
    }
    default:
      return command
  }
}

/** What an event says it was caused by: the record's id, or its place when it has none. */
export function causationOf(record: LogRecord): string {
  return headerOf(record, H.id) ?? `${record.topic}/${record.partition}/${record.offset}`
}
