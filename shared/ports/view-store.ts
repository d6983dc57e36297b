/** The view store port: a Postgres, real or embedded, reached through kysely. It holds only what the log can rebuild. */
import type { Kysely } from 'kysely'
import type { TableChanges } from '../view/change-set.ts'
import type { Beside } from '../view/generation.ts'
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
  /**
   * Where a projection stands on a partition; at the start of the log when it never was there. Nothing of one whose tables
   * another version has made, or that are gone: it is not to be written.
   */
  checkpoints(projections: readonly Projection[], partitions: readonly number[]): Promise<readonly ViewCheckpoint[]>
  /**
   * Applies a chunk whole or not at all. `moved`: a checkpoint is not where the chunk starts, because another projector
   * has been there; nothing is written, and its caller reads the checkpoints again (K35).
   */
  apply(chunk: ViewChunk): Promise<'applied' | 'moved'>
  /** Empties a projection's tables and takes its checkpoints back to the start. */
  reset(projection: Projection): Promise<void>
}

/** A generation of a projection that lies beside the one that is read, or that one itself. */
export interface ViewGeneration {
  readonly projection: string
  /** Absent: the one that is read. */
  readonly beside?: Beside
  readonly version: number
  readonly checkpoints: readonly ViewCheckpoint[]
  /** Of the one that is kept: until when, milliseconds since the epoch. */
  readonly keptUntil?: number
}

/** How a table's rows are in a new generation, against those that are read. */
export interface TableComparison {
  readonly table: string
  /** Rows that are the same in both. */
  readonly same: number
  readonly differing: number
  readonly onlyBefore: number
  readonly onlyAfter: number
  /** False: so many differ that the rest was not looked at. */
  readonly isWhole: boolean
}

export interface TakePlace {
  /** The projection as it is read. */
  readonly own: Projection
  /** Which generation takes its place. */
  readonly beside: 'next' | 'kept'
  /** Until when the one whose place it takes is kept; not after `now`: it is dropped at once. */
  readonly keepUntil: number
  readonly now: number
  /** What the generation lacks to stand where the one that is read stands; nothing is written there meanwhile. */
  lacking(live: readonly ViewCheckpoint[]): Promise<ViewChunk>
}

/** Generations of views. Throws as `ViewWriter` does. */
export interface ViewBuilds {
  /** Those whose tables another version has made. */
  outdated(projections: readonly Projection[]): Promise<readonly Projection[]>
  /** Every generation that there is. */
  generations(): Promise<readonly ViewGeneration[]>
  /** Makes the tables and checkpoints of a generation; of the same version they stay as they are, where they are there already. */
  begin(build: Projection, partitions: readonly number[]): Promise<void>
  /** Compares a generation with what is read, in short statements; what differs now is looked at again by `takePlace`. */
  compare(own: Projection, build: Projection, onRows: (compared: number) => void): Promise<void>
  /**
   * Lets a generation take the place of the one that is read, in one transaction. `busy`: readers hold the tables, try
   * again; `moved`: another process has been there.
   */
  takePlace(taking: TakePlace): Promise<readonly TableComparison[] | 'busy' | 'moved'>
  /** Drops a generation that is not read; answers whether there was one. */
  drop(projection: string, beside: Beside): Promise<boolean>
  /** Drops what was kept until then. */
  prune(now: number): Promise<readonly string[]>
}
