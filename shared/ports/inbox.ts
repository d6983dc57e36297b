/**
 * The inbox port: a participant's memory of the commands that it has handled, kept in the same transaction as the
 * handler's own rows, so that each idempotency key has at most one applied effect (S8).
 */
import type { IdempotencyKey } from '../message/ids.ts'

/** What was answered to a key. `tombstone`: its compensation came first, so the command is refused when it comes. */
export type InboxOutcome = 'success' | 'rejected' | 'tombstone'

export interface InboxEntry {
  readonly key: IdempotencyKey
  readonly outcome: InboxOutcome
  /** The stored reply's value, JSON text; empty for a tombstone. */
  readonly body: string
  readonly errorCode: string | undefined
  readonly sagaId: string
  /** `ce_type` of the command. */
  readonly commandType: string
  /** Milliseconds since the epoch. */
  readonly handledAt: number
}

export interface InboxScope<Tx> {
  /** The transaction that handlers write in. */
  readonly tx: Tx
  /** The entries that exist among these keys. */
  find(keys: readonly IdempotencyKey[]): Promise<ReadonlyMap<IdempotencyKey, InboxEntry>>
  /** Keeps new entries; throws when one of the keys is there already, which ends the transaction. */
  store(entries: readonly InboxEntry[]): Promise<void>
}

export interface Inbox<Tx> {
  /** Its entries end with the process, and its transactions undo nothing that a handler did. */
  readonly isVolatile?: boolean
  /** What its participant's log should warn of at the start. */
  readonly caution?: string | undefined
  /** Runs `work` in one transaction: all of its writes are kept, or, when it throws, none. */
  transaction<T>(work: (scope: InboxScope<Tx>) => Promise<T>): Promise<T>
  /**
   * Forgets entries that were handled before a time, oldest first, at most so many; answers how many. A command that is
   * delivered again after that is carried out again.
   */
  forget(beforeMs: number, entriesMax: number): Promise<number>
}
