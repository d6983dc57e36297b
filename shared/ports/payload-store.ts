/**
 * The payload store port: values that are too large for the log, kept aside under the hash of their content (claim check).
 *
 * Guarantees that every adapter gives (the contract suite in test/contract checks them):
 * - A payload that was put is durable, and whole: a crash half-way leaves nothing under its id.
 * - Whoever reads after a put has settled finds it, in this process or in another one.
 * - The same content has one id and is kept once, whoever puts it, and however often; putting it again makes it young.
 * - What is read is what its id says, or is told to be damaged.
 * Every method throws a retriable `OperationalError` when the store is in trouble, and nothing else.
 */
import { createHash } from 'node:crypto'
import { isPayloadId, type PayloadId } from '../message/claim.ts'
import { assert } from '../message/errors.ts'

export type FoundPayload =
  | { readonly kind: 'found'; readonly bytes: Uint8Array }
  /** Nothing is kept under that id. */
  | { readonly kind: 'missing' }
  /** Something is kept under that id, and it is not what the id says. */
  | { readonly kind: 'damaged' }

export interface StoredPayload {
  readonly id: PayloadId
  readonly bytes: number
  /** When it was put last, milliseconds since the epoch. */
  readonly storedAt: number
}

export interface PayloadStore {
  /** Keeps the bytes; they are durable when it answers. */
  put(bytes: Uint8Array): Promise<PayloadId>
  get(id: PayloadId): Promise<FoundPayload>
  /** Settles when payloads can be read now. */
  health(): Promise<void>
  /** Everything that is kept, in some order; what is put meanwhile may be among it. */
  list(): AsyncIterable<StoredPayload>
  /** Removes a payload unless it was put at or after that time; answers whether it did. */
  remove(id: PayloadId, putBefore: number): Promise<boolean>
  close(): Promise<void>
}

/** The id of some content. */
export function payloadIdOf(bytes: Uint8Array): PayloadId {
  const id = createHash('sha256').update(bytes).digest('hex')
  assert(isPayloadId(id), 'a SHA-256 has 64 hexadecimal digits')
  return id
}

/** What was read under an id, checked against it. */
export function checkedPayload(id: PayloadId, bytes: Uint8Array | undefined): FoundPayload {
  if (bytes === undefined) return { kind: 'missing' }
  return payloadIdOf(bytes) === id ? { kind: 'found', bytes } : { kind: 'damaged' }
}
