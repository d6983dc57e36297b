/** The view store port: a Postgres, real or embedded, reached through kysely. It holds only what the log can rebuild. */
import type { Kysely } from 'kysely'
import type { TableChanges } from '../view/change-set.ts'
import type { Projection } from '../view/projection.ts'

export interface ViewStore<Tables> {
  readonly db: Kysely<Tables>
  close(): Promise<void>
}

/** Where a projection stands on one partition of the log: everything before it is in the rows, nothing after it. */
export interface ViewCheckpoint {
  readonly projection: string
  readonly version: number
  readonly partition: number
  /** Next offset to read of `events`. */
  readonly nextOffset: bigint
  /** Number that the next accepted batch has. */
  readonly nextNumber: number
  /** Next offsets to read of the inputs, as the last applied batch says: what an answer "at least this far" compares. */
  readonly commands: bigint
  readonly replies: bigint
  /** When the last applied batch was appended, milliseconds since the epoch; 0 before the first. */
  readonly at: number
}

/** One transaction: the checkpoints move from here to there, and the rows change with them (S17). */
export interface ViewChunk {
  readonly moves: readonly { readonly from: ViewCheckpoint; readonly to: ViewCheckpoint }[]
  readonly tables: readonly TableChanges[]
}

/** What the control topic says of participants and of stopped sagas, the newest of each. Offsets are those of the topic. */
export interface ControlFacts {
  readonly limits: readonly {
    readonly participant: string
    /** JSON text; `null`: none. */
    readonly json: string | null
    readonly actor: string
    readonly reason: string
    readonly at: number
    readonly offset: bigint
  }[]
  readonly breakers: readonly {
    readonly participant: string
    readonly process: string
    readonly isOpen: boolean
    readonly since: number
    readonly failures: number
    readonly calls: number
    readonly at: number
    readonly offset: bigint
  }[]
  readonly sagas: readonly {
    readonly saga: string
    /** Nothing is decided for it; else it is decided for again. */
    readonly isStopped: boolean
    readonly why: string
    readonly since: number
    readonly offset: bigint
  }[]
}

/** Writes what the control topic says. Throws as `ViewWriter` does. */
export interface ControlViewWriter {
  /** In place of all that is there. */
  replace(facts: ControlFacts): Promise<void>
  /** What is older than what stands there changes nothing. */
  put(facts: ControlFacts): Promise<void>
}

/**
 * Writes views.
 * Every method throws an `OperationalError`: retriable when the database is in trouble, not retriable when it refuses
 * what it was given, which the same rows would meet again.
 */
export interface ViewWriter {
  /** Makes the tables that are missing; those of another version are made anew, with the checkpoints at the start. */
  prepare(projections: readonly Projection[]): Promise<void>
  /** Notes that these views follow a topic, unless they follow one already; answers with the one that they follow. */
  follow(topic: string): Promise<string>
  /** Where a projection stands on a partition; at the start of the log when it never was there. */
  checkpoints(projections: readonly Projection[], partitions: readonly number[]): Promise<readonly ViewCheckpoint[]>
  /**
   * Applies a chunk whole or not at all. `moved`: a checkpoint is not where the chunk starts, because another projector
   * has been there; nothing is written, and its caller reads the checkpoints again (K35).
   */
  apply(chunk: ViewChunk): Promise<'applied' | 'moved'>
  /** Empties a projection's tables and takes its checkpoints back to the start. */
  reset(projection: Projection): Promise<void>
}
