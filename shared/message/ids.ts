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

const SAGA_ID = /^[A-Za-z0-9._:-]{1,200}$/

/** Says whether a text can be a saga id. */
export function isSagaId(text: string): text is SagaId {
  return SAGA_ID.test(text)
}

/** Makes a saga id of a text, or throws a `TypeError` that says what is allowed. */
export function sagaId(text: string): SagaId {
  if (!isSagaId(text)) throw new TypeError('a saga id has 1 to 200 characters of A-Z a-z 0-9 . _ : -')
  return text
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
