/**
 * The wire as an AsyncAPI 3 document: topics are channels, each kind of record is a message with its headers, and what
 * the orchestrator sends to participants are operations that name where the reply goes.
 */
import { CONTROL_FACT } from '../message/control-record.ts'
import { CLIENT_COMMAND, H, LOCK_COMMAND } from '../message/headers.ts'
import { participantTopic } from '../message/topics.ts'
import type { Definition } from '../saga/definition.ts'
import {
  BATCH_HEADERS,
  BREAKER_HEADERS,
  clientCommandHeaders,
  DEAD_LETTER_HEADERS,
  EVENT_HEADERS,
  LIMITS_SET_HEADERS,
  LOCK_HEADERS,
  REDRIVE_HEADERS,
  REPLY_HEADERS,
  STEP_COMMAND_HEADERS,
  STOPPED_SAGA_HEADERS,
  UNLOCK_HEADERS,
} from './header-schemas.ts'
import { ANY, ERROR_BODY, inside, type JsonSchema, jsonSchemaOf, NULL } from './json-schema.ts'
import type { AnyCommand, WireContracts } from './wire-contracts.ts'

export interface AsyncApiOptions {
  readonly title: string
  readonly version: string
  readonly contracts: WireContracts
  /** The log's own records, by `ce_type`, where the document is to tell them too. */
  readonly log?: {
    readonly events: Readonly<Record<string, JsonSchema>>
    readonly batch: readonly [string, JsonSchema]
    /** What is said of participants. */
    readonly control: Readonly<Record<keyof typeof CONTROL_FACT, JsonSchema>>
  }
}

type Tree = Readonly<Record<string, unknown>>

interface Message {
  readonly title: string
  readonly headers: string
  readonly payload: JsonSchema
  readonly extra?: Tree
}

interface Channel {
  /** Address without the prefix, where it has one. */
  readonly topic: string
  readonly isOurs: boolean
  readonly description: string
  readonly messages: Readonly<Record<string, Message>>
}

const ERROR = 'kasaga.error'
const PROGRESS = 'kasaga.progress'

/** The document, ready to be written as JSON. */
export function asyncApi({ title, version, contracts, log }: AsyncApiOptions): Tree {
  const channels = channelsOf(contracts, log)
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version,
      description:
        'CloudEvents 1.0 in Kafka binary mode: headers say what a record is, the value is JSON. The key of every record ' +
        'is the id of its saga, or the participant that it is about. Delivered at least once, in order per saga.',
    },
    defaultContentType: 'application/json',
    channels: mapped(channels, channelTree),
    operations: { ...clientOperations(contracts.sagas), ...stepOperations(contracts.commands) },
    components: { messages: allMessages(channels), schemas: HEADER_SCHEMAS },
  }
}

const HEADER_SCHEMAS: Tree = {
  StepCommandHeaders: STEP_COMMAND_HEADERS,
  ReplyHeaders: REPLY_HEADERS,
  EventHeaders: EVENT_HEADERS,
  BatchHeaders: BATCH_HEADERS,
  DeadLetterHeaders: DEAD_LETTER_HEADERS,
  RedriveHeaders: REDRIVE_HEADERS,
  LimitsSetHeaders: LIMITS_SET_HEADERS,
  BreakerHeaders: BREAKER_HEADERS,
  StoppedSagaHeaders: STOPPED_SAGA_HEADERS,
  LockHeaders: LOCK_HEADERS,
  UnlockHeaders: UNLOCK_HEADERS,
  ...Object.fromEntries(
    (Object.keys(CLIENT_COMMAND) as (keyof typeof CLIENT_COMMAND)[]).map((kind) => [
      headersName(kind),
      clientCommandHeaders(kind),
    ]),
  ),
}

function headersName(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Headers`
}

function channelsOf(contracts: WireContracts, log: AsyncApiOptions['log']): Record<string, Channel> {
  const { commands, sagas } = contracts
  const byParticipant = Object.entries(Object.groupBy(commands, ({ participant }) => participant))
  return {
    commands: {
      topic: 'commands',
      isOurs: true,
      description: 'What clients and persons ask, and parent sagas of their children',
      messages: { ...startMessages(sagas), ...actMessages(), ...LOCK_MESSAGES },
    },
    ...Object.fromEntries(
      byParticipant.map(([participant, own = []]) => [
        participantTopic(participant),
        {
          topic: participantTopic(participant),
          isOurs: false,
          description: `Commands of steps and compensations that ${participant} carries out`,
          messages: Object.fromEntries(own.map((command) => [command.type, commandMessage(command)])),
        },
      ]),
    ),
    replies: {
      topic: 'replies',
      isOurs: true,
      description: "Participants' answers, and those of child sagas",
      messages: replyMessages(commands),
    },
    ...(log && { events: logChannel(log), control: controlChannel(log) }),
    'dead-letters': {
      topic: 'dead-letters',
      isOurs: true,
      description: 'Records that could not be used, as they came, and why',
      messages: {
        'dead-letter': { title: 'A record that could not be used', headers: 'DeadLetterHeaders', payload: ANY },
        redriven: { title: 'Says that one was put back', headers: 'RedriveHeaders', payload: NULL },
      },
    },
  }
}

/** What the owners of sagas write to locks. */
const LOCK_MESSAGES: Readonly<Record<string, Message>> = {
  [LOCK_COMMAND.lock]: { title: 'Ask for a lock', headers: 'LockHeaders', payload: NULL },
  [LOCK_COMMAND.unlock]: { title: 'Free a lock', headers: 'UnlockHeaders', payload: NULL },
}

function logChannel({ events, batch }: NonNullable<AsyncApiOptions['log']>): Channel {
  const [type, value] = batch
  const ofEvent = ([name, payload]: [string, JsonSchema]) => [name, { title: name, headers: 'EventHeaders', payload }]
  return {
    topic: 'events',
    isOurs: true,
    description: 'The log: batches of events. Which batches count, the rule of acceptance says',
    messages: {
      [type]: { title: 'Begins a batch of events', headers: 'BatchHeaders', payload: value },
      ...Object.fromEntries(Object.entries(events).map(ofEvent)),
    },
  }
}

function controlChannel({ control }: NonNullable<AsyncApiOptions['log']>): Channel {
  const breaker = (title: string, payload: JsonSchema): Message => ({ title, headers: 'BreakerHeaders', payload })
  const saga = (title: string, payload: JsonSchema): Message => ({ title, headers: 'StoppedSagaHeaders', payload })
  return {
    topic: 'control',
    isOurs: true,
    description:
      'What is said to every process, of participants and of sagas that are stopped: the key is the participant or the saga, ' +
      'and what comes last of it holds',
    messages: {
      [CONTROL_FACT['limits-set']]: {
        title: 'Says how hard a participant may be asked',
        headers: 'LimitsSetHeaders',
        payload: control['limits-set'],
      },
      [CONTROL_FACT['breaker-opened']]: breaker('A process sends nothing to it', control['breaker-opened']),
      [CONTROL_FACT['breaker-closed']]: breaker('A process sends to it again', control['breaker-closed']),
      [CONTROL_FACT['saga-stopped']]: saga('Nothing is decided for it any more', control['saga-stopped']),
      [CONTROL_FACT['saga-tried-again']]: saga('It is decided for again', control['saga-tried-again']),
    },
  }
}

function commandMessage({ type, input }: AnyCommand): Message {
  return {
    title: type,
    headers: 'StepCommandHeaders',
    payload: inside(type, jsonSchemaOf(input, 'draft-7')),
    extra: { correlationId: { location: `$message.header#/${H.id}` } },
  }
}

function replyMessages(commands: readonly AnyCommand[]): Record<string, Message> {
  const extra = { correlationId: { location: `$message.header#/${H.commandId}` } }
  const reply = (title: string, payload: JsonSchema): Message => ({ title, headers: 'ReplyHeaders', payload, extra })
  const answers = commands.map(({ type, output }) => [
    `${type}.reply`,
    reply(`success of ${type}`, output ? inside(`${type}.reply`, jsonSchemaOf(output, 'draft-7')) : NULL),
  ])
  return {
    ...Object.fromEntries(answers),
    [ERROR]: reply('rejected, failed or fatal', ERROR_BODY),
    [PROGRESS]: reply('still at work: anything', ANY),
  }
}

/** The input of each definition under a name of its own: `kasaga.start.v1` is one type with as many payloads. */
function startName({ name, version }: Definition): string {
  return `${CLIENT_COMMAND.start}.${name}.v${version}`
}

function startMessages(sagas: readonly Definition[]): Record<string, Message> {
  return Object.fromEntries(
    sagas.map((definition) => {
      const { name, version, input } = definition
      const title = `starts ${name}, version ${version}`
      const payload = inside(startName(definition), jsonSchemaOf(input, 'draft-7'))
      return [startName(definition), { title, headers: 'StartHeaders', payload }]
    }),
  )
}

const WITH_VALUE: ReadonlySet<string> = new Set(['signal', 'skip', 'resolve', 'edit', 'fork'])

function actMessages(): Record<string, Message> {
  const acts = Object.entries(CLIENT_COMMAND).filter(([kind]) => kind !== 'start')
  return Object.fromEntries(
    acts.map(([kind, type]) => [
      type,
      { title: kind, headers: headersName(kind), payload: WITH_VALUE.has(kind) ? ANY : NULL },
    ]),
  )
}

function clientOperations(sagas: readonly Definition[]): Tree {
  const types = [...sagas.map(startName), ...Object.keys(actMessages())]
  return Object.fromEntries(
    types.map((type) => [
      `take ${type}`,
      { action: 'receive', channel: channelRef('commands'), messages: [messageRef('commands', type)] },
    ]),
  )
}

function stepOperations(commands: readonly AnyCommand[]): Tree {
  return Object.fromEntries(
    commands.map(({ type, participant, rejects = [] }) => {
      const topic = participantTopic(participant)
      const answers = [`${type}.reply`, ERROR, PROGRESS]
      const operation = {
        action: 'send',
        title: type,
        ...(rejects.length > 0 && { description: `Is rejected with ${rejects.join(', ')}` }),
        tags: [{ name: participant }],
        channel: channelRef(topic),
        messages: [messageRef(topic, type)],
        reply: {
          address: { location: `$message.header#/${H.replyTo}`, description: 'The key is that of the command' },
          channel: channelRef('replies'),
          messages: answers.map((answer) => messageRef('replies', answer)),
        },
      }
      return [`ask ${type}`, operation]
    }),
  )
}

const PREFIX = { prefix: { default: 'kasaga', description: 'of the topics of one installation' } }

function channelTree({ topic, isOurs, description, messages }: Channel, name: string): Tree {
  return {
    address: isOurs ? `{prefix}.${topic}` : topic,
    ...(isOurs && { parameters: PREFIX }),
    description,
    messages: mapped(messages, (_, type) => ({ $ref: `#/components/messages/${messageName(name, type)}` })),
    bindings: { kafka: { bindingVersion: '0.5.0' } },
  }
}

function allMessages(channels: Readonly<Record<string, Channel>>): Tree {
  return Object.fromEntries(
    Object.entries(channels).flatMap(([name, { messages }]) =>
      Object.entries(messages).map(([type, { title, headers, payload, extra }]) => [
        messageName(name, type),
        {
          name: type,
          title,
          contentType: 'application/json',
          headers: { $ref: `#/components/schemas/${headers}` },
          payload,
          ...extra,
        },
      ]),
    ),
  )
}

/** A type may stand on one channel only; the name says which, so that a reader finds it. */
function messageName(channel: string, type: string): string {
  return `${channel}.${type}`
}

function channelRef(name: string): Tree {
  return { $ref: `#/channels/${name}` }
}

function messageRef(channel: string, type: string): Tree {
  return { $ref: `#/channels/${channel}/messages/${type}` }
}

function mapped<T>(all: Readonly<Record<string, T>>, to: (one: T, name: string) => Tree): Tree {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, to(one, name)]))
}
