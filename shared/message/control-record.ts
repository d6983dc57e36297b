/**
 * What is said to every process: records on the control topic. Of participants: limits by persons, breakers by orchestrators.
 * Of sagas: that an orchestrator has stopped deciding for one, which its log does not say.
 */
import { ACTOR_CHARS_MAX, REASON_CHARS_MAX } from './client-command-reader.ts'
import { type Decoded, refuse } from './command-record.ts'
import { H, rfc3339 } from './headers.ts'
import { isRequestId, isSagaId, REQUEST_ID_CHARS_MAX, SAGA_ID_RULE, type SagaId } from './ids.ts'
import { type Json, type JsonLimits, parseJson } from './json.ts'
import { headersOf, type LogRecord, type NewRecord } from './record.ts'

/** Types of the records on the control topic. */
export const CONTROL_FACT = {
  'limits-set': 'kasaga.limits-set.v1',
  'breaker-opened': 'kasaga.breaker-opened.v1',
  'breaker-closed': 'kasaga.breaker-closed.v1',
  'saga-stopped': 'kasaga.saga-stopped.v1',
  'saga-tried-again': 'kasaga.saga-tried-again.v1',
} as const

interface AboutParticipant {
  readonly participant: string
  /** The record's `ce_id`: said again under the same id it is the same fact. */
  readonly requestId: string
}

/** A person says how hard a participant may be asked; `null`: it is not limited any more. */
export interface LimitsSet extends AboutParticipant {
  readonly kind: 'limits-set'
  /** As shared/flow/limits.ts reads them. */
  readonly limits: Json
  readonly actor: string
  readonly reason: string
}

/** An orchestrator says what it sees of a participant. While it is open this is said again from time to time. */
export interface BreakerFact extends AboutParticipant {
  readonly kind: 'breaker-opened' | 'breaker-closed'
  /** Names the orchestrator's process. */
  readonly process: string
  /** When it opened first, milliseconds since the epoch: with participant and process it names the incident. */
  readonly since: number
  /** How many of how many calls had failed by then. */
  readonly failures: number
  readonly calls: number
}

/** A decision of a saga is broken, so that nothing is decided for it; or it is decided for once more. */
export interface SagaFact {
  readonly kind: 'saga-stopped' | 'saga-tried-again'
  readonly sagaId: SagaId
  readonly requestId: string
  /** Whose owner says so. */
  readonly partition: number
  /** Names the orchestrator's process. */
  readonly process: string
  /** When it stopped, milliseconds since the epoch. */
  readonly since: number
  /** What went wrong; of one that is tried again, what had. */
  readonly why: string
}

export type ControlFact = LimitsSet | BreakerFact | SagaFact

const WHY_CHARS_MAX = 1_000

/** What a fact is about: of two about the same the later holds. No participant's name begins with a colon. */
export function subjectOf(fact: ControlFact): string {
  if (isAboutSaga(fact)) return `:${fact.sagaId}`
  return fact.kind === 'limits-set' ? fact.participant : `${fact.participant} ${fact.process}`
}

export function isAboutSaga(fact: ControlFact): fact is SagaFact {
  return fact.kind === 'saga-stopped' || fact.kind === 'saga-tried-again'
}

/** Says whether a text can be a participant's name: it names a topic too. */
export function isParticipantName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,63}$/.test(text)
}

/** Writes a fact. The same fact and stamp give the same bytes. */
export function controlRecord(fact: ControlFact, stamp: { readonly at: number; readonly source: string }): NewRecord {
  const { requestId, kind } = fact
  const subject = isAboutSaga(fact) ? fact.sagaId : fact.participant
  return {
    key: subject,
    value: JSON.stringify(bodyOf(fact)),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, requestId],
      [H.type, CONTROL_FACT[kind]],
      [H.source, stamp.source],
      [H.time, rfc3339(stamp.at)],
      [H.subject, subject],
      ...(fact.kind === 'limits-set'
        ? ([
            [H.actor, fact.actor],
            [H.reason, fact.reason],
          ] as const)
        : []),
    ],
  }
}

function bodyOf(fact: ControlFact): Json {
  if (isAboutSaga(fact)) {
    const { sagaId, partition, process, since, why } = fact
    return { sagaId, partition, process, since, why: why.slice(0, WHY_CHARS_MAX) }
  }
  if (fact.kind === 'limits-set') return { participant: fact.participant, limits: fact.limits }
  const { participant, process, since, failures, calls } = fact
  return { participant, process, since, failures, calls }
}

/** Reads a record of the control topic. Never throws. */
export function decodeControl(record: LogRecord, limits?: JsonLimits): Decoded<ControlFact & { readonly at: number }> {
  const headers = headersOf(record)
  const requestId = headers.get(H.id)
  if (requestId === undefined) return refuse('missing-header', `${H.id} is missing`)
  if (!isRequestId(requestId))
    return refuse('bad-header', `${H.id} has 1 to ${REQUEST_ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : - / [ ]`)
  const value = parseJson(record.value, limits)
  if (value.kind === 'refused') return refuse(value.fault, value.message)
  const body = objectIn(value.value)
  const said = Date.parse(headers.get(H.time) ?? '')
  const at = Number.isNaN(said) ? record.timestamp : said
  const type = headers.get(H.type)
  if (type === CONTROL_FACT['saga-stopped']) return sagaFact({ kind: 'saga-stopped', requestId, at }, body)
  if (type === CONTROL_FACT['saga-tried-again']) return sagaFact({ kind: 'saga-tried-again', requestId, at }, body)
  return participantFact({ type, requestId, at }, headers, body)
}

interface Said {
  readonly type: string | undefined
  readonly requestId: string
  readonly at: number
}

function participantFact(
  { type, requestId, at }: Said,
  headers: ReadonlyMap<string, string>,
  body: Body,
): Decoded<(LimitsSet | BreakerFact) & { readonly at: number }> {
  const participant = body.participant
  if (typeof participant !== 'string' || !isParticipantName(participant))
    return refuse('bad-header', 'participant has small letters, digits and -, a letter first')
  const about = { participant, requestId, at }
  switch (type) {
    case CONTROL_FACT['limits-set']:
      return limitsSet(about, headers, body)
    case CONTROL_FACT['breaker-opened']:
      return breakerFact({ ...about, kind: 'breaker-opened' }, body)
    case CONTROL_FACT['breaker-closed']:
      return breakerFact({ ...about, kind: 'breaker-closed' }, body)
    default:
      return refuse('unknown-type', `nothing on the control topic has that ${H.type}`)
  }
}

type Body = Readonly<Record<string, Json | undefined>>

function objectIn(value: Json): Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : {}
}

type About = AboutParticipant & { readonly at: number }

function limitsSet(
  about: About,
  headers: ReadonlyMap<string, string>,
  { limits }: Body,
): Decoded<LimitsSet & { readonly at: number }> {
  const actor = headers.get(H.actor)
  if (actor === undefined) return refuse('missing-header', `${H.actor} is missing: who says so?`)
  const reason = headers.get(H.reason) ?? ''
  if (actor.length > ACTOR_CHARS_MAX || reason.length > REASON_CHARS_MAX)
    return refuse('bad-header', `${H.actor} has at most ${ACTOR_CHARS_MAX} characters, ${H.reason} ${REASON_CHARS_MAX}`)
  if (limits === undefined) return refuse('bad-header', 'limits is missing: null takes them away')
  return { kind: 'ok', value: { kind: 'limits-set', ...about, limits, actor, reason } }
}

function breakerFact(
  about: About & Pick<BreakerFact, 'kind'>,
  { process, since, failures, calls }: Body,
): Decoded<BreakerFact & { readonly at: number }> {
  if (typeof process !== 'string' || ![since, failures, calls].every((one) => Number.isSafeInteger(one)))
    return refuse('bad-header', 'process is a text, and since, failures and calls are whole numbers')
  const seen = { since: Number(since), failures: Number(failures), calls: Number(calls) }
  return { kind: 'ok', value: { ...about, process, ...seen } }
}

function sagaFact(
  about: Pick<SagaFact, 'kind' | 'requestId'> & { readonly at: number },
  { sagaId, partition, process, since, why }: Body,
): Decoded<SagaFact & { readonly at: number }> {
  if (typeof sagaId !== 'string' || !isSagaId(sagaId)) return refuse('bad-header', SAGA_ID_RULE)
  if (typeof process !== 'string' || typeof why !== 'string' || ![partition, since].every(Number.isSafeInteger))
    return refuse('bad-header', 'process and why are texts, and partition and since whole numbers')
  return { kind: 'ok', value: { ...about, sagaId, process, why, partition: Number(partition), since: Number(since) } }
}
