/** Records that nobody should write, for each topic, with what becomes of them. */
import { CLAIM_HEADER, type Claim, claimRecord, PAYLOAD_BYTES_MAX } from '../../../shared/message/claim.ts'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { commandRecord, replyRecord, type StepCommand } from '../../../shared/message/command-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { stored } from '../fabricate-log.ts'

export interface Rubbish {
  readonly name: string
  readonly record: NewRecord
  /** Reason of its one dead letter; `ignored`: it has none, and is counted as ignored by the log. */
  readonly becomes: string
}

export const GARBAGE = new Uint8Array([0xff, 0xfe, 0x00, 0xc3, 0x28])
/** One byte of text more and it is too large. */
export const LARGE_BYTES = PAYLOAD_BYTES_MAX - 65_537
const LARGE = `"${'x'.repeat(950_000)}"`
/** Of a payload that nobody has kept. */
export const NOTHING: Claim = { id: '0'.repeat(64) as Claim['id'], bytes: 5 }
const PATH_CLAIM = `sha256:${'../'.repeat(20)}etc/;5`
const DEEP = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
/** Where the answers to rubbish go. */
export const NOBODYS_REPLIES = 'nobodys.replies'
const AT = 1_700_000_000_000
const NOBODY = sagaId('nobody-1')

/** The record with headers said anew, or left out where there is no value. */
function but(record: NewRecord, headers: Readonly<Record<string, string | Uint8Array | undefined>>): NewRecord {
  const others = record.headers.filter(([name]) => !(name in headers))
  const anew = Object.entries(headers).filter(
    (header): header is [string, string | Uint8Array] => header[1] !== undefined,
  )
  return { ...record, headers: [...others, ...anew] }
}

function startOf(id: string, input: Json): NewRecord {
  const command = {
    kind: 'start',
    sagaId: sagaId(id),
    requestId: `r-${id}`,
    definition: 'fulfil-order',
    version: 1,
  } as const
  return clientCommandRecord({ ...command, input }, { at: AT, source: '/test/rubbish' })
}

/** For the commands topic. `ended` is a saga that has ended, with its input. */
export function commandRubbish(ended: { readonly id: string; readonly input: Json }): Rubbish[] {
  const start = startOf('rubbish-1', {})
  const at = { at: AT, source: '/test/rubbish' }
  const signal = { kind: 'signal', sagaId: NOBODY, requestId: 'r-1', name: 'go', payload: null } as const
  const cancel = { kind: 'cancel', sagaId: NOBODY, requestId: 'r-2', actor: 'a', reason: '' } as const
  const again = { ...ended, input: { ...(ended.input as object), cents: 1 } as Json }
  return [
    { name: 'text that is no JSON', record: { ...start, value: '{"id": ' }, becomes: 'not-json' },
    { name: 'no value', record: { ...start, value: null }, becomes: 'not-json' },
    { name: 'an empty value', record: { ...start, value: '' }, becomes: 'not-json' },
    { name: 'bytes that are no text', record: { ...start, value: GARBAGE }, becomes: 'not-utf8' },
    { name: '5,000 levels', record: { ...start, value: DEEP }, becomes: 'too-deep' },
    { name: 'just past the limit', record: { ...start, value: `"${'x'.repeat(LARGE_BYTES)}"` }, becomes: 'too-large' },
    { name: 'a large value that does not fit', record: { ...start, value: LARGE }, becomes: 'invalid-input' },
    { name: 'a claim on nothing', record: claimRecord(start, NOTHING), becomes: 'not-json' },
    {
      name: 'a claim on too much',
      record: claimRecord(start, { ...NOTHING, bytes: 999_999_999 }),
      becomes: 'not-json',
    },
    {
      name: 'a claim on a path',
      record: { ...but(start, { [CLAIM_HEADER]: PATH_CLAIM }), value: PATH_CLAIM },
      becomes: 'not-json',
    },
    { name: 'a key of the prototype', record: { ...start, value: '{"__proto__": {}}' }, becomes: 'forbidden-key' },
    {
      name: 'an integer past 2^53',
      record: { ...start, value: '{"cents": 9007199254740993}' },
      becomes: 'unsafe-integer',
    },
    { name: 'an input of another form', record: start, becomes: 'invalid-input' },
    { name: 'an unknown definition', record: but(start, { [H.sagaType]: 'no-such' }), becomes: 'unknown-definition' },
    { name: 'an unknown version', record: but(start, { [H.sagaVersion]: '99' }), becomes: 'unknown-definition' },
    { name: 'a version that is none', record: but(start, { [H.sagaVersion]: '-1' }), becomes: 'bad-header' },
    { name: 'no definition', record: but(start, { [H.sagaType]: undefined }), becomes: 'missing-header' },
    { name: 'no header at all', record: { ...start, headers: [] }, becomes: 'missing-header' },
    { name: 'no type', record: but(start, { [H.type]: undefined }), becomes: 'missing-header' },
    { name: 'an unknown type', record: but(start, { [H.type]: 'kasaga.start.v9' }), becomes: 'unknown-type' },
    { name: 'garbage in a header', record: but(start, { [H.id]: GARBAGE }), becomes: 'missing-header' },
    { name: 'a saga id that is none', record: but(start, { [H.sagaId]: 'a/b' }), becomes: 'bad-header' },
    { name: 'another key', record: { ...start, key: 'another' }, becomes: 'key-mismatch' },
    { name: 'no key', record: { ...start, key: null }, becomes: 'key-mismatch' },
    { name: 'a signal to nobody', record: clientCommandRecord(signal, at), becomes: 'unknown-saga' },
    { name: 'a cancel of nobody', record: clientCommandRecord(cancel, at), becomes: 'unknown-saga' },
    {
      name: 'an actor too long',
      record: clientCommandRecord({ ...cancel, actor: 'a'.repeat(201) }, at),
      becomes: 'bad-header',
    },
    { name: 'the same start again', record: startOf(ended.id, ended.input), becomes: 'ignored' },
    { name: 'its id with another input', record: startOf(ended.id, again.input), becomes: 'start-conflict' },
    {
      name: 'a cancel of what has ended',
      record: clientCommandRecord({ ...cancel, sagaId: sagaId(ended.id) }, at),
      becomes: 'ignored',
    },
  ]
}

function stepCommand(more: Partial<StepCommand>): StepCommand {
  const saga = { sagaId: NOBODY, definition: 'fulfil-order', version: 1 }
  const step = { step: 'charge', direction: 'forward', attempt: 1, commandType: 'payment.charge.v1' } as const
  return { ...saga, ...step, payload: {}, at: AT, deadlineAt: AT, replyTo: NOBODYS_REPLIES, ...more }
}

function replyTo(more: Partial<StepCommand>): NewRecord {
  const place = { topic: 't', partition: 0, offset: 0n, timestamp: AT }
  const command = stored(commandRecord(stepCommand(more), '/test/rubbish'), place)
  return replyRecord(command, { outcome: 'success', body: '{}' }, { id: 'reply-1', at: AT, source: '/test/rubbish' })
}

/** For the replies topic: forged answers. */
export function replyRubbish(ended: { readonly id: string }): Rubbish[] {
  const reply = replyTo({})
  const late = (more: Partial<StepCommand>) => replyTo({ sagaId: sagaId(ended.id), ...more })
  return [
    { name: 'a reply to nobody', record: reply, becomes: 'unknown-saga' },
    { name: 'no value', record: { ...reply, value: null }, becomes: 'not-json' },
    { name: '5,000 levels', record: { ...reply, value: DEEP }, becomes: 'too-deep' },
    { name: 'no header at all', record: { ...reply, headers: [] }, becomes: 'missing-header' },
    { name: 'garbage in a header', record: but(reply, { [H.stepId]: GARBAGE }), becomes: 'missing-header' },
    { name: 'an outcome that is none', record: but(reply, { [H.outcome]: 'splendid' }), becomes: 'bad-header' },
    { name: 'attempt 0', record: but(reply, { [H.attempt]: '0' }), becomes: 'bad-header' },
    { name: 'a direction that is none', record: but(reply, { [H.direction]: 'sideways' }), becomes: 'bad-header' },
    { name: 'another key', record: { ...reply, key: 'another' }, becomes: 'key-mismatch' },
    { name: 'of what has ended', record: late({}), becomes: 'ignored' },
    { name: 'of what has ended, to another attempt', record: late({ attempt: 7 }), becomes: 'ignored' },
    { name: 'of what has ended, of another step', record: late({ step: 'no-such' }), becomes: 'ignored' },
    { name: 'of what has ended, of its undoing', record: late({ direction: 'compensate' }), becomes: 'ignored' },
  ]
}

/** For a participant's commands. Answers go to a topic that is nobody's. */
export function participantRubbish(participant: string): Rubbish[] {
  const command = commandRecord(stepCommand({ commandType: `${participant}.no-such.v1` }), '/test/rubbish')
  const known = { inventory: 'reserve', payment: 'charge', shipping: 'ship' }[participant] ?? ''
  const invalid = but(command, { [H.type]: `${participant}.${known}.v1` })
  return [
    { name: 'an unknown command', record: command, becomes: 'unknown-command' },
    { name: 'a payload of another form', record: invalid, becomes: 'invalid-payload' },
    { name: 'no value', record: { ...invalid, value: null }, becomes: 'not-json' },
    { name: 'text that is no JSON', record: { ...invalid, value: 'nonsense' }, becomes: 'not-json' },
    { name: '5,000 levels', record: { ...invalid, value: DEEP }, becomes: 'too-deep' },
    {
      name: 'just past the limit',
      record: { ...invalid, value: `"${'x'.repeat(LARGE_BYTES)}"` },
      becomes: 'too-large',
    },
    { name: 'a claim on nothing', record: claimRecord(invalid, NOTHING), becomes: 'not-json' },
    { name: 'no header at all', record: { ...command, headers: [] }, becomes: 'missing-header' },
    { name: 'garbage in a header', record: but(command, { [H.sagaId]: GARBAGE }), becomes: 'missing-header' },
    { name: 'a direction that is none', record: but(command, { [H.direction]: 'up' }), becomes: 'bad-header' },
    { name: 'another idempotency key', record: but(command, { [H.idempotencyKey]: 'k' }), becomes: 'bad-header' },
    { name: 'a reply to the log', record: but(command, { [H.replyTo]: 'nobodys.events' }), becomes: 'bad-header' },
    { name: 'a deadline that is none', record: but(command, { [H.deadline]: 'soon' }), becomes: 'bad-header' },
    { name: 'another key', record: { ...command, key: 'another' }, becomes: 'key-mismatch' },
  ]
}
