/**
 * Ids that travel on the wire. Each is a branded string with one constructor, so that a saga id can never stand
 * where a command id is wanted. Command ids and idempotency keys are functions of the log alone (S9).
 */

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** The id that a client chose for a saga: 1 to 200 characters of `[A-Za-z0-9._:-]`. Also the key of all its records. */
export type SagaId = Branded<'SagaId'>
/** Names one attempt of one step in one direction: `order-1/charge/forward/2`. */
export type CommandId = Branded<'CommandId'>
/** The same over all attempts of a step in one direction: `order-1/charge/forward`. */
export type IdempotencyKey = Branded<'IdempotencyKey'>

/** Which way a step goes: *forward* does it, *compensate* undoes it. */
export type Direction = 'forward' | 'compensate'

const NAME = /^[A-Za-z0-9._:-]{1,200}$/

/** Says whether a text can be a name on the wire: 1 to 200 characters of `A-Z a-z 0-9 . _ : -`. */
export function isWireName(text: string): boolean {
  return NAME.test(text)
}

/** What ids of locks begin with, and those of sagas do not. */
const LOCK_PREFIX = 'lock:'

/** Says whether a text can be a saga id. */
export function isSagaId(text: string): text is SagaId {
  return NAME.test(text) && !text.startsWith(LOCK_PREFIX)
}

/** What a saga id is, in words. */
export const SAGA_ID_RULE = `a saga id has 1 to 200 characters of A-Z a-z 0-9 . _ : - and does not begin with ${LOCK_PREFIX}`

/** Makes a saga id of a text, or throws a `TypeError` that says what is allowed. */
export function sagaId(text: string): SagaId {
  if (isSagaId(text)) return text
  throw new TypeError(SAGA_ID_RULE)
}

/** Stands where a saga's id does in the records of a lock: `lock:<resource>`. */
export type LockId = Branded<'LockId'>

const RESOURCE = /^[A-Za-z0-9._:-]{1,180}$/

/** Says whether a text can name what a lock is for: 1 to 180 characters of `A-Z a-z 0-9 . _ : -`. */
export function isResource(text: string): boolean {
  return RESOURCE.test(text)
}

/** The id of the lock of a resource; throws a `TypeError` that says what is allowed. */
export function lockId(resource: string): LockId {
  if (isResource(resource)) return `${LOCK_PREFIX}${resource}` as LockId
  throw new TypeError('a resource has 1 to 180 characters of A-Z a-z 0-9 . _ : -')
}

export function isLockId(text: string): text is LockId {
  return text.startsWith(LOCK_PREFIX) && RESOURCE.test(text.slice(LOCK_PREFIX.length))
}

/** What the lock is for. */
export function resourceOf(lock: LockId): string {
  return lock.slice(LOCK_PREFIX.length)
}

/** Longest request id. Those that Kasaga makes hold a saga's id and a step's path. */
export const REQUEST_ID_CHARS_MAX = 1_000
const REQUEST_ID = new RegExp(`^[A-Za-z0-9._:/[\\]-]{1,${REQUEST_ID_CHARS_MAX}}$`)

/** Says whether a text can be a request id: the characters of a saga id, and `/ [ ]`. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text)
}

const STEP_PATH = /^[A-Za-z0-9.[\]-]{1,780}$/

/** Says whether a text can be the path of a step: `charge`, `parcels[3].label`. */
export function isStepPath(text: string): boolean {
  return STEP_PATH.test(text)
}

const PLAIN_IN_TYPE = /^[A-Za-z0-9.-]$/
const PLAIN_IN_KEY = /^[A-Za-z0-9.:-]$/

/**
 * The saga id of a business key: `<type>:<key>`. A character that is not `A-Z a-z 0-9 . : -` (in the type not `:` either)
 * becomes `_` and two lower-case hex digits for each byte of its UTF-8. So no two keys have one id, in any language.
 * @throws TypeError when one of the two is empty or no well-formed text, or the id is longer than 200 characters.
 */
export function sagaIdOfKey(type: string, key: string): SagaId {
  if (type === '' || key === '') throw new TypeError('a business key and its type are not empty')
  const id = `${escaped(type, PLAIN_IN_TYPE)}:${escaped(key, PLAIN_IN_KEY)}`
  if (isSagaId(id)) return id
  if (id.startsWith(LOCK_PREFIX)) throw new TypeError(SAGA_ID_RULE)
  throw new TypeError(`the saga id of that business key would have ${id.length} characters; it may have 200`)
}

function escaped(text: string, plain: RegExp): string {
  if (!text.isWellFormed()) throw new TypeError('a business key and its type are well-formed Unicode')
  return [...text].map((char) => (plain.test(char) ? char : hexOf(char))).join('')
}

function hexOf(char: string): string {
  return [...new TextEncoder().encode(char)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join('')
}

/** What one command is about: a step of a saga, in a direction. */
export interface StepAddress {
  readonly sagaId: SagaId
  readonly step: string
  readonly direction: Direction
}

/** The key under which a participant applies a step at most once (S8); `/` is in no saga id, so keys never collide. */
export function idempotencyKey(address: StepAddress): IdempotencyKey {
  return `${address.sagaId}/${address.step}/${address.direction}` as IdempotencyKey
}

/** The id of one attempt, attempts counted from 1. */
export function commandId(address: StepAddress, attempt: number): CommandId {
  return `${address.sagaId}/${address.step}/${address.direction}/${attempt}` as CommandId
}
