/** Step commands and replies as records: what the orchestrator and participants exchange. */
import { CORE_ATTRIBUTES, H, isOutcome, type Outcome, rfc3339 } from './headers.ts'
import { commandId, type Direction, idempotencyKey, isSagaId, type SagaId } from './ids.ts'
import type { Json, JsonFault, JsonLimits } from './json.ts'
import { headerOf, type LogRecord, type NewRecord, type ValueFault } from './record.ts'
import { parseValue } from './record-value.ts'

/** All that a step command says. */
export interface StepCommand {
  readonly sagaId: SagaId
  readonly definition: string
  readonly version: number
  readonly step: string
  readonly direction: Direction
  readonly attempt: number
  readonly commandType: string
  readonly payload: Json
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
  /** `null`: this attempt is never given up. */
  readonly deadlineAt: number | null
  readonly replyTo: string
}

/** Writes a step command. A function of its fields alone, so that it can be sent again byte for byte (S9). */
export function commandRecord(command: StepCommand, source: string): NewRecord {
  return {
    key: command.sagaId,
    value: JSON.stringify(command.payload),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, commandId(command, command.attempt)],
      [H.type, command.commandType],
      [H.source, source],
      [H.time, rfc3339(command.at)],
      [H.sagaId, command.sagaId],
      [H.sagaType, command.definition],
      [H.sagaVersion, String(command.version)],
      [H.stepId, command.step],
      [H.direction, command.direction],
      [H.attempt, String(command.attempt)],
      [H.idempotencyKey, idempotencyKey(command)],
      [H.replyTo, command.replyTo],
      ...(command.deadlineAt === null ? [] : [[H.deadline, rfc3339(command.deadlineAt)] as const]),
    ],
  }
}

/** What a participant answers with. `body` is the output, the progress, or `{ code, message, details? }`. */
export interface ReplyContent {
  readonly outcome: Outcome
  /** JSON text. */
  readonly body: string
  readonly errorCode?: string | undefined
  readonly retryAfterMs?: number | undefined
}

export interface ReplyStamp {
  /** Id of this reply record. */
  readonly id: string
  readonly at: number
  readonly source: string
}

const ANSWERED_BY_REPLY: ReadonlySet<string> = new Set([H.commandId, H.outcome, H.errorCode, H.retryAfterMs])

/** Writes the reply to a command's record: copies every extension of it, known or not, and its trace (the echo rule). */
export function replyRecord(command: LogRecord, content: ReplyContent, stamp: ReplyStamp): NewRecord {
  const headers: (readonly [string, string | Uint8Array])[] = [
    [H.specversion, '1.0'],
    [H.contentType, 'application/json'],
    [H.id, stamp.id],
    [H.type, `${headerOf(command, H.type) ?? 'unknown'}.reply`],
    [H.source, stamp.source],
    [H.time, rfc3339(stamp.at)],
    [H.commandId, headerOf(command, H.id) ?? ''],
    [H.outcome, content.outcome],
  ]
  if (content.errorCode !== undefined) headers.push([H.errorCode, content.errorCode])
  if (content.retryAfterMs !== undefined) headers.push([H.retryAfterMs, String(content.retryAfterMs)])
  for (const header of command.headers) if (isEchoed(header[0])) headers.push(header)
  return { key: command.key, value: content.body, headers }
}

function isEchoed(name: string): boolean {
  if (name === H.traceparent || name === H.tracestate) return true
  return name.startsWith('ce_') && !CORE_ATTRIBUTES.has(name) && !ANSWERED_BY_REPLY.has(name)
}

/** A reply as it was read: routed and decoded, not yet checked against any contract. */
export interface Reply {
  readonly sagaId: SagaId
  readonly step: string
  readonly direction: Direction
  readonly attempt: number
  readonly outcome: Outcome
  readonly body: Json
  readonly errorCode: string | undefined
  readonly retryAfterMs: number | undefined
}

/** Why a record could not be used. Stable: also the `dlq-reason`. */
export type RecordFault =
  | JsonFault
  | ValueFault
  | 'missing-header'
  | 'bad-header'
  | 'bad-value'
  | 'key-mismatch'
  | 'unknown-type'

export type Decoded<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly fault: RecordFault; readonly message: string }

export function refuse(fault: RecordFault, message: string): { kind: 'refused'; fault: RecordFault; message: string } {
  return { kind: 'refused', fault, message }
}

/** `forward` or `compensate`, or nothing. */
export function asDirection(text: string | undefined): Direction | undefined {
  return text === 'forward' || text === 'compensate' ? text : undefined
}

/** A positive whole number in decimal, or nothing. */
export function asPositive(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

/** Reads a reply's record. Never throws. */
export function decodeReply(record: LogRecord, limits?: JsonLimits): Decoded<Reply> {
  const text = (name: string) => headerOf(record, name)
  const sagaId = text(H.sagaId)
  const step = text(H.stepId)
  if (sagaId === undefined || step === undefined)
    return refuse('missing-header', `${H.sagaId} or ${H.stepId} is missing`)
  const direction = asDirection(text(H.direction))
  const attempt = asPositive(text(H.attempt))
  const outcome = text(H.outcome)
  if (!isSagaId(sagaId) || !direction || !attempt || !isOutcome(outcome))
    return refuse('bad-header', 'saga id, direction, attempt or outcome is not of its form')
  const body = parseValue(record, limits)
  if (body.kind === 'refused') return refuse(body.fault, body.message)
  const errorCode = text(H.errorCode)
  const retryAfterMs = asPositive(text(H.retryAfterMs))
  return {
    kind: 'ok',
    value: { sagaId, step, direction, attempt, outcome, body: body.value, errorCode, retryAfterMs },
  }
}
