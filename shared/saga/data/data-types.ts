/**
 * What a definition looks like written down. Where the plan has a function, the data has the name of it (see
 * `mappingsOf`); what a plan leaves out, the data leaves out too.
 */
import type { AttributeType } from '../attributes.ts'
import type { ApprovalSpec, ChildPlan, EachStep, StepKind } from '../definition.ts'
import type { RetryPolicy } from '../retry-policy.ts'

/** What is sent, but for the command's type. */
export interface SendingData {
  /** Name of the mapping that makes the payload. */
  readonly payload: string
  /** `null`: for ever. */
  readonly timeoutMs: number | null
  readonly takeUpMs?: number
  readonly progressMs?: number
  readonly totalMs?: number
  /** Name of the mapping that makes what it is counted under. */
  readonly limitBy?: string
  readonly retry: RetryPolicy
}

export interface CommandData extends SendingData {
  /** `payment.charge.v1` */
  readonly command: string
}

interface AnyStepData {
  readonly name: string
  readonly kind: StepKind
  readonly after: readonly string[]
  readonly needs: number
  /** Name of its condition. */
  readonly when?: string
}

export interface CommandStepData extends AnyStepData, CommandData {
  readonly type: 'command'
  readonly undo?: CommandData
  readonly byHand?: string
  readonly irreversible?: true
}

export interface ChildStepData extends AnyStepData, SendingData {
  readonly type: 'child'
  readonly child: ChildPlan
  readonly undo?: CommandData
  /** Name of the mapping that makes the child's id. */
  readonly id?: string
  readonly waits: boolean
}

export interface LockStepData extends AnyStepData {
  readonly type: 'lock'
  /** Name of the mapping that says what it is for. */
  readonly resource: string
  readonly permits: number
  readonly timeoutMs: number
}

export interface LocalStepData extends AnyStepData {
  readonly type: 'local'
  readonly compute: string
}

/** It has either a duration, or the name of the mapping that gives the time. */
export interface SleepStepData extends AnyStepData {
  readonly type: 'sleep'
  readonly durationMs?: number
  readonly until?: string
}

export interface SignalStepData extends AnyStepData {
  readonly type: 'signal'
  readonly signal: string
  /** Name of the schema of the signal's payload. */
  readonly payload: string
  readonly deadlineMs?: number
  readonly onDeadline: 'turn-back' | 'go-on'
  readonly approval?: ApprovalSpec
}

/** In any order in which it was written; a plan has them in one in which each comes after those it depends on. */
export interface PlanData {
  readonly steps: readonly StepData[]
  /** Name of the mapping that makes the output. */
  readonly output?: string
}

export interface BranchData extends PlanData {
  readonly name: string
  readonly when?: string
}

export interface ParallelStepData extends AnyStepData {
  readonly type: 'parallel'
  readonly enough: number
  readonly branches: readonly BranchData[]
}

export interface ChooseStepData extends AnyStepData {
  readonly type: 'choose'
  readonly branches: readonly BranchData[]
}

export interface AttemptStepData extends AnyStepData {
  readonly type: 'attempt'
  readonly branches: readonly BranchData[]
}

export interface EachStepData extends AnyStepData, PlanData {
  readonly type: 'each'
  /** Name of the mapping that gives the items. */
  readonly items: string
  readonly parallelMax: number
  readonly tolerated: EachStep['tolerated']
}

export interface RepeatStepData extends AnyStepData, PlanData {
  readonly type: 'repeat'
  /** Name of the condition that ends it. */
  readonly until: string
  readonly roundsMax: number
  readonly atLimit: 'turn-back' | 'go-on'
}

export type BranchingStepData = ParallelStepData | ChooseStepData | AttemptStepData
export type BodyStepData = EachStepData | RepeatStepData
export type StepData =
  | CommandStepData
  | ChildStepData
  | LockStepData
  | LocalStepData
  | SleepStepData
  | SignalStepData
  | BranchingStepData
  | BodyStepData

export interface AttributeData {
  readonly type: AttributeType
  readonly of?: string
  readonly from: string
}

/** How sagas of another version come over: new names of steps, and those that had nothing to undo. */
export interface MigrationData {
  /** Name of its code: the function that is run, and the old definition. */
  readonly by?: string
  readonly renames?: Readonly<Record<string, string>>
  readonly keeps?: readonly string[]
}

export interface DefinitionData extends PlanData {
  readonly name: string
  readonly version: number
  /** Name of the input's schema. */
  readonly input: string
  readonly deadlineMs?: number
  /** What a saga can be found by: each with the name of its mapping, and of the step that it is taken from, if it is of one. */
  readonly attributes?: Readonly<Record<string, AttributeData>>
  readonly priority?: number
  readonly compensation: 'parallel' | 'sequential'
  /** Versions from which sagas may be moved here. It is not in the hash: the plan is the same with or without a way to it. */
  readonly migratesFrom?: Readonly<Record<string, MigrationData>>
  readonly output: string
}
