/**
 * A projection folds the events of the log into rows. It sees one event at a time, in order within a saga, and states
 * what changes; the changes of many events become one change a row, so that a chunk of the log is written by one
 * statement a table. What depends on the row that is there is left as a note (see table.ts), and told when the chunk is
 * written. It must be a function of the log alone: times come from events (S16).
 */
import type { AcceptedBatch } from '../message/batch.ts'
import type { EventEnvelope } from '../message/events.ts'
import type { LockEnvelope } from '../message/lock-events.ts'
import { ChangeSet } from './change-set.ts'
import type { ChangeOf, TableSpec } from './table.ts'

export type Tables = Readonly<Record<string, TableSpec>>

/** An event and where it stands in the log. */
export interface LogEvent extends EventEnvelope {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** The same of a lock. */
export interface LogLockEvent extends LockEnvelope {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** A record of an accepted batch that could not be read as an event. */
export interface UnreadableEvent {
  /** Absent when not even that much could be read. */
  readonly sagaId: string | undefined
  readonly why: string
  /** When its batch was appended, milliseconds since the epoch. */
  readonly at: number
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** Takes the changes that a projection states. */
export interface Changes<Own extends Tables> {
  /** Adds the row, or changes the one that is there. */
  put<Name extends keyof Own & string>(table: Name, change: ChangeOf<Own[Name]>): void
  /** Changes the row if there is one: for views of some definitions only, whose rows are put at the start of a saga. */
  amend<Name extends keyof Own & string>(table: Name, change: ChangeOf<Own[Name]>): void
}

export interface Projection<Own extends Tables = Tables> {
  /** Kebab-case, unique in an installation. */
  readonly name: string
  /** A higher one is built again from the start of the log. */
  readonly version: number
  readonly tables: Own
  /** States what an event changes. Throws only for its own mistakes: that stops this projection on that partition. */
  event(event: LogEvent, changes: Changes<Own>): void
  /** States what an event of a lock changes; absent: nothing. */
  lock?(event: LogLockEvent, changes: Changes<Own>): void
  /** States what an unreadable event changes; absent: nothing. */
  unreadable?(event: UnreadableEvent, changes: Changes<Own>): void
}

/** Keeps the types of a projection's tables while its declaration is checked. */
export function projection<Own extends Tables>(declared: Projection<Own>): Projection<Own> {
  return declared
}

/** Where a partition's batches were read from. */
export interface Source {
  readonly topic: string
  readonly partition: number
}

/** Folds accepted batches of one partition into the changes of one projection. */
export function foldBatches(
  own: Projection,
  batches: readonly AcceptedBatch[],
  options: { readonly source: Source; readonly into: ChangeSet },
): void {
  const { source, into } = options
  for (const batch of batches) {
    for (const { offset, decoded } of batch.events) {
      if (decoded.kind === 'event') own.event({ ...decoded.envelope, ...source, offset }, into)
      else if (decoded.kind === 'lock') own.lock?.({ ...decoded.envelope, ...source, offset }, into)
      else own.unreadable?.({ sagaId: decoded.sagaId, why: decoded.why, at: batch.at, ...source, offset }, into)
    }
  }
}

/** An empty set of changes for a projection. */
export function changesFor(own: Projection): ChangeSet {
  return new ChangeSet(own.tables)
}
