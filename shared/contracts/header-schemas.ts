/** The headers of each kind of record as JSON Schemas. Header values are text; what is required must be there. */
import { CLIENT_COMMAND, H, LOCK_COMMAND } from '../message/headers.ts'
import type { JsonSchema } from './json-schema.ts'

const text = (description: string): JsonSchema => ({ type: 'string', description })
const count = (description: string): JsonSchema => ({ type: 'string', pattern: '^[1-9][0-9]{0,8}$', description })
const one = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values })
const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description })
const sagaId = (description: string): JsonSchema => ({
  type: 'string',
  pattern: '^[A-Za-z0-9._:-]{1,200}$',
  description,
})
const flag = (description: string): JsonSchema => ({ ...one('true', 'false'), description })

type Headers = Readonly<Record<string, JsonSchema>>

function headers(required: Headers, optional: Headers = {}): JsonSchema {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) }
}

const EVENT: Headers = {
  [H.specversion]: { const: '1.0' },
  [H.id]: text('id of the record'),
  [H.type]: text('what it is'),
  [H.source]: text('who wrote it'),
  [H.time]: time('when it was decided or answered'),
}
const PAYLOAD: Headers = { ...EVENT, [H.contentType]: text('of the value') }
const TRACE: Headers = { [H.traceparent]: text('W3C trace context'), [H.tracestate]: text('W3C trace context') }

const STEP: Headers = {
  [H.sagaId]: sagaId('the saga; also the key'),
  [H.stepId]: text('path of the step: charge, parcels[3].label'),
  [H.direction]: one('forward', 'compensate'),
  [H.attempt]: count('from 1, per direction'),
  [H.idempotencyKey]: text('<saga>/<step>/<direction>: the same over all attempts'),
}
const OF_COMMAND: Headers = {
  [H.sagaType]: text('name of the definition'),
  [H.sagaVersion]: count('version of the definition'),
  [H.replyTo]: text('topic of the reply, whose key is that of the command'),
}
const DEADLINE: Headers = { [H.deadline]: time('work is not started past it') }
const CHILD: Headers = { [H.subject]: sagaId('the child, in the answer of one') }

/** Of a command to a participant. */
export const STEP_COMMAND_HEADERS: JsonSchema = headers(
  { ...PAYLOAD, ...STEP, ...OF_COMMAND },
  { ...DEADLINE, ...TRACE },
)

/** Of a reply: those of its command, and how it was answered. The answer of a child saga echoes less. */
export const REPLY_HEADERS: JsonSchema = headers(
  {
    ...PAYLOAD,
    ...STEP,
    [H.commandId]: text('ce_id of the command'),
    [H.outcome]: one('success', 'rejected', 'failed', 'fatal', 'progress'),
  },
  {
    ...OF_COMMAND,
    ...DEADLINE,
    ...CHILD,
    ...TRACE,
    [H.errorCode]: text('code of what went wrong'),
    [H.retryAfterMs]: { type: 'string', pattern: '^[0-9]+$', description: 'with failed: least wait, milliseconds' },
  },
)

/** Of an event of the log. */
export const EVENT_HEADERS: JsonSchema = headers(
  {
    ...EVENT,
    [H.sagaId]: sagaId('the saga; also the key'),
    [H.sequence]: count('over the saga, without a gap'),
    [H.causationId]: text('ce_id of the input that caused it, its place, or timer/<ms>'),
  },
  {
    [H.chain]: {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
      description: 'hash over the event and that of the event before; older logs have none',
    },
  },
)

/** Of the header record of a batch. */
export const BATCH_HEADERS: JsonSchema = headers(EVENT)

const PERSON: Headers = {
  [H.actor]: { type: 'string', maxLength: 200, description: 'who asks' },
  [H.reason]: { type: 'string', maxLength: 2_000, description: 'why' },
}
const PARENT: Headers = {
  [H.parentSagaId]: sagaId('the saga that started it'),
  [H.parentStepId]: text('path of its step'),
  [H.parentAttempt]: count('attempt of that step'),
}
const ORIGIN: Headers = {
  [H.originSagaId]: sagaId('the saga that it is a fork of'),
  [H.originStepId]: text('the step from which'),
  [H.originSequence]: count('the event of the origin that says so; of one that had ended: its newest'),
}
const STEP_OF_ACT: Headers = { [H.stepId]: text('path of the step') }

type Kind = keyof typeof CLIENT_COMMAND

const OWN: Readonly<Record<Kind, readonly [required: Headers, optional: Headers]>> = {
  start: [
    { [H.sagaType]: text('name of the definition') },
    {
      [H.sagaVersion]: count('version of the definition; absent: the newest'),
      [H.priority]: {
        type: 'string',
        pattern: '^[0-9]$',
        description: 'whose steps are sent first where calls are limited, 9 first; absent: what the definition says',
      },
      ...PARENT,
      [H.parentWaits]: flag('whether the parent waits for the end'),
      ...ORIGIN,
      [H.actor]: text('who forked an origin that had ended'),
      [H.reason]: text('and why'),
    },
  ],
  signal: [
    { [H.signal]: text('name of the signal') },
    { [H.actor]: text('who answers an approval'), [H.roles]: text('what the sender says to be; with commas between') },
  ],
  cancel: [{}, PERSON],
  retry: [{}, { ...STEP_OF_ACT, ...PERSON }],
  resolve: [STEP_OF_ACT, { [H.resolvedAs]: one('undone', 'done', 'failed'), ...PERSON }],
  skip: [STEP_OF_ACT, { [H.notDone]: flag('nothing of the step is to be undone'), ...PERSON }],
  edit: [STEP_OF_ACT, PERSON],
  fork: [
    { ...STEP_OF_ACT, [H.fork]: sagaId('the new saga') },
    { [H.sagaVersion]: count('version that it runs; absent: that of the origin'), ...PERSON },
  ],
  pause: [{}, { [H.timers]: one('hold', 'run'), ...PERSON }],
  resume: [{}, PERSON],
  migrate: [{ [H.sagaVersion]: count('the version of its definition that the saga is moved to') }, PERSON],
  kill: [{ [H.reason]: { type: 'string', minLength: 1, maxLength: 2_000, description: 'why' } }, PERSON],
  undo: [PARENT, {}],
}

/** Of a client command; what is optional beyond CloudEvents is defaulted where it is read. */
export function clientCommandHeaders(kind: Kind): JsonSchema {
  const { [H.id]: id, [H.type]: _, ...rest } = EVENT
  const [required, optional] = OWN[kind]
  const named = { [H.id]: id ?? text('id'), [H.type]: { const: CLIENT_COMMAND[kind] } }
  return headers(
    { ...named, [H.sagaId]: sagaId('the saga; also the key'), ...required },
    { ...rest, [H.contentType]: text('of the value'), ...optional, ...required },
  )
}

const CONTROL: Headers = {
  ...PAYLOAD,
  [H.subject]: text('the participant; also the key'),
}

/** Of limits that a person has set. */
export const LIMITS_SET_HEADERS: JsonSchema = headers({ ...CONTROL, ...PERSON })

/** Of what an orchestrator says of a participant's breaker. */
export const BREAKER_HEADERS: JsonSchema = headers(CONTROL)

/** Of what an orchestrator says of a saga that it has stopped deciding for, or is about to try again. */
export const STOPPED_SAGA_HEADERS: JsonSchema = headers({ ...PAYLOAD, [H.subject]: text('the saga; also the key') })

const LOCK: Headers = {
  [H.sagaId]: {
    type: 'string',
    pattern: '^lock:[A-Za-z0-9._:-]{1,180}$',
    description: 'the lock; also the key',
  },
  [H.parentSagaId]: sagaId('the saga that asks, or that holds it'),
}
const ASKER: Headers = {
  [H.parentStepId]: text('path of the step that asks'),
  [H.parentAttempt]: count('attempt of the step'),
}

/** Of an ask for a lock. */
export const LOCK_HEADERS: JsonSchema = headers({
  ...PAYLOAD,
  [H.type]: { const: LOCK_COMMAND.lock },
  ...LOCK,
  ...ASKER,
  [H.permits]: count('how many sagas may hold it at the same time'),
})

/** Of the end of an ask, of all that a saga has asked for, or of a person's taking it away. */
export const UNLOCK_HEADERS: JsonSchema = headers(
  { ...PAYLOAD, [H.type]: { const: LOCK_COMMAND.unlock }, ...LOCK },
  { ...ASKER, [H.actor]: text('who takes it away'), [H.reason]: text('why') },
)

/** Of the note that a dead letter was put back. */
export const REDRIVE_HEADERS: JsonSchema = headers(
  {
    'dlq-redriven': text('the letter that was put back: partition-offset'),
    'dlq-redriven-by': text('who did'),
    'dlq-redrive-reason': text('why'),
    'dlq-redriven-at': time('when'),
  },
  {
    'dlq-edited': text('what was changed of it: key, value and names of headers, with commas between'),
    'dlq-hash-before': text('hash of the record as it came'),
    'dlq-hash-after': text('hash of the record as it was put back'),
  },
)

/** What dead letters have besides the headers that their records came with. */
export const DEAD_LETTER_HEADERS: JsonSchema = headers(
  {
    'dlq-reason': text('why, from a fixed list'),
    'dlq-error-class': text('class of the error'),
    'dlq-error-message': text('its text'),
    'dlq-error-fingerprint': text('alike ones share it'),
    'dlq-original-topic': text('where it stood'),
    'dlq-original-partition': text('where it stood'),
    'dlq-original-offset': text('where it stood'),
    'dlq-original-timestamp': text('milliseconds since the epoch'),
    'dlq-consumer-group': text('who gave up on it'),
    'dlq-service': text('who gave up on it'),
    'dlq-attempts': text('how often'),
    'dlq-failed-at': time('when'),
    'dlq-redrive-count': text('how often it was sent again'),
    'kafka_dlt-original-topic': text('the topic, under a name that other tools know'),
    'x-original-topic': text('the topic, under a name that other tools know'),
  },
  { 'dlq-value-omitted': { const: 'true', description: 'the value stands where it came from' } },
)
