/** The gateway's HTTP API as calls: for programs that are not on the log. Answers are checked against the API's schemas. */

import type { ZodType } from 'zod'
import type { ActKind, ResolvedAs } from '../message/client-command-record.ts'
import { messageOf } from '../message/errors.ts'
import type { Json } from '../message/json.ts'
import { type BulkCalls, bulkCalls } from './bulk-calls.ts'
import { type DeadLetterCalls, deadLetterCalls } from './dead-letter-calls.ts'
import { ExplainAnswer } from './explain-api.ts'
import {
  ActAnswer,
  CountsAnswer,
  ForkAnswer,
  HistoryAnswer,
  Problem,
  RetryAnswer,
  SagaDetail,
  SagaList,
  StartAnswer,
} from './http-api.ts'
import { type ActCall, type Change, query } from './http-calls.ts'
import { type LockCalls, lockCalls } from './lock-calls.ts'
import { type OperatorCalls, operatorCalls } from './operator-calls.ts'
import { type ParticipantCalls, participantCalls } from './participant-calls.ts'
import type { SagaFilterBody } from './saga-filter.ts'

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

/** All that is given must hold. */
export interface ListCall extends Omit<SagaFilterBody, 'status' | 'attributes'> {
  readonly status?: string | undefined
  /** Only sagas that were started with all of these. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined
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

export interface HttpClient extends LockCalls, ParticipantCalls, OperatorCalls, DeadLetterCalls, BulkCalls {
  start(call: StartCall): Promise<StartAnswer>
  list(call?: ListCall): Promise<SagaList>
  show(id: string, call?: ShowCall): Promise<SagaDetail>
  /** Why it stands where it stands. */
  explain(id: string): Promise<ExplainAnswer>
  history(id: string, page?: { readonly after?: number; readonly limit?: number }): Promise<HistoryAnswer>
  signal(saga: SagaRef, name: string, call: SignalCall): Promise<ActAnswer>
  cancel(id: string, call: ActCall): Promise<ActAnswer>
  pause(id: string, call: ActCall & { readonly timers?: 'hold' | 'run' }): Promise<ActAnswer>
  resume(id: string, call: ActCall): Promise<ActAnswer>
  migrate(id: string, call: ActCall & { readonly toVersion: number }): Promise<ActAnswer>
  /** Of one parked step, or of all; one that is stopped is decided for again, with what it was sent meanwhile. */
  retry(id: string, call: ActCall & { readonly step?: string }): Promise<RetryAnswer>
  skip(id: string, call: SkipCall): Promise<ActAnswer>
  edit(id: string, call: ActCall & { readonly step: string; readonly payload: Json }): Promise<ActAnswer>
  kill(id: string, call: ActCall): Promise<ActAnswer>
  /** A new saga goes on from a step of this one. */
  fork(id: string, call: ForkCall): Promise<ForkAnswer>
  resolve(id: string, call: ResolveCall): Promise<ActAnswer>
  counts(): Promise<CountsAnswer>
}

function askedFor(attributes: ListCall['attributes'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`attribute.${name}`, String(value)]))
}

const saga = (ref: SagaRef) =>
  typeof ref === 'string'
    ? `/v1/sagas/${encodeURIComponent(ref)}`
    : `/v1/sagas/by-key/${encodeURIComponent(ref.definition)}/${encodeURIComponent(ref.key)}`

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
    explain: (id) => call(`${saga(id)}/explain`, ExplainAnswer),
    history: (id, page = {}) => call(`${saga(id)}/history${query(page)}`, HistoryAnswer),
    signal: (ref, name, { requestId, ...body }) =>
      change(`${saga(ref)}/signals/${encodeURIComponent(name)}`, ActAnswer, {
        body,
        ...(requestId !== undefined && { requestId }),
      }),
    cancel: (id, given) => act(id, 'cancel', given),
    retry: (id, { requestId, ...body }) =>
      change(`${saga(id)}/retry`, RetryAnswer, { body, ...(requestId !== undefined && { requestId }) }),
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
    ...operatorCalls(call),
    ...deadLetterCalls(call, change),
    ...bulkCalls(call, change),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
