/**
 * A saga's state: the fold of its events and nothing else.
 *
 *     (none) --start--> running ---------all steps done---------> completed
 *                        |
 *        rejected, given up, cancelled, deadline, parent
 *                        v
 *                  compensating --------all undone--------------> compensated
 *
 *     running, compensating --a step is parked for a person--> stuck --retry, answer, by hand--> back again
 *     any of the three      --pause--> paused --resume--> back again
 *     any of the four       --killed--> failed
 *
 * The saga is a tree: its own scope holds steps; a step that is a block holds scopes; each of those is at a phase of its own.
 */
import type { BlockKind, CompensationCause, ParentLink, StepError } from '../message/events.ts'
import type { Direction, SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { LockAsk } from '../message/lock-ask.ts'
import type { Priority } from '../message/priority.ts'
import type { Scopes } from './scopes.ts'

/** One step that has begun. Steps that the saga has not come to have no entry. */
export type StepState = StepBase &
  (
    | ({ readonly status: 'armed' } & OpenTimes)
    | { readonly status: 'retrying'; readonly retryAt: number; readonly error: StepError }
    | { readonly status: 'succeeded' }
    | { readonly status: 'rejected'; readonly error: StepError }
    /** Its outcome is unknown: it may have been done. */
    | { readonly status: 'given-up' }
    | ({ readonly status: 'undoing' } & OpenTimes)
    | { readonly status: 'undo-retrying'; readonly retryAt: number; readonly error: StepError }
    | { readonly status: 'undone' }
    | { readonly status: 'undo-failed'; readonly error: StepError }
    /** Its condition did not hold, the saga turned back while it waited, or a person says so: there is nothing to undo. */
    | { readonly status: 'skipped' }
    /** The origin of this fork has done it: it is done here too, and this saga never undoes it. */
    | { readonly status: 'given' }
    | { readonly status: 'waiting'; readonly until: number | null; readonly signal: string | null }
    /** A block that has begun and is not at its end. */
    | { readonly status: 'open' }
    /** Its command, or its undo, is to be sent when the participant has room. */
    | ({ readonly status: 'held' | 'undo-held' } & Held)
  )

/** When an attempt is too late: at its end, where nothing was heard of it, where it makes no progress. */
interface OpenTimes {
  readonly timeoutAt: number | null
  readonly takeUpAt?: number
  readonly progressAt?: number
}

interface Held {
  readonly participant: string
  /** What it is counted under beside its participant. */
  readonly key?: string
  /** What the step was, and is again when it is waited for no more; `undefined`: it had not begun. */
  readonly before: StepState | undefined
}

/** How far the present budget of attempts reaches. */
export interface BudgetEnd {
  /** Then the step is given up. */
  readonly giveUpAt?: number
  /** After it no attempt is begun. */
  readonly retryUntil?: number
}

interface StepBase {
  /** In its scope. */
  readonly name: string
  /** The newest attempt in the present direction. */
  readonly attempt: number
  /** Attempt at which the present budget of attempts began: 1, or where a person said to try again. */
  readonly budgetFrom: number
  /** When it ends by the clock, while attempts are made. */
  readonly end?: BudgetEnd
  /** `undefined`: not known. Of a block it is read off its scopes: see `outputOf`. */
  readonly output: Json | undefined
  /** The step is a block. */
  readonly block?: BlockState
  /** The step is a child saga. */
  readonly child?: ChildState
  /** The step has asked for a lock, and what it has asked may still be held or waited for. */
  readonly lock?: LockAsk
  /** What it has sent, forward and to undo it. */
  readonly sent?: SentCommands
  /** It was never sent: a person says what it came to. */
  readonly byWord?: true
  /** The path that it was first sent under, where it has another name by now. */
  readonly sentAs?: string
}

/** A lock that the saga holds or waits for. */
export interface HeldLock {
  readonly resource: string
  /** How many of its steps have asked for it. */
  readonly asks: number
}

/** Which commands a step has sent: to another version of its definition it must be the same step. */
export interface SentCommands {
  readonly forward: SentCommand
  readonly undo?: SentCommand
}

export interface SentCommand {
  readonly participant: string
  readonly commandType: string
  /** Of a child saga: its definition. */
  readonly starts?: string
}

/** The child saga that a step has started last. */
export interface ChildState {
  readonly id: SagaId
  /** Attempt of the step that started it first. */
  readonly from: number
  /** It has answered that it will not succeed: to try again is to start another one. */
  readonly over: boolean
}

export interface BlockState {
  readonly kind: BlockKind
  /** Of an `each`: how many items it has. */
  readonly count: number | null
  /** In the order that they began. */
  readonly scopes: Scopes
  /** How many of them are at each phase. */
  readonly phases: Readonly<Record<Phase, number>>
  /** How many of the last scopes are undone, without a gap. */
  readonly undoneLast: number
  /** Index of each scope in which a step waits for something: so that no timer is looked for in the others. */
  readonly active: readonly number[]
}

/**
 * `forward`: going on. `done`: all its steps are. `backward`: what it did is being undone. `undone`: nothing is left to undo.
 */
export type Phase = 'forward' | 'done' | 'backward' | 'undone'

/** One run of a plan: the saga itself, a branch, an item, a round. */
export interface ScopeState {
  /** Which of its block: a branch's name, or a number from 0; empty for the saga itself. */
  readonly key: string
  readonly phase: Phase
  readonly item: Json | undefined
  /** What its plan says; `undefined`: the outputs of its steps. */
  readonly output: Json | undefined
  /** Why it turned back. */
  readonly cause: CompensationCause | undefined
  /** How many steps in it, however deep, wait for a person. */
  readonly held: number
  /** In the order that they began. */
  readonly steps: readonly StepState[]
}

/** A signal that has come and has ended no wait yet. */
export interface Signal {
  readonly name: string
  readonly payload: Json
  readonly requestId: string
  /** Who sent it, and what they said that they may, where that was said. */
  readonly actor: string | undefined
  readonly roles: readonly string[]
}

/** What waits for a person. `step` is `null` when it is the saga's output. */
export interface Parked {
  readonly step: string | null
  readonly error: StepError
}

/** A payload that a person gave instead of what the mapping makes. */
export interface Edited {
  readonly step: string
  readonly direction: Direction
  readonly payload: Json
}

/** `paused` while a person holds it, `stuck` while anything is parked, else what its own scope is at; `failed`: it was killed. */
export type SagaStatus = 'paused' | 'running' | 'compensating' | 'stuck' | 'completed' | 'compensated' | 'failed'

export interface SagaState {
  readonly status: SagaStatus
  readonly id: SagaId
  readonly definition: string
  readonly version: number
  /** Number of its events. */
  readonly seq: number
  readonly input: Json
  readonly inputHash: string
  readonly deadlineAt: number | null
  readonly priority: Priority
  /** Hash of the plan that it runs on; `undefined`: its log does not say. */
  readonly definitionHash?: string | undefined
  /** The pivot of that plan; `null`: it has none; `undefined`: its log does not say. */
  readonly pivot?: string | null | undefined
  readonly parent: ParentLink | undefined
  /** The saga's own scope. */
  readonly root: ScopeState
  readonly parked: readonly Parked[]
  readonly signals: readonly Signal[]
  /** The newest of each step and direction. */
  readonly edited: readonly Edited[]
  /** Request ids of the acts that were answered; the newest `ACTS_MAX`. Repeated, they have no second effect (S13). */
  readonly acts: readonly string[]
  /** A cancel that waits for the pivot's answer. */
  readonly cancelRequestId: string | undefined
  /** Newest attempt of the parent's undo of this child saga, and the newest that was answered; 0: none. */
  readonly undoAttempt: number
  readonly undoAnswered: number
  /** Open undos of steps that succeeded late, when nothing around them was being undone any more. */
  readonly lateUndos: number
  /** A person holds it, and its times with it, or lets those run. */
  readonly paused: 'hold' | 'run' | undefined
  /** Locks that it holds or waits for. */
  readonly locks: readonly HeldLock[]
  /** More is to be done of itself than one turn has room for. */
  readonly yielded: boolean
}

/** Request ids that one saga keeps; the oldest goes first. */
const ACTS_MAX = 100

/** The state with one more answered request. */
export function withAct(state: SagaState, requestId: string): SagaState {
  return { ...state, acts: [...state.acts, requestId].slice(-ACTS_MAX) }
}

/** All that is remembered of most sagas that have ended: enough to recognise their start when it comes again (S21). */
export interface EndedSaga {
  readonly status: 'ended'
  readonly id: SagaId
  readonly definition: string
  readonly inputHash: string
}

/** Whether something may still happen of itself: it has not ended, or an undo is open after its end. */
export function isLive(state: SagaState): boolean {
  if (state.status === 'failed') return false
  return state.root.phase === 'forward' || state.root.phase === 'backward' || state.lateUndos > 0 || state.yielded
}

/** The step of that name in one scope. */
export function stepIn(scope: ScopeState, name: string): StepState | undefined {
  return scope.steps.find((step) => step.name === name)
}
