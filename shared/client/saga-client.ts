/** What services use to start sagas and to talk to running ones: it writes to the log, and asks nobody else. */
import { type ClientCommand, clientCommandRecord } from '../message/client-command-record.ts'
import { sagaId as checkedSagaId, isSagaId, type SagaId } from '../message/ids.ts'
import { type Json, type JsonLimits, parseJsonText } from '../message/json.ts'
import { partitionOf } from '../message/murmur2.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { Broker } from '../ports/broker.ts'
import type { Clock, Ids } from '../ports/clock.ts'
import type { Definition } from '../saga/definition.ts'
import { appendCommands } from './append-commands.ts'
import { InvalidInputError } from './invalid-input.ts'
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

export interface NewSaga<Input> {
  readonly sagaId: string
  readonly input: Input
}

export interface Signal {
  readonly name: string
  readonly payload?: Json
  /** Repeated under the same id it has no second effect; absent: a new one. */
  readonly requestId?: string
}

export interface ActRequest {
  readonly actor: string
  readonly reason: string
  readonly requestId?: string
}

export interface SagaClient {
  /**
   * Starts a saga. At least once; under the same id and input it is one saga, under another input the second is refused.
   * @throws InvalidInputError when the input does not fit the definition, TypeError when the id is none.
   */
  start<Input>(definition: Definition<Input, unknown>, sagaId: string, input: Input): Promise<Place>
  /** Starts many sagas of one definition, each as `start` does; answers their places in the order given. */
  startMany<Input>(definition: Definition<Input, unknown>, sagas: readonly NewSaga<Input>[]): Promise<readonly Place[]>
  /** Sends a signal to a saga, which keeps it whether or not something waits for it yet. */
  signal(sagaId: string, signal: Signal): Promise<Place>
  /** Asks a saga to turn back; refused (in its history) once the pivot is past. */
  cancel(sagaId: string, act: ActRequest): Promise<Place>
  /** Asks a stuck saga to go on from where it is stuck. */
  retry(sagaId: string, act: ActRequest): Promise<Place>
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
  const { broker, topics, clock, ids, source, limits } = options

  const sendAll = async (commands: readonly ClientCommand[]): Promise<readonly Place[]> => {
    const partitions = await broker.partitions(topics.commands)
    const stamp = { at: clock.now(), source }
    const records = commands.map((command) => ({
      partition: partitionOf(command.sagaId, partitions),
      record: clientCommandRecord(command, stamp),
    }))
    return appendCommands({ broker, clock }, topics.commands, records)
  }

  const send = async (command: ClientCommand): Promise<Place> => {
    const [place] = await sendAll([command])
    if (!place) throw new TypeError('an append of one command answers one place')
    return place
  }

  const request = (id: string, requestId = ids.next()): { sagaId: SagaId; requestId: string } => {
    if (!isSagaId(requestId)) throw new TypeError('a request id has 1 to 200 characters of A-Z a-z 0-9 . _ : -')
    return { sagaId: checkedSagaId(id), requestId }
  }

  const starting = (definition: Startable, { sagaId, input }: NewSaga<unknown>): ClientCommand => {
    const { name, version } = definition
    const json = checkedInput(definition, input, limits)
    return { kind: 'start', ...request(sagaId), definition: name, version, input: json }
  }

  return {
    send,
    start: (definition, sagaId, input) => send(starting(definition, { sagaId, input })),
    startMany: (definition, sagas) => sendAll(sagas.map((saga) => starting(definition, saga))),
    signal: (sagaId, { name, payload, requestId }) => {
      if (!isSagaId(name)) throw new TypeError('a signal name has 1 to 200 characters of A-Z a-z 0-9 . _ : -')
      return send({ kind: 'signal', ...request(sagaId, requestId), name, payload: asJson(payload, limits) })
    },
    cancel: (sagaId, { actor, reason, requestId }) =>
      send({ kind: 'cancel', ...request(sagaId, requestId), actor, reason }),
    retry: (sagaId, { actor, reason, requestId }) =>
      send({ kind: 'retry', ...request(sagaId, requestId), actor, reason }),
  }
}
