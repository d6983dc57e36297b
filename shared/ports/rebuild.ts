/** What is said of a view that is built anew: how far it is, and what came of it. */
import type { TableComparison } from './view-store.ts'

/** A time, milliseconds since the epoch, or a place of the log. */
export type LogPoint = { readonly time: number } | { readonly partition: number; readonly offset: bigint }

/** How long the one whose place was taken is kept when nobody says. */
export const KEEP_MS = 86_400_000

export interface RebuildProgress {
  readonly stage: 'building' | 'comparing' | 'taking-place'
  /** Records of the log, or rows that were compared. */
  readonly done: number
  /** Records that there are to be read; absent of rows. */
  readonly total?: number
}

export interface RebuildReport {
  readonly view: string
  readonly version: number
  /** Version of the one whose place was taken. */
  readonly before: number
  /** Records of the log that were read; what was there of an earlier attempt is not counted. */
  readonly records: number
  readonly elapsedMs: number
  /** Empty: nothing was compared. */
  readonly tables: readonly TableComparison[]
  /** Until when the one before is kept, milliseconds since the epoch; `null`: it is not. */
  readonly keptUntil: number | null
}
