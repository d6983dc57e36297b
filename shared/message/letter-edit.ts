/**
 * A dead letter's record as a person mended it. What is not named stays, byte for byte; the letter itself is never changed.
 *
 * By some headers a record is known for what it is, and what was done for it is not done again. Who changes one of those makes
 * another record of it, so they are told apart from all others.
 */
import { H } from './headers.ts'
import { type LogRecord, recordWith, utf8 } from './record.ts'
import { isAboutTheFailure } from './redrive.ts'

export interface LetterEdit {
  /** Another key. */
  readonly key?: string | undefined
  /** Another value: JSON text. */
  readonly value?: string | undefined
  /** Headers said anew; `null`: taken away. */
  readonly headers?: Readonly<Record<string, string | null>> | undefined
}

/** What a message, a saga, a step and its attempt are known by. */
export const IDENTITY_HEADERS: ReadonlySet<string> = new Set([
  H.id,
  H.sagaId,
  H.stepId,
  H.direction,
  H.attempt,
  H.idempotencyKey,
  H.commandId,
  H.fork,
  H.parentSagaId,
  H.parentStepId,
  H.parentAttempt,
  H.originSagaId,
  H.originStepId,
  H.originSequence,
])

export interface Edited {
  readonly kind: 'edited'
  readonly record: LogRecord
  /** `key`, `value`, and names of headers: those that are not as they were. */
  readonly changed: readonly string[]
  /** Those of them by which the record is known. */
  readonly identity: readonly string[]
}

export interface NotEditable {
  readonly kind: 'refused'
  readonly message: string
}

const encoder = new TextEncoder()

export function editedRecord(record: LogRecord, edit: LetterEdit): Edited | NotEditable {
  const named = new Map(Object.entries(edit.headers ?? {}))
  const locked = [...named.keys()].filter(isAboutTheFailure)
  if (locked.length > 0)
    return { kind: 'refused', message: `${locked.join(', ')} tells how the record failed, and is not a part of it` }
  const changed = [...named].filter(([name, value]) => !isAlready(record, name, value)).map(([name]) => name)
  const key = edit.key === undefined ? record.key : encoder.encode(edit.key)
  const value = edit.value === undefined ? record.value : encoder.encode(edit.value)
  const isNewKey = !isSame(key, record.key)
  const all = [...(isNewKey ? ['key'] : []), ...(isSame(value, record.value) ? [] : ['value']), ...changed]
  const identity = all.filter((name) => (name === 'key' && isNewKey) || IDENTITY_HEADERS.has(name))
  const headers = withHeaders(record.headers, new Map([...named].filter(([name]) => changed.includes(name))))
  return { kind: 'edited', record: recordWith(record, { key, value, headers }), changed: all, identity }
}

/** Whether the header is there once and says so, or, where it is to be taken away, is not there. */
function isAlready({ headers }: LogRecord, name: string, value: string | null): boolean {
  const own = headers.filter(([other]) => other === name)
  if (value === null) return own.length === 0
  const [only] = own
  return own.length === 1 && only !== undefined && utf8(only[1]) === value
}

/** In the place of the first of that name; a new one comes last. */
function withHeaders(headers: LogRecord['headers'], named: ReadonlyMap<string, string | null>): LogRecord['headers'] {
  const left = new Map(named)
  const kept = headers.flatMap((header): (readonly [string, Uint8Array])[] => {
    const [name] = header
    if (!named.has(name)) return [header]
    const value = left.get(name) ?? null
    left.delete(name)
    return value === null ? [] : [[name, encoder.encode(value)]]
  })
  const added = [...left].flatMap(([name, value]) => (value === null ? [] : [[name, encoder.encode(value)] as const]))
  return [...kept, ...added]
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}
