/** The facts of a saga: everything that `evolve` folds and that readers of the log see. Extended only by adding. */
import type { Direction, SagaId } from './ids.ts'
import type { Json } from './json.ts'
import type { Frees, LockAsk, WithdrawnAsk } from './lock-ask.ts'
import type { Priority } from './priority.ts'

/** What went wrong at a participant, in a mapping, or by the clock. */
export interface StepError {
  /**
   * `failed` and `fatal` come from the participant, `timeout` from the clock, `mapping` and `contract` from the
   * definition, `limit` from a block that may go no further, `person`: the definition asks for a person.
   */
  readonly kind: 'rejected' | 'failed' | 'fatal' | 'timeout' | 'mapping' | 'contract' | 'limit' | 'person'
  readonly code: string
  readonly message: string
  readonly details?: Json
}

/** Why a saga, or one scope of it, turned back. */
export type CompensationCause =
  | { readonly kind: 'rejected' | 'failed'; readonly step: string; readonly error: StepError }
  /** A scope only: others of its block were done first, and its result is not needed. */
  | { readonly kind: 'superseded'; readonly step: string }
  /** A child saga whose parent undoes the step that started it. */
  | { readonly kind: 'parent' }
  | { readonly kind: 'cancelled'; readonly requestId: string; readonly actor: string; readonly reason: string }
  | { readonly kind: 'deadline'; readonly deadlineAt: number }

/** A command as an event holds it: all that is needed to send it, and to send it again byte for byte (S9). */
export interface RequestedCommand {
  /** Name and version of the definition, as the command's headers say them. */
  readonly definition: string
  readonly version: number
  readonly participant: string
  /** `payment.charge.v1` */
  readonly commandType: string
  readonly payload: Json
  /** When this attempt is given up; also the command's deadline header. Milliseconds since the epoch. `null`: never. */
  readonly timeoutAt: number | null
  /** When this attempt is given up if nothing is heard of it. */
  readonly takeUpAt?: number
  /** When the step is given up, whatever its attempts; no attempt's `timeoutAt` is after it. */
  readonly giveUpAt?: number
  /** No other attempt is begun after it. */
  readonly retryUntil?: number
  /** The step is a child saga: its id. The command goes to the saga topics, not to a participant. */
  readonly child?: SagaId
  /** The definition that the child runs. */
  readonly starts?: { readonly definition: string; readonly version: number; readonly priority?: Priority }
  /** A child saga that is let go answers nothing when it ends. */
  readonly letGo?: true
  /** The path that the step was first sent under, where it has another name by now: what its participant knows it by. */
  readonly sentAs?: string
  /** What it is counted under, beside its participant, where calls are limited. */
  readonly key?: string
  /** The step is a lock: what it is for. The command goes to the saga topics, not to a participant. */
  readonly lock?: LockAsk
}

/** What a step waits for that is not sent yet: room at its participant. */
export interface HeldCommand {
  readonly participant: string
  readonly key?: string
}

/** The saga that started this one, and the step of it that waits for the answer. */
export interface ParentLink {
  readonly sagaId: SagaId
  readonly step: string
  readonly attempt: number
  /** Whether the parent waits for the end. */
  readonly waits: boolean
}

/** The saga that this one is a fork of, and from which of its steps. */
export interface OriginLink {
  readonly sagaId: SagaId
  readonly step: string
  /** The origin's event that says so; of one that had ended: the newest that it had. */
  readonly seq: number
  /** Who asked for it, and why, where the origin had ended: its own log says nothing more. */
  readonly actor?: string
  readonly reason?: string
}

/** A step of a fork's own plan that its origin has done. */
export interface GivenStep {
  readonly step: string
  /** Absent: it was skipped. */
  readonly output?: Json
}

/**
 * `parallel`: all branches at once. `choose`: one branch. `attempt`: one branch after the other until one is done, each
 * undone before the next. `each`: one plan for every item. `repeat`: one plan again and again.
 */
export type BlockKind = 'parallel' | 'choose' | 'attempt' | 'each' | 'repeat'

/** Why a cancel came too late: the pivot is done, or it was given up and may be done. */
export type CancelRefusal = 'past-pivot' | 'pivot-unknown'

/** What a saga can be found by, under the names that its definition gives. */
export type Attributes = Readonly<Record<string, AttributeValue>>
export type AttributeValue = string | number | boolean

/** With this the saga can be found by something more: it comes of a step's output. */
interface Finds {
  readonly attributes?: Attributes
}

/** What a person asked for: under which id, who, and why. */
interface ByPerson {
  readonly requestId: string
  readonly actor: string
  readonly reason: string
}

export type SagaEvent =
  | {
      readonly type: 'saga-started'
      readonly definition: string
      readonly version: number
      readonly input: Json
      /** SHA-256 of the canonical input: tells a repeated start from another one under the same id (S21). */
      readonly inputHash: string
      readonly deadlineAt: number | null
      /** SHA-256 of the plan that it runs on: an owner that has another under the same version decides nothing (S23). */
      readonly definitionHash?: string
      /** The step that is the pivot of that plan; `null`: it has none. */
      readonly pivot?: string | null
      /** What it can be found by. */
      readonly attributes?: Attributes
      /** Whose steps are sent first where calls are limited; absent: `PRIORITY`. */
      readonly priority?: Priority
      readonly parent?: ParentLink
      /** Of a fork: where it comes from, and what it is given. */
      readonly origin?: OriginLink
      readonly given?: readonly GivenStep[]
    }
  | ({ readonly type: 'step-requested'; readonly step: string; readonly attempt: number } & RequestedCommand)
  /** Its command is made and sent when its participant has room: no attempt yet. */
  | ({ readonly type: 'step-held'; readonly step: string } & HeldCommand)
  | {
      readonly type: 'step-progressed'
      readonly step: string
      readonly timeoutAt: number | null
      /** When this attempt is given up if there is no other progress. */
      readonly progressAt?: number
      readonly payload: Json
    }
  | ({
      readonly type: 'step-succeeded'
      readonly step: string
      readonly attempt: number
      readonly output: Json
    } & Finds)
  | {
      readonly type: 'step-rejected'
      readonly step: string
      readonly attempt: number
      readonly error: StepError
      /** The lock that it has waited for, and waits for no more. */
      readonly withdraws?: WithdrawnAsk
    }
  | {
      readonly type: 'step-failed'
      readonly step: string
      readonly attempt: number
      readonly error: StepError
      /** When it is tried again; `null`: given up, its outcome stays unknown. */
      readonly retryAt: number | null
    }
  /** The saga turns back, or one scope of it does while the rest goes on: `scope` is absent for the saga. */
  | { readonly type: 'compensation-started'; readonly scope?: string; readonly cause: CompensationCause }
  | ({ readonly type: 'compensation-requested'; readonly step: string; readonly attempt: number } & RequestedCommand)
  | ({ readonly type: 'compensation-held'; readonly step: string } & HeldCommand)
  | {
      readonly type: 'compensation-progressed'
      readonly step: string
      readonly timeoutAt: number | null
      readonly progressAt?: number
      readonly payload: Json
    }
  | { readonly type: 'compensation-succeeded'; readonly step: string; readonly attempt: number }
  | {
      readonly type: 'compensation-failed'
      readonly step: string
      readonly attempt: number
      readonly error: StepError
      readonly retryAt: number | null
    }
  /** Its condition did not hold: it counts as done and has no output. */
  | { readonly type: 'step-skipped'; readonly step: string }
  /** A pure computation inside the saga; nothing is sent. */
  | ({ readonly type: 'step-computed'; readonly step: string; readonly output: Json } & Finds)
  | {
      readonly type: 'wait-started'
      readonly step: string
      /** When it ends, or its deadline; `null`: it waits for the signal alone. Milliseconds since the epoch. */
      readonly until: number | null
      /** Name of the signal that ends it; `null`: it ends by the clock alone. */
      readonly signal: string | null
    }
  | ({
      readonly type: 'wait-ended'
      readonly step: string
      /** The signal that ended it; `null`: its time came. */
      readonly requestId: string | null
      /** The signal's payload; `null` when its time came. */
      readonly output: Json
    } & Finds)
  /** A block begins: a step that holds other steps. `count`: of an `each`, its items. */
  | { readonly type: 'block-started'; readonly step: string; readonly block: BlockKind; readonly count: number | null }
  /** One scope of a block begins: a branch, an item (told here, and nowhere else), or a round. */
  | { readonly type: 'scope-started'; readonly scope: string; readonly item?: Json }
  /** All steps of a scope are done. `output` is absent where it is the outputs of its steps under their names. */
  | { readonly type: 'scope-completed'; readonly scope: string; readonly output?: Json }
  /** Nothing is left to undo in a scope that had turned back. */
  | { readonly type: 'scope-compensated'; readonly scope: string }
  /** A block has come to its end; its output is read off its scopes. */
  | ({ readonly type: 'block-completed'; readonly step: string } & Finds)
  | {
      readonly type: 'signal-received'
      readonly name: string
      readonly payload: Json
      readonly requestId: string
      /** Who sent it, and what they said that they may; absent where nothing was said. */
      readonly actor?: string
      readonly roles?: readonly string[]
    }
  | { readonly type: 'cancel-requested'; readonly requestId: string; readonly actor: string; readonly reason: string }
  | { readonly type: 'cancel-refused'; readonly requestId: string; readonly actor: string; readonly why: CancelRefusal }
  /** A person says: try again. All that is parked, or one step. */
  | ({ readonly type: 'retry-requested'; readonly step?: string } & ByPerson)
  /** A person takes a forward step as done, with a result; `notDone`: nothing of it is to be undone. */
  | ({
      readonly type: 'step-resolved'
      readonly step: string
      readonly output: Json
      readonly notDone?: true
    } & ByPerson &
      Finds)
  /** A person knows that a forward step was not done. */
  | ({ readonly type: 'failure-resolved'; readonly step: string; readonly error: StepError } & ByPerson)
  /** A person gives a parked step another payload, for this and all later attempts in that direction. */
  | ({
      readonly type: 'step-edited'
      readonly step: string
      readonly direction: Direction
      readonly payload: Json
    } & ByPerson)
  /** A person holds the saga: nothing new is begun. `run`: times that come meanwhile count all the same. */
  | ({ readonly type: 'saga-paused'; readonly timers: 'hold' | 'run' } & ByPerson)
  | ({ readonly type: 'saga-resumed' } & ByPerson)
  /** A person lets another saga go on from a step of this one, with what this one has done before it. */
  | ({
      readonly type: 'saga-forked'
      /** The step from which the fork goes on. The event changes nothing of it, so it is not called its step. */
      readonly from: string
      /** Id of the new saga, and what it is started with. */
      readonly fork: SagaId
      readonly definition: string
      readonly version: number
      readonly input: Json
      readonly given: readonly GivenStep[]
      /** The origin's; absent: the usual one. */
      readonly priority?: Priority
    } & ByPerson)
  /** A person moves the saga to another version of its definition. All that this changes is said here: nothing is mapped again. */
  | ({
      readonly type: 'saga-migrated'
      readonly fromVersion: number
      readonly toVersion: number
      readonly definitionHash?: string
      /** The step that is the pivot of the new plan; `null`: it has none. */
      readonly pivot: string | null
      /** New names of steps of the saga's own scope. */
      readonly renames?: Readonly<Record<string, string>>
      /** The saga's input from now on; absent: as it was. */
      readonly input?: Json
      /** By new names. Of a step that has not begun: it counts as done, and nothing of it is to be undone. */
      readonly outputs?: Readonly<Record<string, Json>>
      /** What waits for a person no more, since the old plan's own code had failed there: the new one tries. By new names. */
      readonly unparked?: readonly (string | null)[]
    } & ByPerson)
  /** A person has undone a step by hand. */
  | {
      readonly type: 'undo-resolved'
      readonly step: string
      readonly requestId: string
      readonly actor: string
      readonly reason: string
    }
  /** A step is parked for a person; the others go on. `step` is `null` when it is the saga's output. */
  | { readonly type: 'saga-stuck'; readonly step: string | null; readonly error: StepError }
  /** A step that had been rejected succeeded after all, when nobody asked any more: it is to be undone. */
  | { readonly type: 'late-success'; readonly step: string; readonly attempt: number; readonly output: Json }
  /** The parent of this child saga undoes the step that started it. */
  | { readonly type: 'undo-requested'; readonly attempt: number }
  /** So much was decided at once that the rest is left to the next turn; `more` is false when all of it has been. */
  | { readonly type: 'turn-yielded'; readonly more: boolean }
  /** What this child saga tells its parent. */
  | {
      readonly type: 'parent-answered'
      readonly parent: SagaId
      readonly step: string
      readonly direction: Direction
      readonly attempt: number
      readonly outcome: 'success' | 'rejected' | 'fatal'
      /** The saga's output, or `{ code, message }`. */
      readonly body: Json
    }
  /** What a saga tells one that takes it for its child and is not its parent. */
  | {
      readonly type: 'parent-refused'
      readonly parent: SagaId
      readonly step: string
      readonly direction: Direction
      readonly attempt: number
      /** `rejected`: it was not started for that one. `success`: for that one there is nothing to undo. */
      readonly outcome: 'success' | 'rejected'
      readonly body: Json
    }
  /**
   * A child saga that never started and never will: its parent's undo came first, or its start could not be used. A start
   * that still comes is refused. The first event of its saga, and its end.
   */
  | { readonly type: 'saga-voided'; readonly parent: ParentLink }
  /** Ended by a person as it was, with nothing undone: an incident. */
  | ({ readonly type: 'saga-killed' } & ByPerson & Frees)
  | ({ readonly type: 'saga-completed'; readonly output: Json } & Frees)
  | ({ readonly type: 'saga-compensated' } & Frees)

export type SagaEventType = SagaEvent['type']

/** An event in its place: which saga, which of its events, when, and what caused it. */
export interface EventEnvelope {
  readonly sagaId: SagaId
  /** 1..n over the saga, without a gap (S1). */
  readonly seq: number
  /** When it was decided, milliseconds since the epoch. */
  readonly at: number
  /** Id of the record, or name of the timer, that it answers. */
  readonly causationId: string
  readonly event: SagaEvent
}
