/** What clients and persons ask, as records on the commands topic, and back. Read by the owner, written by anyone. */
import { asPositive, type Decoded, refuse } from './command-record.ts'
import { CLIENT_COMMAND, H, rfc3339 } from './headers.ts'
import { isSagaId, type SagaId } from './ids.ts'
import { type Json, type JsonLimits, parseJson } from './json.ts'
import { headersOf, keyOf, type LogRecord, type NewRecord } from './record.ts'

interface Request {
  readonly sagaId: SagaId
  /** The record's `ce_id`: repeated, it has no second effect. */
  readonly requestId: string
}

interface PersonsAct extends Request {
  /** Who asks: `ce_actor`, else the record's source. */
  readonly actor: string
  readonly reason: string
}

export type ClientCommand =
  | (Request & {
      readonly kind: 'start'
      readonly definition: string
      /** Absent: the newest. */
      readonly version: number | undefined
      readonly input: Json
    })
  | (Request & { readonly kind: 'signal'; readonly name: string; readonly payload: Json })
  | (PersonsAct & { readonly kind: 'cancel' })
  | (PersonsAct & { readonly kind: 'retry' })

/** Longest `ce_actor`, in characters. */
export const ACTOR_CHARS_MAX = 200
/** Longest `ce_reason`, in characters. */
export const REASON_CHARS_MAX = 2_000

export interface CommandStamp {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly source: string
}

/** Writes a client command. The same command and stamp give the same bytes. */
export function clientCommandRecord(command: ClientCommand, stamp: CommandStamp): NewRecord {
  return {
    key: command.sagaId,
    value: textOf(command),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, command.requestId],
      [H.type, CLIENT_COMMAND[command.kind]],
      [H.source, stamp.source],
      [H.time, rfc3339(stamp.at)],
      [H.sagaId, command.sagaId],
      ...ownHeaders(command),
    ],
  }
}

function textOf(command: ClientCommand): string {
  switch (command.kind) {
    case 'start':
      return JSON.stringify(command.input)
    case 'signal':
      return JSON.stringify(command.payload)
    case 'cancel':
    case 'retry':
      return 'null'
  }
}

function ownHeaders(command: ClientCommand): readonly (readonly [string, string])[] {
  switch (command.kind) {
    case 'start': {
      const type = [H.sagaType, command.definition] as const
      return command.version === undefined ? [type] : [type, [H.sagaVersion, String(command.version)]]
    }
    case 'signal':
      return [[H.signal, command.name]]
    case 'cancel':
    case 'retry':
      return [
        [H.actor, command.actor],
        [H.reason, command.reason],
      ]
  }
}

type Headers = ReadonlyMap<string, string>

/** Reads a client command's record. Never throws. */
export function decodeClientCommand(record: LogRecord, limits?: JsonLimits): Decoded<ClientCommand> {
  const headers = headersOf(record)
  const sagaId = headers.get(H.sagaId)
  const requestId = headers.get(H.id)
  if (sagaId === undefined || requestId === undefined)
    return refuse('missing-header', `${H.sagaId} or ${H.id} is missing`)
  if (!isSagaId(sagaId) || !isSagaId(requestId))
    return refuse('bad-header', `${H.sagaId} and ${H.id} have 1 to 200 characters of A-Z a-z 0-9 . _ : -`)
  if (keyOf(record) !== sagaId) return refuse('key-mismatch', `the record's key is not its ${H.sagaId}`)
  const request: Request = { sagaId, requestId }
  switch (headers.get(H.type)) {
    case CLIENT_COMMAND.start:
      return decodeStart(request, headers, parseJson(record.value, limits))
    case CLIENT_COMMAND.signal:
      return decodeSignal(request, headers, parseJson(record.value ?? NULL_TEXT, limits))
    case CLIENT_COMMAND.cancel:
      return decodeAct('cancel', request, headers)
    case CLIENT_COMMAND.retry:
      return decodeAct('retry', request, headers)
    case undefined:
      return refuse('missing-header', `${H.type} is missing`)
    default:
      return refuse('unknown-type', `no client command has that ${H.type}`)
  }
}

/** A signal without a value carries null. */
const NULL_TEXT = new Uint8Array([0x6e, 0x75, 0x6c, 0x6c])

type Parsed = ReturnType<typeof parseJson>

function decodeStart(request: Request, headers: Headers, input: Parsed): Decoded<ClientCommand> {
  const definition = headers.get(H.sagaType)
  if (definition === undefined) return refuse('missing-header', `${H.sagaType} is missing`)
  const version = asPositive(headers.get(H.sagaVersion))
  if (headers.has(H.sagaVersion) && version === undefined)
    return refuse('bad-header', `${H.sagaVersion} is not a positive whole number`)
  if (input.kind === 'refused') return refuse(input.fault, input.message)
  return { kind: 'ok', value: { kind: 'start', ...request, definition, version, input: input.value } }
}

function decodeSignal(request: Request, headers: Headers, payload: Parsed): Decoded<ClientCommand> {
  const name = headers.get(H.signal)
  if (name === undefined) return refuse('missing-header', `${H.signal} is missing`)
  if (!isSagaId(name)) return refuse('bad-header', `${H.signal} has 1 to 200 characters of A-Z a-z 0-9 . _ : -`)
  if (payload.kind === 'refused') return refuse(payload.fault, payload.message)
  return { kind: 'ok', value: { kind: 'signal', ...request, name, payload: payload.value } }
}

function decodeAct(kind: 'cancel' | 'retry', request: Request, headers: Headers): Decoded<ClientCommand> {
  const actor = headers.get(H.actor) ?? headers.get(H.source)
  if (actor === undefined) return refuse('missing-header', `${H.actor} and ${H.source} are missing: who asks?`)
  const reason = headers.get(H.reason) ?? ''
  if (actor.length > ACTOR_CHARS_MAX || reason.length > REASON_CHARS_MAX)
    return refuse('bad-header', `${H.actor} has at most ${ACTOR_CHARS_MAX} characters, ${H.reason} ${REASON_CHARS_MAX}`)
  return { kind: 'ok', value: { kind, ...request, actor, reason } }
}
