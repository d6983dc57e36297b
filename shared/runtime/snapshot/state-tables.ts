/** What the memory of a partition consists of: all else in it follows from this. */
import type { BookEntry } from '../../flow/flow-book.ts'
import type { Forgotten, LockState } from '../../lock/lock-state.ts'
import type { LockId, SagaId } from '../../message/ids.ts'
import type { MapChanges, Table } from '../../message/tracked-map.ts'
import type { EndedSaga, SagaState } from '../../saga/state.ts'

export interface StateTables {
  readonly live: Table<SagaId, SagaState>
  /** The oldest end first. */
  readonly ended: Table<SagaId, SagaState | EndedSaga>
  /** Those of the ended that are kept whole, the oldest first. */
  readonly whole: Table<SagaId, true>
  /** Sagas and locks that cannot be folded, with the reason. */
  readonly unreadable: Table<string, string>
  /** Locks that somebody holds or waits for. */
  readonly taken: Table<LockId, LockState>
  /** The one that has been free for longest first. */
  readonly free: Table<LockId, LockState>
  /** What each saga has under way at participants. */
  readonly calls: Table<SagaId, BookEntry>
  /** Hash of the newest event of each saga and lock that is remembered whole. */
  readonly chains: Table<SagaId | LockId, string>
}

export type TableName = keyof StateTables

/** What is to be known beside the tables. */
export interface StateRest {
  readonly hasForgotten: boolean
  readonly hasShortened: boolean
  readonly forgottenLocks: Forgotten
}

const NAMES: Readonly<Record<TableName, true>> = {
  live: true,
  ended: true,
  whole: true,
  unreadable: true,
  taken: true,
  free: true,
  calls: true,
  chains: true,
}

export const TABLE_NAMES = Object.keys(NAMES) as readonly TableName[]

/** Entries of every table, by reference: as they were at one moment, whatever becomes of the tables. */
export type Captured = Readonly<Record<TableName, MapChanges<string, unknown>>>

/** All that there is, or what has changed since the last time. */
export function capture(tables: StateTables, what: 'all' | 'changes'): Captured {
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, tables[name][what]()])) as unknown as Captured
}

/** Does to the tables what was captured of others. */
export function apply(tables: StateTables, captured: Captured): void {
  // Decoded by the table's own name, each is of its table's type.
  for (const name of TABLE_NAMES) (tables[name] as Table<string, unknown>).take(captured[name])
}

/** Nobody keeps a copy any more. */
export function forget(tables: StateTables): void {
  for (const name of TABLE_NAMES) tables[name].forget()
}
