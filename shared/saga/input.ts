/** What comes to a saga, and what `decide` answers. Time, chance and hashes arrive in here: the core has none of its own. */

import type { ResolvedAs } from '../message/client-command-record.ts'
import type { Reply } from '../message/command-record.ts'
import type { GivenStep, OriginLink, ParentLink, SagaEvent } from '../message/events.ts'
import type { Direction, SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { Priority } from '../message/priority.ts'

export type SagaInput =
  | {
      readonly kind: 'start'
      readonly sagaId: SagaId
      readonly definition: string
      /** Absent: the newest. */
      readonly version: number | undefined
      readonly input: Json
      readonly inputHash: string
      /** Absent: what the definition says. */
      readonly priority?: Priority | undefined
      /** The saga that starts it, when it is a child. */
      readonly parent?: ParentLink | undefined
      /** Of a fork: the saga that it comes from, and what it is given of it. */
      readonly origin?: OriginLink | undefined
      readonly given?: readonly GivenStep[] | undefined
    }
  | ({ readonly kind: 'reply' } & Reply)
  | { readonly kind: 'timer'; readonly sagaId: SagaId }
  /** Their participants have room for these steps. Made by the owner, like a timer: there is no record of it. */
  | { readonly kind: 'admit'; readonly sagaId: SagaId; readonly steps: readonly Admitted[] }
  | {
      readonly kind: 'signal'
      readonly sagaId: SagaId
      readonly requestId: string
      readonly name: string
      readonly payload: Json
      readonly actor: string | undefined
      /** What the sender says that it may: looked at where the signal answers an approval. */
      readonly roles: readonly string[]
    }
  | ({ readonly kind: 'cancel' } & Act)
  /** Try again: one parked step, or all. */
  | ({ readonly kind: 'retry'; readonly step?: string | undefined } & Act)
  | ({ readonly kind: 'kill' } & Act)
  /** Nothing new is begun until it is resumed. */
  | ({ readonly kind: 'pause'; readonly timers?: 'hold' | 'run' | undefined } & Act)
  | ({ readonly kind: 'resume' } & Act)
  /** The saga is moved to another version of its definition. */
  | ({ readonly kind: 'migrate'; readonly toVersion: number } & Act)
  /** What a person knows of a parked step: it was undone by hand, it was done (with which result), or it was not. */
  | ({
      readonly kind: 'resolve'
      readonly step: string
      readonly as?: ResolvedAs | undefined
      readonly output?: Json | undefined
    } & Act)
  /** A step is taken as done, with a result; `notDone`: nothing of it is to be undone. */
  | ({
      readonly kind: 'skip'
      readonly step: string
      readonly output: Json
      readonly notDone?: boolean | undefined
    } & Act)
  /** A parked step is tried again with another payload. */
  | ({ readonly kind: 'edit'; readonly step: string; readonly payload: Json } & Act)
  /** Another saga is to go on from a step of this one. */
  | ({
      readonly kind: 'fork'
      readonly step: string
      /** Id of the new saga. */
      readonly fork: SagaId
      /** Absent: the origin's own. */
      readonly input?: Json | undefined
      /** Absent: the origin's own. */
      readonly version?: number | undefined
    } & Act)
  /** A parent undoes the step that started this saga. */
  | {
      readonly kind: 'undo'
      readonly sagaId: SagaId
      readonly parent: { readonly sagaId: SagaId; readonly step: string; readonly attempt: number }
    }

/** A step, or its undo, that waits for its participant. */
export interface Admitted {
  readonly step: string
  readonly direction: Direction
}

/** What a person asked for. Repeated under the same request id it has no second effect. */
export interface Act {
  readonly sagaId: SagaId
  readonly requestId: string
  readonly actor: string
  readonly reason: string
}

export type InputKind = SagaInput['kind']
export type InputOf<Kind extends InputKind> = Extract<SagaInput, { kind: Kind }>

/** When and with what luck it is decided. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** In [0, 1): what jitter is drawn from. */
  readonly chance: number
  /** Participants that may not simply be sent to: commands to them are held until they are admitted. Absent: none. */
  readonly gated?: ReadonlySet<string>
}

/** Why an input changes nothing. Counted by name (S12). */
export type IgnoredReason =
  | 'duplicate-start'
  | 'duplicate-request'
  | 'saga-ended'
  | 'step-not-open'
  | 'step-given-up'
  | 'old-attempt'
  | 'already-compensating'
  | 'already-cancelling'
  | 'not-stuck'
  | 'already-paused'
  | 'not-paused'
  | 'same-version'
  | 'nothing-due'

/** Why an input cannot be used: its record becomes a dead letter. */
export type RefusedReason =
  | 'start-conflict'
  | 'unknown-definition'
  | 'definition-changed'
  | 'invalid-input'
  | 'invalid-reply'
  | 'unknown-saga'
  | 'unknown-step'
  | 'too-many-signals'
  | 'invalid-signal'
  | 'not-allowed'
  | 'not-parked'
  | 'not-now'
  | 'invalid-result'
  | 'invalid-payload'
  | 'invalid-given'
  | 'no-migration'
  | 'would-orphan'
  | 'voided'

export type Decision =
  | {
      readonly kind: 'events'
      readonly events: readonly SagaEvent[]
      /** Attributes whose mapping failed: the saga goes on without them. */
      readonly missed?: readonly string[]
    }
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason }
  | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly message: string }

export function events(...all: readonly SagaEvent[]): Extract<Decision, { kind: 'events' }> {
  return { kind: 'events', events: all }
}

export function ignored(reason: IgnoredReason): Decision {
  return { kind: 'ignored', reason }
}

export function refused(reason: RefusedReason, message: string): Decision {
  return { kind: 'refused', reason, message }
}
