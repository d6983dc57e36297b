/** What services use to start sagas and to talk to running ones: it writes to the log, and asks nobody else. */

import type { ParticipantLimits } from '../flow/limits.ts'
import { jsonLimitsFor } from '../message/claim.ts'
import { ACTOR_CHARS_MAX, isRole, ROLES_MAX } from '../message/client-command-reader.ts'
import { type ClientCommand, clientCommandRecord, type ResolvedAs } from '../message/client-command-record.ts'
import {
  sagaId as checkedSagaId,
  isRequestId,
  isStepPath,
  isWireName,
  lockId,
  REQUEST_ID_CHARS_MAX,
  type SagaId,
  sagaIdOfKey,
} from '../message/ids.ts'
import { type Json, type JsonLimits, parseJsonText } from '../message/json.ts'
import { lockCommandRecord } from '../message/lock-command.ts'
import { partitionOf } from '../message/murmur2.ts'
import { isPriority, PRIORITY_MAX, type Priority } from '../message/priority.ts'
import type { NewRecord } from '../message/record.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { Broker } from '../ports/broker.ts'
import type { Clock, Ids } from '../ports/clock.ts'
import type { Definition } from '../saga/definition.ts'
import { appendCommands } from './append-commands.ts'
import { InvalidInputError } from './invalid-input.ts'
import { limitParticipant } from './limit-participant.ts'
import type { Place } from './place.ts'

export interface SagaClientOptions {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly clock: Clock
  readonly ids: Ids
  /** `ce_source` of what it writes: a name of the service. */
  readonly source: string
  /** What the owners take; an input past it is refused here. */
  readonly limits?: JsonLimits
}

/** A saga by its id, or by the business key that it was started under. */
export type SagaRef = string | { readonly definition: string; readonly key: string }

/** The id that a saga is to have, or the business key that its id is made of. */
export type NewSagaRef = string | { readonly key: string }

export interface StartOptions {
  /** Whose steps are sent first where calls are limited: 0 to 9, 9 first; absent: what the definition says. */
  readonly priority?: Priority
}

export type NewSaga<Input> = StartOptions & { readonly input: Input } & (
    | { readonly sagaId: string }
    | { readonly key: string }
  )

export interface Signal {
  readonly name: string
  readonly payload?: Json
  /** Who answers, where it is an answer to an approval. */
  readonly actor?: string
  /** What that one says to be; nobody checks it yet, so whoever can write to the log can claim any. */
  readonly roles?: readonly string[]
  /** Repeated under the same id it has no second effect; absent: a new one. */
  readonly requestId?: string
}

export interface ActRequest {
  readonly actor: string
  readonly reason: string
  readonly requestId?: string
}

export interface RetryRequest extends ActRequest {
  /** Path of the parked step that is tried again; absent: all of them. */
  readonly step?: string
}

export interface ResolveRequest extends ActRequest {
  /** Path of the step that waits for a person. */
  readonly step: string
  /** `undone` (unless told): by hand. `done`, or `failed`: what became of a step whose outcome is unknown. */
  readonly as?: ResolvedAs
  /** What the step gave, where it is done. */
  readonly output?: Json
}

export interface SkipRequest extends ActRequest {
  /** Path of the step that is taken as done. */
  readonly step: string
  /** What it counts as having given; it must fit the contract. */
  readonly output?: Json
  /** Nothing was done: nothing is to be undone when the saga turns back. */
  readonly notDone?: boolean
}

export interface EditRequest extends ActRequest {
  /** Path of the parked step. */
  readonly step: string
  /** What its command carries from now on, instead of what its mapping makes. */
  readonly payload: Json
}

export interface ForkRequest extends ActRequest {
  /** The step of the saga's own plan from which the new saga goes on. */
  readonly step: string
  /** Id of the new saga. */
  readonly fork: string
  /** Another input than the saga's own; what was approved is then approved anew. */
  readonly input?: Json
  /** Version that the new saga runs; absent: the saga's own. */
  readonly version?: number
}

export interface SagaClient {
  /**
   * Starts a saga. At least once; under the same id and input it is one saga, under another input the second is refused.
   * With a key its id is `sagaIdOfKey(definition.name, key)`, and a signal finds it by definition and key.
   * @throws InvalidInputError when the input does not fit the definition, TypeError when the id, key or priority makes none.
   */
  start<Input>(
    definition: Definition<Input, unknown>,
    saga: NewSagaRef,
    input: Input,
    options?: StartOptions,
  ): Promise<Place>
  /** Starts many sagas of one definition, each as `start` does; answers their places in the order given. */
  startMany<Input>(definition: Definition<Input, unknown>, sagas: readonly NewSaga<Input>[]): Promise<readonly Place[]>
  /** Sends a signal to a saga, which keeps it whether or not something waits for it yet. */
  signal(saga: SagaRef, signal: Signal): Promise<Place>
  /** Asks a saga to turn back; refused (in its history) once the pivot is past. */
  cancel(saga: SagaRef, act: ActRequest): Promise<Place>
  /** Holds a saga: nothing new is begun until it is resumed. `timers`: whether times that come meanwhile count (`run`). */
  pause(saga: SagaRef, act: ActRequest & { readonly timers?: 'hold' | 'run' }): Promise<Place>
  /** Lets a paused saga go on: what was left is found, and what is due fires. */
  resume(saga: SagaRef, act: ActRequest): Promise<Place>
  /** Moves a saga to another version of its definition, which says how. Refused where something open would be left behind. */
  migrate(saga: SagaRef, act: ActRequest & { readonly toVersion: number }): Promise<Place>
  /** Asks a stuck saga to go on from where it is stuck: at one step, or at all. */
  retry(saga: SagaRef, act: RetryRequest): Promise<Place>
  /** Takes a step as done, with a result, so that the saga goes on after it. */
  skip(saga: SagaRef, act: SkipRequest): Promise<Place>
  /** Gives a parked step another payload, and tries it again under the same idempotency key. */
  edit(saga: SagaRef, act: EditRequest): Promise<Place>
  /**
   * Lets a new saga go on from a step of this one, with what this one has done before it, and which it never undoes. Of one
   * that has ended the log's owner remembers too little: the gateway, which reads its history, can fork it.
   */
  fork(saga: SagaRef, act: ForkRequest): Promise<Place>
  /** Says what became of a step that waits for a person: it was undone by hand, was done, or was not. */
  resolve(saga: SagaRef, act: ResolveRequest): Promise<Place>
  /**
   * Ends a saga as it is, with nothing undone: an incident, for when nothing else will do.
   * @throws TypeError without a reason.
   */
  kill(saga: SagaRef, act: ActRequest): Promise<Place>
  /**
   * Takes a lock away from a saga that holds it or waits for it. The saga does not know; its token is then an old one.
   * @throws TypeError without a reason, or when the resource is none.
   */
  freeLock(resource: string, act: ActRequest & { readonly saga: SagaRef }): Promise<Place>
  /** Says how hard a participant may be asked, in place of all that was said before; `null`: it is not limited any more. */
  limit(participant: string, limits: ParticipantLimits | null, act: ActRequest): Promise<Place>
  /** Puts a command into the log that has been checked already. */
  send(command: ClientCommand): Promise<Place>
}

/** A value as JSON carries it, under the limits. */
function asJson(value: unknown, limits?: JsonLimits): Json {
  const text = JSON.stringify(value) ?? 'null'
  const parsed = parseJsonText(text, limits)
  if (parsed.kind === 'refused') throw new InvalidInputError(parsed.message, [])
  return parsed.value
}

/** What a start needs of a definition, whatever its types. */
interface Startable {
  readonly name: string
  readonly version: number
  readonly input: {
    safeParse(
      value: unknown,
    ): { success: true } | { success: false; error: { readonly message: string; readonly issues: readonly unknown[] } }
  }
}

function checkedInput(definition: Startable, input: unknown, limits?: JsonLimits): Json {
  const json = asJson(input, limits)
  const checked = definition.input.safeParse(json)
  if (checked.success) return json
  throw new InvalidInputError(
    `the input does not fit ${definition.name}: ${checked.error.message}`,
    checked.error.issues,
  )
}

/** A client on a broker. It holds nothing open: whoever made the broker closes it. */
export function sagaClient(options: SagaClientOptions): SagaClient {
  const { broker, topics, clock, ids, source } = options
  const limits = options.limits ?? jsonLimitsFor(broker.claims)

  const append = async (records: readonly NewRecord[]): Promise<readonly Place[]> => {
    const partitions = await broker.partitions(topics.commands)
    const placed = records.map((record) => ({ partition: partitionOf(String(record.key), partitions), record }))
    return appendCommands({ broker, clock }, topics.commands, placed)
  }

  const sendAll = (commands: readonly ClientCommand[]): Promise<readonly Place[]> => {
    const stamp = { at: clock.now(), source }
    return append(commands.map((command) => clientCommandRecord(command, stamp)))
  }

  const send = async (command: ClientCommand): Promise<Place> => only(await sendAll([command]))

  const request = (saga: SagaRef, requestId = ids.next()): { sagaId: SagaId; requestId: string } => {
    if (!isRequestId(requestId))
      throw new TypeError(`a request id has 1 to ${REQUEST_ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : - / [ ]`)
    return { sagaId: idOf(saga), requestId }
  }

  const starting = (
    definition: Startable,
    saga: NewSagaRef,
    { input, priority }: StartOptions & { readonly input: unknown },
  ): ClientCommand => {
    if (priority !== undefined && !isPriority(priority))
      throw new TypeError(`a priority is a whole number from 0 to ${PRIORITY_MAX}, 9 first`)
    const { name, version } = definition
    const ref = typeof saga === 'string' ? saga : { definition: name, key: saga.key }
    const json = checkedInput(definition, input, limits)
    const rank = priority === undefined ? {} : { priority }
    return { kind: 'start', ...request(ref), definition: name, version, ...rank, input: json }
  }

  const act = (kind: 'cancel' | 'kill' | 'resume', saga: SagaRef, { actor, reason, requestId }: ActRequest) =>
    send({ kind, ...request(saga, requestId), actor, reason })

  return {
    send,
    limit: async (participant, limits, asked) =>
      limitParticipant({ broker, clock, ids, source, topic: topics.control }, participant, { ...asked, limits }),
    start: async (definition, saga, input, options = {}) => send(starting(definition, saga, { ...options, input })),
    startMany: async (definition, sagas) =>
      sendAll(sagas.map((saga) => starting(definition, 'key' in saga ? saga : saga.sagaId, saga))),
    signal: async (saga, { name, payload, actor, roles = [], requestId }) => {
      checkSender(name, actor, roles)
      return send({ kind: 'signal', ...request(saga, requestId), name, payload: asJson(payload, limits), actor, roles })
    },
    cancel: async (saga, asked) => act('cancel', saga, asked),
    resume: async (saga, asked) => act('resume', saga, asked),
    kill: async (saga, asked) => {
      if (asked.reason.trim() === '') throw new TypeError('a kill says why')
      return act('kill', saga, asked)
    },
    freeLock: async (resource, { saga, actor, reason, requestId }) => {
      if (reason.trim() === '') throw new TypeError('who takes a lock away says why')
      const asked = request(saga, requestId)
      const to = { lockId: lockId(resource), requestId: asked.requestId, saga: asked.sagaId }
      const stamp = { at: clock.now(), source }
      return only(await append([lockCommandRecord({ kind: 'take-away', ...to, actor, reason }, stamp)]))
    },
    ...stepActs({ send, request, limits }),
  }
}

function only([place]: readonly Place[]): Place {
  if (!place) throw new TypeError('an append of one command answers one place')
  return place
}

interface Sending {
  readonly send: SagaClient['send']
  readonly request: (saga: SagaRef, requestId?: string) => { sagaId: SagaId; requestId: string }
  readonly limits: JsonLimits | undefined
}

type StepActs = Pick<SagaClient, 'pause' | 'migrate' | 'retry' | 'skip' | 'edit' | 'fork' | 'resolve'>

/** The acts that say more than who asks and why. */
function stepActs({ send, request, limits }: Sending): StepActs {
  return {
    pause: async (saga, { actor, reason, requestId, timers = 'hold' }) =>
      send({ kind: 'pause', ...request(saga, requestId), actor, reason, timers }),
    migrate: async (saga, { actor, reason, requestId, toVersion }) =>
      send({ kind: 'migrate', ...request(saga, requestId), actor, reason, toVersion: checkedVersion(toVersion) }),
    retry: async (saga, { step, actor, reason, requestId }) => {
      const one = step === undefined ? {} : { step: checkedStep(step) }
      return send({ kind: 'retry', ...request(saga, requestId), actor, reason, ...one })
    },
    skip: async (saga, { step, actor, reason, requestId, output = null, notDone = false }) => {
      const what = { step: checkedStep(step), output: asJson(output, limits), notDone }
      return send({ kind: 'skip', ...request(saga, requestId), actor, reason, ...what })
    },
    edit: async (saga, { step, actor, reason, requestId, payload }) => {
      const what = { step: checkedStep(step), payload: asJson(payload, limits) }
      return send({ kind: 'edit', ...request(saga, requestId), actor, reason, ...what })
    },
    fork: async (saga, { step, actor, reason, requestId, fork, input, version }) => {
      const what = { step: checkedStep(step), fork: checkedSagaId(fork) }
      const named = version === undefined ? {} : { version: checkedVersion(version) }
      const other = input === undefined ? {} : { input: asJson(input, limits) }
      return send({ kind: 'fork', ...request(saga, requestId), actor, reason, ...what, ...named, ...other })
    },
    resolve: async (saga, { step, actor, reason, requestId, as = 'undone', output = null }) => {
      const known = { undone: {}, failed: { as }, done: { as, output: asJson(output, limits) } }[as]
      const what = { step: checkedStep(step), ...known }
      return send({ kind: 'resolve', ...request(saga, requestId), actor, reason, ...what })
    },
  }
}

function checkedVersion(version: number): number {
  if (!Number.isSafeInteger(version) || version < 1) throw new TypeError(`${version} is no version: they count from 1`)
  return version
}

function checkedStep(step: string): string {
  if (!isStepPath(step)) throw new TypeError(`${step} is no path of a step`)
  return step
}

function idOf(saga: SagaRef): SagaId {
  return typeof saga === 'string' ? checkedSagaId(saga) : sagaIdOfKey(saga.definition, saga.key)
}

function checkSender(name: string, actor = '', roles: readonly string[] = []): void {
  if (!isWireName(name)) throw new TypeError('a signal name has 1 to 200 characters of A-Z a-z 0-9 . _ : -')
  if (actor.length > ACTOR_CHARS_MAX) throw new TypeError(`an actor has at most ${ACTOR_CHARS_MAX} characters`)
  if (roles.length > ROLES_MAX || !roles.every(isRole))
    throw new TypeError(`roles are at most ${ROLES_MAX} names of A-Z a-z 0-9 . _ : -`)
}
