/** Records that are taken from a log to be spoilt, and acts of every kind that reach nobody. */
import { type ClientCommand, clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import { NOBODYS_REPLIES } from '../rubbish/rubbish.ts'
import { type Specimen, withHeader } from './record-cases.ts'

const LONG = 'x'.repeat(201)
const NO_SAGA_ID = ['a/b', LONG, 'lock:a', ' ', 'ß']
const NO_NUMBER = ['0', '-1', '1.5', 'one', '1e3', '01', '9999999999']
const NO_STEP = ['a/b', 'a b', 'ß', '_']
const NO_REQUEST_ID = ['a b', 'ß', 'x'.repeat(1_001)]

const again = ({ key, value, headers }: LogRecord): NewRecord => ({ key, value, headers })

/** A start of a saga that has ended: again it changes nothing. */
export function startSpecimen(topic: string, record: LogRecord): Specimen {
  return {
    topic,
    kind: 'start',
    record: again(record),
    becomes: ['ignored'],
    readsValue: true,
    needs: [H.id, H.type, H.sagaId, H.sagaType],
    forms: {
      [H.id]: NO_REQUEST_ID,
      [H.sagaId]: NO_SAGA_ID,
      [H.sagaVersion]: NO_NUMBER,
      [H.priority]: ['10', '-1', 'high', ''],
    },
  }
}

/** An answer to a saga that has ended. */
export function replySpecimen(topic: string, record: LogRecord): Specimen {
  const forms = {
    [H.sagaId]: NO_SAGA_ID,
    [H.attempt]: NO_NUMBER,
    [H.direction]: ['up', ''],
    [H.outcome]: ['splendid', ''],
  }
  return {
    topic,
    kind: 'reply',
    record: again(record),
    becomes: ['ignored'],
    readsValue: true,
    needs: [H.sagaId, H.stepId],
    forms,
  }
}

/** A command that was carried out: again it is answered from the inbox. Its answer goes to nobody. */
export function commandSpecimen(topic: string, record: LogRecord): Specimen {
  return {
    topic,
    kind: 'command',
    record: withHeader(again(record), H.replyTo, NOBODYS_REPLIES),
    becomes: ['ignored'],
    readsValue: true,
    needs: [H.id, H.type, H.sagaId, H.stepId, H.direction, H.attempt, H.idempotencyKey, H.replyTo],
    forms: {
      [H.sagaId]: NO_SAGA_ID,
      [H.attempt]: NO_NUMBER,
      [H.direction]: ['up', 'Forward'],
      [H.idempotencyKey]: ['k', `${headerOf(record, H.idempotencyKey)}/`],
      [H.replyTo]: ['nobodys.events', 'fuzz.commands', 'a b'],
      [H.deadline]: ['soon', '2026-99-99'],
    },
  }
}

const NOBODY = sagaId('nobody-1')
const PERSON = { [H.actor]: [LONG], [H.reason]: ['x'.repeat(2_001)] }
const asked = { sagaId: NOBODY, actor: 'a', reason: 'because' }

interface Act {
  readonly command: ClientCommand
  readonly needs?: readonly string[]
  readonly forms?: Specimen['forms']
  readonly readsValue?: boolean
}

const STEP = { needs: [H.stepId], forms: { ...PERSON, [H.stepId]: NO_STEP } }

function acts(requestId: string): Act[] {
  const act = { ...asked, requestId }
  return [
    {
      command: { kind: 'signal', sagaId: NOBODY, requestId, name: 'go', payload: { a: 1 } },
      needs: [H.signal],
      forms: { [H.signal]: ['', 'a b', LONG], [H.actor]: [LONG], [H.roles]: ['a b', LONG, 'r,'.repeat(21)] },
      readsValue: true,
    },
    { command: { kind: 'cancel', ...act }, forms: PERSON },
    { command: { kind: 'kill', ...act }, needs: [H.reason], forms: { ...PERSON, [H.reason]: [' ', ''] } },
    { command: { kind: 'resume', ...act }, forms: PERSON },
    { command: { kind: 'pause', ...act }, forms: { ...PERSON, [H.timers]: ['stop', ''] } },
    {
      command: { kind: 'migrate', ...act, toVersion: 2 },
      needs: [H.sagaVersion],
      forms: { ...PERSON, [H.sagaVersion]: NO_NUMBER },
    },
    { command: { kind: 'retry', ...act, step: 'charge' }, forms: { ...PERSON, [H.stepId]: NO_STEP } },
    {
      command: { kind: 'resolve', ...act, step: 'charge' },
      ...STEP,
      forms: { ...STEP.forms, [H.resolvedAs]: ['well', ''] },
    },
    {
      command: { kind: 'skip', ...act, step: 'charge', output: { a: 1 } },
      ...STEP,
      forms: { ...STEP.forms, [H.notDone]: ['yes', ''] },
      readsValue: true,
    },
    { command: { kind: 'edit', ...act, step: 'charge', payload: { a: 1 } }, ...STEP, readsValue: true },
    {
      command: { kind: 'fork', ...act, step: 'charge', fork: sagaId('fork-1'), input: { a: 1 } },
      needs: [H.stepId, H.fork],
      forms: { ...STEP.forms, [H.fork]: NO_SAGA_ID, [H.sagaVersion]: NO_NUMBER },
      readsValue: true,
    },
  ]
}

/** What persons and clients ask, of a saga that never was. */
export function actSpecimens(topic: string, at: number): Specimen[] {
  return acts('r-nobody').map(({ command, needs = [], forms = {}, readsValue = false }) => ({
    topic,
    kind: 'act',
    record: clientCommandRecord(command, { at, source: '/test/fuzz' }),
    becomes: ['unknown-saga'],
    readsValue,
    needs: [H.id, H.type, H.sagaId, ...needs],
    forms: { [H.id]: NO_REQUEST_ID, [H.sagaId]: NO_SAGA_ID, ...forms },
  }))
}
