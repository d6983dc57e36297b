/** Reads the records of the commands topic: whatever they hold is a whole command, or refused with a named fault. */
import type { ClientCommand, ParentStep, PersonsAct, Request, ResolvedAs } from './client-command-record.ts'
import { asPositive, type Decoded, refuse } from './command-record.ts'
import type { GivenStep, OriginLink, ParentLink } from './events.ts'
import { CLIENT_COMMAND, H } from './headers.ts'
import { isRequestId, isSagaId, isStepPath, isWireName, REQUEST_ID_CHARS_MAX, SAGA_ID_RULE } from './ids.ts'
import type { Json, JsonLimits } from './json.ts'
import { isPriority, PRIORITY_MAX, type Priority } from './priority.ts'
import { headersOf, keyOf, type LogRecord } from './record.ts'
import { parseValue, type ValueResult } from './record-value.ts'

/** Longest `ce_actor`, in characters. */
export const ACTOR_CHARS_MAX = 200
/** Longest `ce_reason`, in characters. */
export const REASON_CHARS_MAX = 2_000
/** Most names in `ce_roles`. */
export const ROLES_MAX = 20

const ROLE = /^[A-Za-z0-9._:-]{1,64}$/

/** Says whether a text can be a role: 1 to 64 characters of `A-Z a-z 0-9 . _ : -`. */
export function isRole(text: string): boolean {
  return ROLE.test(text)
}

type Headers = ReadonlyMap<string, string>

/** Reads a client command's record. Never throws. */
export function decodeClientCommand(record: LogRecord, limits?: JsonLimits): Decoded<ClientCommand> {
  const headers = headersOf(record)
  const sagaId = headers.get(H.sagaId)
  const requestId = headers.get(H.id)
  if (sagaId === undefined || requestId === undefined)
    return refuse('missing-header', `${H.sagaId} or ${H.id} is missing`)
  if (!isSagaId(sagaId)) return refuse('bad-header', `${H.sagaId} is no saga id: ${SAGA_ID_RULE}`)
  if (!isRequestId(requestId))
    return refuse('bad-header', `${H.id} has 1 to ${REQUEST_ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : - / [ ]`)
  if (keyOf(record) !== sagaId) return refuse('key-mismatch', `the record's key is not its ${H.sagaId}`)
  const request: Request = { sagaId, requestId }
  switch (headers.get(H.type)) {
    case CLIENT_COMMAND.start:
      return decodeStart(request, headers, parseValue(record, limits))
    case CLIENT_COMMAND.signal:
      return decodeSignal(request, headers, parseValue(record, limits, NULL_TEXT))
    case CLIENT_COMMAND.cancel:
      return decodeAct('cancel', request, headers)
    case CLIENT_COMMAND.resume:
      return decodeAct('resume', request, headers)
    case CLIENT_COMMAND.migrate:
      return decodeMigrate(request, headers)
    case CLIENT_COMMAND.pause:
      return decodePause(request, headers)
    case CLIENT_COMMAND.retry:
      return decodeRetry(request, headers)
    case CLIENT_COMMAND.kill:
      return decodeKill(request, headers)
    case CLIENT_COMMAND.resolve:
      return decodeResolve(request, headers, parseValue(record, limits, NULL_TEXT))
    case CLIENT_COMMAND.skip:
      return decodeSkip(request, headers, parseValue(record, limits, NULL_TEXT))
    case CLIENT_COMMAND.edit:
      return decodeEdit(request, headers, parseValue(record, limits, NULL_TEXT))
    case CLIENT_COMMAND.fork:
      return decodeFork(request, headers, parseValue(record, limits, NULL_TEXT))
    case CLIENT_COMMAND.undo:
      return decodeUndo(request, headers)
    case undefined:
      return refuse('missing-header', `${H.type} is missing`)
    default:
      return refuse('unknown-type', `no client command has that ${H.type}`)
  }
}

/** A signal without a value carries null. */
const NULL_TEXT = new Uint8Array([0x6e, 0x75, 0x6c, 0x6c])

type Parsed = ValueResult

function decodeStart(request: Request, headers: Headers, input: Parsed): Decoded<ClientCommand> {
  const definition = headers.get(H.sagaType)
  if (definition === undefined) return refuse('missing-header', `${H.sagaType} is missing`)
  const version = asPositive(headers.get(H.sagaVersion))
  if (headers.has(H.sagaVersion) && version === undefined)
    return refuse('bad-header', `${H.sagaVersion} is not a positive whole number`)
  const rank = decodePriority(headers)
  if (rank.kind === 'refused') return rank
  const parent = headers.has(H.parentSagaId) ? decodeParent(headers) : undefined
  if (parent?.kind === 'refused') return parent
  if (input.kind === 'refused') return refuse(input.fault, input.message)
  const start = { kind: 'start', ...request, definition, version, ...rank.value, input: input.value } as const
  if (headers.has(H.originSagaId)) return decodeForked(start, headers)
  return { kind: 'ok', value: parent ? { ...start, parent: parent.value } : start }
}

/** The start of a fork: its value holds the input, and what the fork is given. */
function decodeForked(start: Extract<ClientCommand, { kind: 'start' }>, headers: Headers): Decoded<ClientCommand> {
  const sagaId = headers.get(H.originSagaId) ?? ''
  const step = headers.get(H.originStepId) ?? ''
  const seq = asPositive(headers.get(H.originSequence))
  if (!isSagaId(sagaId) || !isStepPath(step) || seq === undefined)
    return refuse('bad-header', `${H.originSagaId}, ${H.originStepId} or ${H.originSequence} is not of its form`)
  const person = decodeForker(headers)
  if (person.kind === 'refused') return person
  const { input, given: all } = partsOf(start.input)
  const given = Array.isArray(all) ? all.map(givenOf) : [undefined]
  if (input === undefined || !given.every((one) => one !== undefined))
    return refuse('bad-value', "a fork's start holds an input, and the steps that it is given")
  return { kind: 'ok', value: { ...start, input, origin: { sagaId, step, seq, ...person.value }, given } }
}

/** Who forked a saga that had ended. */
function decodeForker(headers: Headers): Decoded<Pick<OriginLink, 'actor' | 'reason'>> {
  const [actor, reason] = [headers.get(H.actor), headers.get(H.reason)]
  if (isTooLong(actor, reason)) return refuse('bad-header', TOO_LONG)
  return { kind: 'ok', value: { ...(actor !== undefined && { actor }), ...(reason !== undefined && { reason }) } }
}

function partsOf(value: Json): { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })
    : {}
}

function givenOf(value: Json): GivenStep | undefined {
  const { step, output } = partsOf(value)
  if (typeof step !== 'string' || !isStepPath(step)) return undefined
  return output === undefined ? { step } : { step, output }
}

/** The value holds another input under `input`; without one the fork takes its origin's. */
function decodeFork(request: Request, headers: Headers, value: Parsed): Decoded<ClientCommand> {
  const act = decodeStepAct(request, headers)
  if (act.kind === 'refused') return act
  const fork = headers.get(H.fork)
  if (fork === undefined) return refuse('missing-header', `${H.fork} is missing: what is the fork called?`)
  if (!isSagaId(fork)) return refuse('bad-header', `${H.fork} has 1 to 200 characters of A-Z a-z 0-9 . _ : -`)
  const version = asPositive(headers.get(H.sagaVersion))
  if (headers.has(H.sagaVersion) && version === undefined)
    return refuse('bad-header', `${H.sagaVersion} is not a positive whole number`)
  if (value.kind === 'refused') return refuse(value.fault, value.message)
  const { input } = partsOf(value.value)
  return { kind: 'ok', value: { kind: 'fork', ...act.value, fork, version, ...(input !== undefined && { input }) } }
}

function decodePriority(headers: Headers): Decoded<{ readonly priority?: Priority }> {
  const text = headers.get(H.priority)
  if (text === undefined) return { kind: 'ok', value: {} }
  const isOne = /^\d$/.test(text) && isPriority(Number(text))
  return isOne
    ? { kind: 'ok', value: { priority: Number(text) } }
    : refuse('bad-header', `${H.priority} is a whole number from 0 to ${PRIORITY_MAX}`)
}

function decodeParent(headers: Headers): Decoded<ParentLink> {
  const step = decodeParentStep(headers)
  if (step.kind === 'refused') return step
  const waits = headers.get(H.parentWaits)
  if (waits !== 'true' && waits !== 'false') return refuse('bad-header', `${H.parentWaits} is neither true nor false`)
  return { kind: 'ok', value: { ...step.value, waits: waits === 'true' } }
}

function decodeParentStep(headers: Headers): Decoded<ParentStep> {
  const sagaId = headers.get(H.parentSagaId)
  const step = headers.get(H.parentStepId)
  if (sagaId === undefined || step === undefined)
    return refuse('missing-header', `${H.parentSagaId} or ${H.parentStepId} is missing`)
  const attempt = asPositive(headers.get(H.parentAttempt))
  if (!isSagaId(sagaId) || !isStepPath(step) || attempt === undefined)
    return refuse('bad-header', `${H.parentSagaId}, ${H.parentStepId} or ${H.parentAttempt} is not of its form`)
  return { kind: 'ok', value: { sagaId, step, attempt } }
}

function decodeSignal(request: Request, headers: Headers, payload: Parsed): Decoded<ClientCommand> {
  const name = headers.get(H.signal)
  if (name === undefined) return refuse('missing-header', `${H.signal} is missing`)
  if (!isWireName(name)) return refuse('bad-header', `${H.signal} has 1 to 200 characters of A-Z a-z 0-9 . _ : -`)
  const actor = headers.get(H.actor)
  const roles = (headers.get(H.roles) ?? '').split(',').filter((role) => role !== '')
  if ((actor ?? '').length > ACTOR_CHARS_MAX)
    return refuse('bad-header', `${H.actor} has at most ${ACTOR_CHARS_MAX} characters`)
  if (roles.length > ROLES_MAX || !roles.every(isRole))
    return refuse('bad-header', `${H.roles} holds at most ${ROLES_MAX} names of A-Z a-z 0-9 . _ : -`)
  if (payload.kind === 'refused') return refuse(payload.fault, payload.message)
  return { kind: 'ok', value: { kind: 'signal', ...request, name, payload: payload.value, actor, roles } }
}

function decodePerson(request: Request, headers: Headers): Decoded<PersonsAct> {
  const actor = headers.get(H.actor) ?? headers.get(H.source)
  if (actor === undefined) return refuse('missing-header', `${H.actor} and ${H.source} are missing: who asks?`)
  const reason = headers.get(H.reason) ?? ''
  if (isTooLong(actor, reason)) return refuse('bad-header', TOO_LONG)
  return { kind: 'ok', value: { ...request, actor, reason } }
}

const TOO_LONG = `${H.actor} has at most ${ACTOR_CHARS_MAX} characters, ${H.reason} ${REASON_CHARS_MAX}`

function isTooLong(actor = '', reason = ''): boolean {
  return actor.length > ACTOR_CHARS_MAX || reason.length > REASON_CHARS_MAX
}

function decodeAct(kind: 'cancel' | 'kill' | 'resume', request: Request, headers: Headers): Decoded<ClientCommand> {
  const act = decodePerson(request, headers)
  return act.kind === 'refused' ? act : { kind: 'ok', value: { kind, ...act.value } }
}

/** Nothing of a killed saga is undone: whoever looks at it later must find why. */
function decodeKill(request: Request, headers: Headers): Decoded<ClientCommand> {
  const reason = headers.get(H.reason)
  if (reason === undefined) return refuse('missing-header', `${H.reason} is missing: a kill says why`)
  if (reason.trim() === '') return refuse('bad-header', `${H.reason} is empty: a kill says why`)
  return decodeAct('kill', request, headers)
}

function decodePause(request: Request, headers: Headers): Decoded<ClientCommand> {
  const timers = headers.get(H.timers) ?? 'hold'
  if (timers !== 'hold' && timers !== 'run') return refuse('bad-header', `${H.timers} is neither hold nor run`)
  const act = decodePerson(request, headers)
  return act.kind === 'refused' ? act : { kind: 'ok', value: { kind: 'pause', ...act.value, timers } }
}

function decodeMigrate(request: Request, headers: Headers): Decoded<ClientCommand> {
  const version = headers.get(H.sagaVersion)
  if (version === undefined) return refuse('missing-header', `${H.sagaVersion} is missing: to which version?`)
  const toVersion = asPositive(version)
  if (toVersion === undefined) return refuse('bad-header', `${H.sagaVersion} is not a positive whole number`)
  const act = decodePerson(request, headers)
  return act.kind === 'refused' ? act : { kind: 'ok', value: { kind: 'migrate', ...act.value, toVersion } }
}

function decodeRetry(request: Request, headers: Headers): Decoded<ClientCommand> {
  const step = headers.get(H.stepId)
  if (step !== undefined && !isStepPath(step)) return refuse('bad-header', `${H.stepId} is no path of a step`)
  const act = decodePerson(request, headers)
  if (act.kind === 'refused') return act
  return { kind: 'ok', value: { kind: 'retry', ...act.value, ...(step === undefined ? {} : { step }) } }
}

/** An act that is about one step. */
function decodeStepAct(request: Request, headers: Headers): Decoded<PersonsAct & { readonly step: string }> {
  const step = headers.get(H.stepId)
  if (step === undefined) return refuse('missing-header', `${H.stepId} is missing: which step is it about?`)
  if (!isStepPath(step)) return refuse('bad-header', `${H.stepId} is no path of a step`)
  const act = decodePerson(request, headers)
  return act.kind === 'refused' ? act : { kind: 'ok', value: { ...act.value, step } }
}

function isResolvedAs(text: string): text is ResolvedAs {
  return text === 'undone' || text === 'done' || text === 'failed'
}

function decodeResolve(request: Request, headers: Headers, output: Parsed): Decoded<ClientCommand> {
  const act = decodeStepAct(request, headers)
  if (act.kind === 'refused') return act
  const as = headers.get(H.resolvedAs) ?? 'undone'
  if (!isResolvedAs(as)) return refuse('bad-header', `${H.resolvedAs} is none of undone, done and failed`)
  if (as !== 'done') return { kind: 'ok', value: { kind: 'resolve', ...act.value, ...(as === 'failed' ? { as } : {}) } }
  if (output.kind === 'refused') return refuse(output.fault, output.message)
  return { kind: 'ok', value: { kind: 'resolve', ...act.value, as, output: output.value } }
}

function decodeSkip(request: Request, headers: Headers, output: Parsed): Decoded<ClientCommand> {
  const act = decodeStepAct(request, headers)
  if (act.kind === 'refused') return act
  const notDone = headers.get(H.notDone) ?? 'false'
  if (notDone !== 'true' && notDone !== 'false') return refuse('bad-header', `${H.notDone} is neither true nor false`)
  if (output.kind === 'refused') return refuse(output.fault, output.message)
  return { kind: 'ok', value: { kind: 'skip', ...act.value, output: output.value, notDone: notDone === 'true' } }
}

function decodeEdit(request: Request, headers: Headers, payload: Parsed): Decoded<ClientCommand> {
  const act = decodeStepAct(request, headers)
  if (act.kind === 'refused') return act
  if (payload.kind === 'refused') return refuse(payload.fault, payload.message)
  return { kind: 'ok', value: { kind: 'edit', ...act.value, payload: payload.value } }
}

function decodeUndo(request: Request, headers: Headers): Decoded<ClientCommand> {
  const parent = decodeParentStep(headers)
  return parent.kind === 'refused' ? parent : { kind: 'ok', value: { kind: 'undo', ...request, parent: parent.value } }
}
