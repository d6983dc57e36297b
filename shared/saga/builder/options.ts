/** What can be said of a step, beside what it does. */
import type { ZodType } from 'zod'
import type { Priority } from '../../message/priority.ts'
import type { Duration } from '../duration.ts'
import type { RetryOptions } from '../retry-policy.ts'

export interface SagaOptions<Input> {
  /** Raised with every change of the plan; running sagas stay on the one that they started with. */
  readonly version: number
  readonly input: ZodType<Input>
  /** The saga turns back when it has taken this long and the pivot has not been sent. */
  readonly deadline?: Duration
  /** How it turns back: along the graph, what does not depend on each other at once; or one after the other, the last begun first. */
  readonly compensation?: 'parallel' | 'sequential'
  /**
   * What its sagas can be found by: `{ customer: { type: 'text', from: ({ input }) => input.customerId } }`; at most 16. What
   * comes of a step is said with `.attribute`.
   */
  readonly attributes?: Readonly<Record<string, AttributeOption<Input>>>
  /** Whose steps are sent first where calls are limited, 0 to 9; 5 unless told otherwise. A start may say another one. */
  readonly priority?: Priority
}

/** A text of at most 256 characters, a number, or true or false. A saga for which it is undefined or null has none. */
export type AttributeFrom<Sight> =
  | { readonly type: 'text'; readonly from: (seen: Sight) => string | null | undefined }
  | { readonly type: 'number'; readonly from: (seen: Sight) => number | null | undefined }
  | { readonly type: 'boolean'; readonly from: (seen: Sight) => boolean | null | undefined }

/** Taken from the input, when the saga starts. */
export type AttributeOption<Input> = AttributeFrom<{ readonly input: Input }>
/** Taken from a step, when that is done. */
export type StepAttribute<Step extends string, Sight> = { readonly of: Step } & AttributeFrom<Sight>

/** What is said of a way from another version, beside what is computed. */
export interface MigrationWords {
  /** New names of steps of the saga's own scope, by the old ones. A block keeps its name, and so do the steps in it. */
  readonly renames?: Readonly<Record<string, string>>
  /** Steps of the old plan that had nothing to undo, as `charge` or `parcels.label`: said where its definition is not given. */
  readonly keeps?: readonly string[]
}

/** `Sight`: what the step's mapping sees. */
export interface StepOptions<Sight = unknown> {
  readonly retry?: RetryOptions
  /** How long one attempt may take; 30 s unless told otherwise. */
  readonly timeout?: Duration
  /** How long an attempt may stay without a word of it, progress or answer. */
  readonly takeUp?: Duration
  /** How long it may go without progress, once there was some. Progress then no longer moves the attempt's end. */
  readonly progress?: Duration
  /** How long all attempts together may take. What is over then is never tried again by itself. */
  readonly total?: Duration
  /**
   * What the step is counted under, beside its participant, where calls are limited: `({ input }) => input.tenant`. A text of
   * at most 200 characters. An undo has its step's, where it says none and asks the same participant.
   */
  readonly limitBy?: (seen: Sight) => string
}

/**
 * When a sleep ends: after a duration, or when the saga says: after a duration in words, or at a time in RFC 3339 or
 * milliseconds since the epoch.
 */
export type Until<Sight> = Duration | ((seen: Sight) => number | string)

/** What a wait does at its deadline. `turn-back`: the saga is undone. `go-on`: it goes on, and the wait's output is null. */
export type AtDeadline = 'turn-back' | 'go-on'

/** How long a wait for a signal lasts at most, and what then. */
export interface WaitDeadline<Then extends AtDeadline> {
  readonly deadline: Duration
  readonly atDeadline: Then
}
interface NoDeadline {
  readonly deadline?: never
  readonly atDeadline?: never
}
/** What a deadline adds to a wait's output. */
export type NullAt<Then extends AtDeadline> = Then extends 'go-on' ? null : never

/** Who may answer, and with what. */
export interface Question<Answer extends string> {
  /** Any one of these roles may answer. */
  readonly roles: readonly string[]
  readonly answers: readonly Answer[]
  /** The signal that brings the answer; the step's name unless told otherwise. */
  readonly signal?: string
}
/** Before the pivot: some answers may turn the saga back. */
export type ApproveOptions<Answer extends string, No extends Answer, Then extends AtDeadline> = Question<Answer> & {
  readonly turnBackOn?: readonly No[]
} & (WaitDeadline<Then> | NoDeadline)
/** Past the pivot: every answer goes on. */
export type PastApproveOptions<Answer extends string, Then extends 'go-on'> = Question<Answer> &
  (WaitDeadline<Then> | NoDeadline)

/** What an approval gives. */
export interface Approval<Answer extends string> {
  readonly answer: Answer
  readonly comment?: string
  readonly by?: string
}

/** How many branches must be done before the saga goes on; the rest is then undone. */
export type Enough = 'all' | 'any' | number

/** A count, or a share of all items. */
export type Tolerance = number | `${number}%`

export interface EachOptions {
  /** Items on the way at the same time; 10 unless told otherwise. */
  readonly parallel?: number
}
export interface TolerantEachOptions<Tolerated extends Tolerance> extends EachOptions {
  /** How many items may fail: each of those is undone by itself, and gives null. */
  readonly tolerate?: Tolerated
}

export interface RepeatOptions<Round, Limit extends 'turn-back' | 'go-on'> {
  /** Asked after each round, with what the round's steps gave. */
  readonly until: (seen: Round) => boolean
  readonly roundsMax: number
  /** What happens when the condition does not hold after the last round; `turn-back` unless told otherwise, past the pivot `go-on`. */
  readonly atLimit?: Limit
}
/** What the last round of a `repeat` gave, out of what a mapping sees; `undefined` in the first round. */
export type Last<Out> = (seen: object) => Out | undefined

export interface LockOptions {
  /** How many sagas may hold it at the same time; all that ask for it say the same. 1 unless told otherwise, at most 1,000. */
  readonly permits?: number
  /** How long it is waited for; 1 minute unless told otherwise. Then the step is rejected, with code `lock-timeout`. */
  readonly timeout?: Duration
}

export interface PastChildOptions<Sight, Wait extends boolean> {
  /** The child's saga id; made of the parent's and the step's unless told otherwise. */
  readonly id?: (seen: Sight) => string
  /** Whether the step waits for the child's end; true unless told otherwise. */
  readonly wait?: Wait
  /** How long it waits; for ever unless told otherwise. */
  readonly timeout?: Duration
}
export interface ChildOptions<Sight, Wait extends boolean> extends PastChildOptions<Sight, Wait> {
  /** `compensate`: the child is undone, and waited for. `cancel`: it is told to turn back. `leave`: it goes on by itself. */
  readonly undo?: 'compensate' | 'cancel' | 'leave'
}
/** What a child step gives: what the child gave, or its id when it is not waited for. */
export type ChildOut<Out, Wait extends boolean> = Wait extends false ? { readonly sagaId: string } : Out
