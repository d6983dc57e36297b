/** The gateway's HTTP API as calls: for programs that are not on the log. Answers are checked against the API's schemas. */
import type { ZodType } from 'zod'
import type { ParticipantLimits } from '../flow/limits.ts'
import type { ActKind, ResolvedAs } from '../message/client-command-record.ts'
import { messageOf } from '../message/errors.ts'
import type { Json } from '../message/json.ts'
import { LetterDetail, LetterList, RedriveAnswer } from './dead-letter-api.ts'
import {
  ActAnswer,
  CountsAnswer,
  ForkAnswer,
  FreeLockAnswer,
  HistoryAnswer,
  LockAnswer,
  LockList,
  Problem,
  SagaDetail,
  SagaList,
  StartAnswer,
} from './http-api.ts'
import { LimitsAnswer, ParticipantDetail, ParticipantList } from './participant-api.ts'

export interface HttpClientOptions {
  /** Where the gateway is: `http://127.0.0.1:7070`. */
  readonly url: string
  readonly fetch?: typeof fetch
  /** How long an answer may take. */
  readonly answerMsMax?: number
}

const ANSWER_MS_MAX = 30_000

/**
 * Why there is no good answer.
 * `refused`: the gateway said no, with a problem. `unreachable`: no answer came; a change may or may not have been
 * made, and can be repeated under the same id. `unexpected`: what answers is no Kasaga gateway, or one of another version.
 */
export class GatewayError extends Error {
  readonly kind: 'refused' | 'unreachable' | 'unexpected'
  readonly problem: Problem | undefined

  constructor(kind: GatewayError['kind'], message: string, options: { problem?: Problem; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.kind = kind
    this.problem = options.problem
  }
}

export type StartCall = ({ readonly id: string } | { readonly key: string }) & {
  readonly definition: string
  readonly version?: number
  /** 0 to 9, 9 first; absent: what the definition says. */
  readonly priority?: number
  readonly input: Json
}

export interface ListCall {
  readonly status?: string
  readonly definition?: string
  readonly priority?: number
  readonly idPrefix?: string
  /** Only sagas that were started with all of these. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
  readonly limit?: number
  readonly after?: string
}

export interface ShowCall {
  /** `<partition>:<offset>` of a command whose outcome is wanted. */
  readonly atLeast?: string
  readonly until?: 'ended' | 'settled'
  readonly timeoutMs?: number
}

/** A saga by its id, or by the business key that it was started under. */
export type SagaRef = string | { readonly definition: string; readonly key: string }

export interface SignalCall {
  readonly payload: Json
  readonly actor?: string
  readonly roles?: readonly string[]
  readonly requestId?: string
}

export interface ActCall {
  readonly reason: string
  readonly actor?: string
  readonly requestId?: string
}

export interface ResolveCall extends ActCall {
  readonly step: string
  readonly as?: ResolvedAs
  readonly output?: Json
}

export interface SkipCall extends ActCall {
  readonly step: string
  readonly output?: Json
  readonly notDone?: boolean
}

export interface ForkCall extends ActCall {
  readonly step: string
  /** Id of the new saga; absent: the gateway makes one. */
  readonly fork?: string
  readonly input?: Json
  readonly version?: number
}

export interface LetterListCall {
  readonly reason?: string
  readonly topic?: string
  readonly key?: string
  readonly redriven?: 'no' | 'yes' | 'all'
  readonly order?: 'newest' | 'oldest'
  /** Id of the letter behind which the list goes on. */
  readonly after?: string
  readonly limit?: number
}

export interface RedriveCall {
  readonly ids: readonly string[]
  readonly reason: string
  readonly actor?: string
  /** Also those that were put back already, or too often. */
  readonly force?: boolean
}

export interface HttpClient {
  start(call: StartCall): Promise<StartAnswer>
  list(call?: ListCall): Promise<SagaList>
  show(id: string, call?: ShowCall): Promise<SagaDetail>
  history(id: string, page?: { readonly after?: number; readonly limit?: number }): Promise<HistoryAnswer>
  signal(saga: SagaRef, name: string, call: SignalCall): Promise<ActAnswer>
  cancel(id: string, call: ActCall): Promise<ActAnswer>
  pause(id: string, call: ActCall & { readonly timers?: 'hold' | 'run' }): Promise<ActAnswer>
  resume(id: string, call: ActCall): Promise<ActAnswer>
  migrate(id: string, call: ActCall & { readonly toVersion: number }): Promise<ActAnswer>
  /** Of one parked step, or of all. */
  retry(id: string, call: ActCall & { readonly step?: string }): Promise<ActAnswer>
  skip(id: string, call: SkipCall): Promise<ActAnswer>
  edit(id: string, call: ActCall & { readonly step: string; readonly payload: Json }): Promise<ActAnswer>
  kill(id: string, call: ActCall): Promise<ActAnswer>
  /** A new saga goes on from a step of this one. */
  fork(id: string, call: ForkCall): Promise<ForkAnswer>
  resolve(id: string, call: ResolveCall): Promise<ActAnswer>
  counts(): Promise<CountsAnswer>
  /** Locks that somebody holds or waits for, by resource. */
  locks(page?: { readonly limit?: number; readonly after?: string }): Promise<LockList>
  lock(resource: string): Promise<LockAnswer>
  /** Takes a lock away from a saga. */
  freeLock(resource: string, call: ActCall & { readonly saga: string }): Promise<FreeLockAnswer>
  participants(): Promise<ParticipantList>
  participant(name: string): Promise<ParticipantDetail>
  setLimits(participant: string, limits: ParticipantLimits, call: ActCall): Promise<LimitsAnswer>
  clearLimits(participant: string, call: ActCall): Promise<LimitsAnswer>
  /** Records that could not be used, the newest first. */
  deadLetters(call?: LetterListCall): Promise<LetterList>
  deadLetter(id: string): Promise<LetterDetail>
  /** Puts dead letters back where they came from. */
  redrive(call: RedriveCall): Promise<RedriveAnswer>
}

function query(values: object): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}

function askedFor(attributes: ListCall['attributes'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`attribute.${name}`, String(value)]))
}

const saga = (ref: SagaRef) =>
  typeof ref === 'string'
    ? `/v1/sagas/${encodeURIComponent(ref)}`
    : `/v1/sagas/by-key/${encodeURIComponent(ref.definition)}/${encodeURIComponent(ref.key)}`

const participant = (name: string) => `/v1/participants/${encodeURIComponent(name)}`

function refusal(body: unknown, status: number): GatewayError {
  const problem = Problem.safeParse(body)
  if (problem.success) return new GatewayError('refused', problem.data.detail, { problem: problem.data })
  return new GatewayError('unexpected', `the answer has status ${status} and is no problem of a Kasaga gateway`)
}

/** A client of the gateway at an address. Changes carry a request id when one is given, and can then be repeated. */
export function httpClient({ url, fetch: ask = fetch, answerMsMax = ANSWER_MS_MAX }: HttpClientOptions): HttpClient {
  const base = url.replace(/\/+$/, '')

  const answered = async (path: string, init: RequestInit): Promise<{ response: Response; text: string }> => {
    try {
      const response = await ask(`${base}${path}`, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(answerMsMax),
      })
      return { response, text: await response.text() }
    } catch (cause) {
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
      throw new GatewayError('unreachable', `no answer from ${base}: ${messageOf(why) || 'connection refused'}`, {
        cause,
      })
    }
  }

  const call = async <T>(path: string, schema: ZodType<T>, init: RequestInit = {}): Promise<T> => {
    const { response, text } = await answered(path, init)
    const body = parsed(text)
    if (!response.ok) throw refusal(body, response.status)
    const checked = schema.safeParse(body)
    if (!checked.success) throw new GatewayError('unexpected', `${base} answers what no Kasaga gateway answers`)
    return checked.data
  }

  const change: Change = (path, schema, { body, requestId, method = 'POST' }) =>
    call(path, schema, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(requestId !== undefined && { 'idempotency-key': requestId }) },
    })

  const act = (id: string, kind: ActKind, { requestId, ...body }: ActCall) =>
    change(`${saga(id)}/${kind}`, ActAnswer, { body, ...(requestId !== undefined && { requestId }) })

  return {
    start: (body) => change('/v1/sagas', StartAnswer, { body }),
    list: ({ attributes, ...filter } = {}) =>
      call(`/v1/sagas${query({ ...filter, ...askedFor(attributes) })}`, SagaList),
    show: (id, wanted = {}) => call(`${saga(id)}${query(wanted)}`, SagaDetail),
    history: (id, page = {}) => call(`${saga(id)}/history${query(page)}`, HistoryAnswer),
    signal: (ref, name, { requestId, ...body }) =>
      change(`${saga(ref)}/signals/${encodeURIComponent(name)}`, ActAnswer, {
        body,
        ...(requestId !== undefined && { requestId }),
      }),
    cancel: (id, given) => act(id, 'cancel', given),
    retry: (id, given) => act(id, 'retry', given),
    pause: (id, given) => act(id, 'pause', given),
    resume: (id, given) => act(id, 'resume', given),
    migrate: (id, given) => act(id, 'migrate', given),
    skip: (id, given) => act(id, 'skip', given),
    edit: (id, given) => act(id, 'edit', given),
    kill: (id, given) => act(id, 'kill', given),
    fork: (id, { requestId, ...body }) =>
      change(`${saga(id)}/fork`, ForkAnswer, { body, ...(requestId !== undefined && { requestId }) }),
    resolve: (id, given) => act(id, 'resolve', given),
    counts: () => call('/v1/counts', CountsAnswer),
    ...lockCalls(call, change),
    ...participantCalls(call, change),
    ...deadLetterCalls(call, change),
  }
}

type Call = <T>(path: string, schema: ZodType<T>) => Promise<T>
type Change = <T>(path: string, schema: ZodType<T>, asked: Changing) => Promise<T>

interface Changing {
  readonly body: unknown
  readonly requestId?: string
  readonly method?: 'POST' | 'PUT' | 'DELETE'
}

type ParticipantCalls = Pick<HttpClient, 'participants' | 'participant' | 'setLimits' | 'clearLimits'>

function lockCalls(call: Call, change: Change): Pick<HttpClient, 'locks' | 'lock' | 'freeLock'> {
  return {
    locks: (page = {}) => call(`/v1/locks${query(page)}`, LockList),
    lock: (resource) => call(`/v1/locks/${encodeURIComponent(resource)}`, LockAnswer),
    freeLock: (resource, { requestId, ...body }) =>
      change(`/v1/locks/${encodeURIComponent(resource)}/free`, FreeLockAnswer, {
        body,
        ...(requestId !== undefined && { requestId }),
      }),
  }
}

function participantCalls(call: Call, change: Change): ParticipantCalls {
  return {
    participants: () => call('/v1/participants', ParticipantList),
    participant: (name) => call(participant(name), ParticipantDetail),
    setLimits: (name, limits, { requestId, ...body }) =>
      change(`${participant(name)}/limits`, LimitsAnswer, {
        method: 'PUT',
        body: { ...body, limits },
        ...(requestId !== undefined && { requestId }),
      }),
    clearLimits: (name, { requestId, ...body }) =>
      change(`${participant(name)}/limits`, LimitsAnswer, {
        method: 'DELETE',
        body,
        ...(requestId !== undefined && { requestId }),
      }),
  }
}

function deadLetterCalls(call: Call, change: Change): Pick<HttpClient, 'deadLetters' | 'deadLetter' | 'redrive'> {
  return {
    deadLetters: (filter = {}) => call(`/v1/dead-letters${query(filter)}`, LetterList),
    deadLetter: (id) => call(`/v1/dead-letters/${encodeURIComponent(id)}`, LetterDetail),
    redrive: (body) => change('/v1/dead-letters/redrive', RedriveAnswer, { body }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
